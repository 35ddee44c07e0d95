"""Decodes pixels in a disposable child process, so that hostile or broken data can end only the child.

The child (samd.dicom.decode_child) limits its own memory, time and file size before it opens a file;
this side holds the clock, believes no size that it did not compute itself, and writes no temporary file.
"""

import json
import os
import signal
import subprocess
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from samd.domain import codes
from samd.domain.codes import Code
from samd.domain.finding import Reason, Volume
from samd.domain.study import Frame, Instance

# The child's answer to "no memory within the limit"; sysexits.h has no word for it.
OUT_OF_MEMORY = 70

_CHILD = "samd.dicom.decode_child"
_ROOT = Path(__file__).parents[2]
_LONGEST_LINE = 4096


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """What one call of load_volume may take.

    `volume_bytes` bounds the decoded volume here (4 bytes a pixel) and each instance in the child;
    `seconds` is for the whole call, and each plane adds `seconds_per_plane`.
    """

    memory_bytes: int = 2 * 2**30
    volume_bytes: int = 2 * 2**30
    seconds: float = 30.0
    seconds_per_plane: float = 1.0

    def seconds_for(self, planes: int) -> float:
        return self.seconds + planes * self.seconds_per_plane


DEFAULT_LIMITS = DecodeLimits()


class Undecodable(Exception):
    """The pixels cannot be decoded, whoever tries and however often: `reason` says why. An expected no."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.message)
        self.reason = reason


class DecoderDied(Exception):
    """The child did not live to answer: out of memory or time, killed, or crashed. `reason` says how."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.message)
        self.reason = reason


def load_volume(
    series_instances: Sequence[Instance],
    frames: Sequence[Frame],
    *,
    plane_spacing: float | None = None,
    limits: DecodeLimits = DEFAULT_LIMITS,
) -> Volume:
    """Decode `frames`, in their order, to real-world values (see samd.dicom.realworld).

    `series_instances` hold the frames, and may hold more. Frames without a position are radiographs:
    high values are made to mean bright. Raises Undecodable or DecoderDied; ValueError where a frame is
    of none of the instances.
    """
    rows, columns = _size(series_instances, frames)
    if rows * columns * len(frames) * 4 > limits.volume_bytes:
        raise Undecodable(_too_large(rows, columns, len(frames), limits.volume_bytes))
    request = {
        "rows": rows,
        "columns": columns,
        "memory_bytes": limits.memory_bytes,
        "instance_bytes": limits.volume_bytes,
        "cpu_seconds": int(limits.seconds_for(len(frames))) + 1,
        "instances": _wanted(series_instances, frames),
    }
    values = np.empty((len(frames), rows, columns), dtype="<f4")
    with _child(limits.seconds_for(len(frames))) as child:
        _ask(child, request)
        _receive(child, values)
    return Volume(values.astype(np.float32, copy=False), tuple(frames), plane_spacing)


def _size(instances: Sequence[Instance], frames: Sequence[Frame]) -> tuple[int, int]:
    sizes = {instance.sop_instance_uid: (instance.rows, instance.columns) for instance in instances}
    if not frames or not all(frame.sop_instance_uid in sizes for frame in frames):
        raise ValueError("every frame, and at least one, must be of the instances given")
    found = sorted({sizes[frame.sop_instance_uid] for frame in frames})
    if len(found) > 1 or min(found[0]) < 1:
        listed = ", ".join(f"{rows} x {columns}" for rows, columns in found[:4])
        raise Undecodable(
            Reason(
                "size",
                f"The planes are not of one size in pixels: {listed}.",
                codes.OBJECT_TYPES_NOT_SUPPORTED,
            )
        )
    return found[0]


def _wanted(instances: Sequence[Instance], frames: Sequence[Frame]) -> list[dict[str, Any]]:
    """By instance, so that the child opens each file once: which frame goes to which plane."""
    planes: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for plane, frame in enumerate(frames):
        planes[frame.sop_instance_uid].append((frame.number, plane))
    projections = {frame.sop_instance_uid for frame in frames if frame.position is None}
    return [
        {
            "path": str(instance.path.resolve()),
            "planes": planes.pop(instance.sop_instance_uid),
            "projection": instance.sop_instance_uid in projections,
        }
        for instance in instances
        if instance.sop_instance_uid in planes
    ]


@contextmanager
def _child(seconds: float) -> Iterator[subprocess.Popen[bytes]]:
    """A child that is dead when this ends, and that is killed, which DecoderDied tells, at the deadline."""
    is_late = threading.Event()
    child = subprocess.Popen(
        [sys.executable, "-m", _CHILD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # libraries quote values there
        cwd=_ROOT,
        env=_environment(),
    )

    def stop() -> None:
        is_late.set()
        child.kill()

    clock = threading.Timer(seconds, stop)
    clock.daemon = True
    clock.start()
    try:
        with child:
            try:
                yield child
            except _Silence:
                # Death is told by the exit status, which comes a moment after the pipe closes.
                child.wait()
                raise DecoderDied(
                    _death(child.returncode, is_late=is_late.is_set(), seconds=seconds)
                ) from None
            finally:
                child.kill()
    finally:
        clock.cancel()


def _environment() -> dict[str, str]:
    # None of this process's secrets; and no threads, which would take address space and gain nothing.
    kept = {
        name: os.environ[name] for name in ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH") if name in os.environ
    }
    return kept | {
        "LC_ALL": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }


class _Silence(Exception):
    """The pipe closed, or carries no sense, before the answer was complete."""


def _ask(child: subprocess.Popen[bytes], request: dict[str, Any]) -> None:
    question = _pipe(child.stdin)
    # A child that died at once is noticed when its answer is read.
    with suppress(BrokenPipeError):
        question.write(json.dumps(request).encode())
    with suppress(BrokenPipeError):
        question.close()


def _receive(child: subprocess.Popen[bytes], values: NDArray[np.float32]) -> None:
    """Fill `values` from the answer: for each plane a line of JSON, then its pixels; a last line."""
    answer = _pipe(child.stdout)
    missing = set(range(len(values)))
    while True:
        line = _line(answer)
        if "undecodable" in line:
            raise Undecodable(_reason(line["undecodable"]))
        if line.get("done") is True and not missing:
            return
        plane = line.get("plane")
        if plane not in missing:
            raise _Silence
        _fill(answer, values[plane].reshape(-1).view(np.uint8).data)
        missing.remove(plane)


def _line(answer: IO[bytes]) -> dict[str, Any]:
    try:
        line = json.loads(answer.readline(_LONGEST_LINE))
    except ValueError:
        raise _Silence from None
    if not isinstance(line, dict):
        raise _Silence
    return line


def _fill(answer: IO[bytes], buffer: memoryview) -> None:
    while buffer:
        count = answer.readinto(buffer)  # type: ignore[attr-defined]
        if not count:
            raise _Silence
        buffer = buffer[count:]


def _reason(told: dict[str, Any]) -> Reason:
    return Reason(told["requirement"], told["message"], Code(**told["code"]))


def reason_as_json(reason: Reason) -> dict[str, Any]:
    """A reason as the child sends it."""
    return asdict(reason)


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise RuntimeError("the child was started without its pipes")
    return stream


def _too_large(rows: int, columns: int, planes: int, most: int) -> Reason:
    return Reason(
        "size",
        f"{planes} planes of {rows} x {columns} pixels take more than the {most / 2**20:.0f} MiB allowed.",
        codes.RESOURCE_INADEQUATE,
    )


def _death(status: int, *, is_late: bool, seconds: float) -> Reason:
    if is_late:
        return Reason("decoding", f"Decoding was stopped after {seconds:.0f} s.", codes.RESOURCE_INADEQUATE)
    if status == OUT_OF_MEMORY:
        return Reason("decoding", "Decoding needed more memory than allowed.", codes.RESOURCE_INADEQUATE)
    if status == -signal.SIGXCPU:
        return Reason("decoding", "Decoding needed more CPU time than allowed.", codes.RESOURCE_INADEQUATE)
    how = f"signal {-status}" if status < 0 else f"exit status {status}"
    return Reason("decoding", f"The decoding process ended unexpectedly ({how}).", codes.EQUIPMENT_FAILURE)
