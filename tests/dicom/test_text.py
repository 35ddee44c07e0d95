"""Names are readable on the screen, whatever their character set and its declaration."""

from pathlib import Path

import pytest
from pydicom import dcmread

from samd.dicom.read import patient_banner, pydicom_silenced
from samd.dicom.text import readable, readable_name
from tests.builders import ct_series

pytestmark = pytest.mark.requirement("WEB-01")


@pytest.mark.parametrize("charset", [None, "ISO_IR 6", "ISO 2022 IR 999", "nonsense"])
@pytest.mark.parametrize("encoding", ["utf-8", "euc_kr"])
def test_a_name_in_an_undeclared_character_set_is_still_shown(
    tmp_path: Path, charset: str | None, encoding: str
) -> None:
    (path,) = ct_series(tmp_path, planes=1, SpecificCharacterSet="ISO_IR 100", PatientName="x" * 64)
    name = "홍^길동".encode(encoding).ljust(64)
    declared = (charset or "").encode().ljust(16)
    content = path.read_bytes().replace(b"x" * 64, name)
    # The declaration grows from 10 to 16 bytes.
    path.write_bytes(content.replace(b"CS\x0a\0ISO_IR 100", b"CS\x10\0" + declared, 1))

    assert patient_banner(path).name == "홍 길동"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Hong^Gildong", "Hong Gildong"),
        ("Hong^Gildong=洪^吉洞=홍^길동", "Hong Gildong (洪 吉洞, 홍 길동)"),
        ("==홍^길동", "홍 길동"),
        ("Adams^John^Robert^^Dr.", "Adams John Robert Dr."),
        ("^^^^", ""),
        ("", ""),
    ],
)
def test_a_name_is_shown_in_all_its_scripts(tmp_path: Path, name: str, shown: str) -> None:
    (path,) = ct_series(tmp_path, planes=1, SpecificCharacterSet="ISO_IR 192", PatientName=name)

    assert readable_name(dcmread(path), "PatientName") == shown


def test_control_characters_are_not_shown(tmp_path: Path) -> None:
    (path,) = ct_series(tmp_path, planes=1, PatientID="A12345678")
    path.write_bytes(path.read_bytes().replace(b"A12345678", b"A1\x1b[2J\x078"))

    with pydicom_silenced():
        shown = readable(dcmread(path), "PatientID")

    assert shown == "A1[2J8"
