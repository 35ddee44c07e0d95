"""The disposable process that decodes pixels: `python -m samd.dicom.decode_child`, run by decode.py.

It reads one request (JSON) from standard input, limits itself, and answers on standard output: for each
plane a line `{"plane": n}` and its pixels as little-endian float32, at the end `{"done": true}`; or a line
`{"undecodable": reason}`. Whatever else happens is for the parent to read from the exit status.
"""

import json
import logging
import os
import resource
import sys
import warnings
from pathlib import Path
from typing import IO, Any

import numpy as np
from pydicom import dcmread

from samd.dicom import pixels, realworld
from samd.dicom.decode import OUT_OF_MEMORY, Undecodable, reason_as_json


def main() -> int:
    """Answer one request; the exit status is 0 where there was an answer."""
    answer = _take_over_standard_output()
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    request = json.load(sys.stdin.buffer)
    _limit(request)
    try:
        for wanted in request["instances"]:
            _decode_instance(wanted, request, answer)
        _tell(answer, {"done": True})
    except Undecodable as error:
        _tell(answer, {"undecodable": reason_as_json(error.reason)})
    except MemoryError:
        return OUT_OF_MEMORY
    return 0


def _take_over_standard_output() -> IO[bytes]:
    # Codecs print where they like; what they print must not come between the pixels.
    answer = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    return answer


def _limit(request: dict[str, Any]) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (request["memory_bytes"],) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (request["cpu_seconds"],) * 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _decode_instance(wanted: dict[str, Any], request: dict[str, Any], answer: IO[bytes]) -> None:
    with pixels.malformed_is_undecodable():
        dataset = dcmread(Path(wanted["path"]), specific_tags=[*pixels.TAGS, *realworld.TAGS])
    layout = pixels.layout(dataset, most_bytes=request["instance_bytes"])
    if (layout.rows, layout.columns) != (request["rows"], request["columns"]):
        raise Undecodable(pixels.malformed("The header changed since the study was read."))
    for number, plane in wanted["planes"]:
        stored = pixels.stored_values(dataset, layout, number=number)
        values = realworld.real_world_values(
            stored, dataset, layout, number=number, is_projection=wanted["projection"]
        )
        _tell(answer, {"plane": plane})
        _write(answer, values.astype("<f4", copy=False).reshape(-1).view(np.uint8).data)


def _tell(answer: IO[bytes], line: dict[str, Any]) -> None:
    _write(answer, json.dumps(line).encode() + b"\n")


def _write(answer: IO[bytes], data: bytes | memoryview) -> None:
    left = memoryview(data)
    while left:
        left = left[answer.write(left) :]


if __name__ == "__main__":
    sys.exit(main())
