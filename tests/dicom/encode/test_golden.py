"""Every attribute of the objects, as DICOM JSON: what changes in them is seen, and meant.

To write the files anew: `pytest tests/dicom/encode --update-golden`, then read the difference.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset, dcmread
from pydicom.datadict import keyword_for_tag

from samd.dicom.encode import Predecessor
from samd.dicom.encode.files import files_of
from samd.domain.finding import Answer
from tests.dicom.encode.cases import CAPTURE, Arguments, ct, radiograph, unanswered

GOLDEN = Path(__file__).parents[2] / "golden"
BULK = ("PixelData", "FloatPixelData")


def _superseding() -> Arguments:
    arguments = unanswered(Answer.NOT_ANALYSABLE)
    context = replace(arguments.context, run=2, supersedes=Predecessor("1.2.3.4", "1.2.3"))
    return arguments.changed(context=context)


CASES: dict[str, Callable[[], Arguments]] = {
    "ct-measured": lambda: ct(planes=2),
    "ct-one-plane": lambda: ct(planes=1),
    "radiograph-present": lambda: radiograph(0.81),
    "radiograph-absent": lambda: radiograph(0.12),
    "radiograph-undetermined-withheld": lambda: radiograph(0.5).withheld(),
    "not-analysable-superseding": _superseding,
    "failed": lambda: unanswered(Answer.FAILED),
}


@pytest.mark.requirement("OUT-01")
@pytest.mark.parametrize("name", CASES)
def test_the_objects_are_the_golden_ones(name: str, update_golden: bool) -> None:
    objects = {
        file.kind: _readable(dcmread(BytesIO(file.content))) for file in files_of(CASES[name]().encoded())
    }
    path = GOLDEN / f"{name}.json"
    if update_golden:
        path.write_text(json.dumps(objects, indent=1, ensure_ascii=False) + "\n")

    assert objects == json.loads(path.read_text())


def _readable(dataset: Dataset) -> dict[str, Any]:
    """DICOM JSON (PS3.18 F) made short: keyword and VR for each tag, its values, a digest for pixels.

    Of a page only the size: its letters may differ by a shade between builds of the font library.
    """
    drawn = dataset.SOPClassUID == CAPTURE
    digests = {}
    for keyword in BULK:
        if keyword in dataset:
            value = dataset[keyword].value
            digests[keyword] = f"{len(value)} bytes" if drawn else f"SHA-256 {sha256(value).hexdigest()}"
            del dataset[keyword]
    return _short(dataset.file_meta.to_json_dict()) | _short(dataset.to_json_dict()) | digests


def _short(dataset: dict[str, Any]) -> dict[str, Any]:
    return {
        f"{keyword_for_tag(tag) or tag} {element['vr']}": _values(element) for tag, element in dataset.items()
    }


def _values(element: dict[str, Any]) -> Any:
    values = element.get("Value", element.get("InlineBinary"))
    if element["vr"] == "SQ":
        return [_short(item) for item in values or ()]
    return values[0] if isinstance(values, list) and len(values) == 1 else values
