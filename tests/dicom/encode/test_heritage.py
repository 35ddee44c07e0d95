"""Patient and study come over byte for byte, whatever the character set says or fails to say."""

from io import BytesIO

import pytest
from pydicom import Dataset, dcmread
from pydicom.data import get_charset_files, get_testdata_file
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag

from samd.dicom.encode import to_bytes
from samd.dicom.encode.heritage import INHERITED, inherit
from samd.domain.finding import Answer
from tests.builders import ct_image
from tests.dicom.encode.cases import ct, file_of, headers, unanswered

pytestmark = pytest.mark.requirement("OUT-03")

# PS3.5 I.2, and what is met besides: UTF-8, no escape at the start, another character set than declared,
# and one that nobody knows.
ANNEX_I = b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf"
NAMES = {
    "PS3.5 Annex I": (b"\\ISO 2022 IR 149", ANNEX_I),
    "UTF-8": (b"ISO_IR 192", "Hong^Gildong=洪^吉洞=홍^길동".encode()),
    "Korean without escapes": (b"\\ISO 2022 IR 149", "Hong^Gildong==홍^길동".encode("euc_kr")),
    "Korean as the only one": (b"ISO 2022 IR 149", "홍^길동".encode("euc_kr")),
    "Korean undeclared": (None, "홍^길동".encode("cp949")),
    "Korean called Latin": (b"ISO_IR 100", "홍^길동".encode("cp949")),
    "a set that nobody knows": (b"ISO_IR 999", "홍^길동".encode("cp949")),
}


def _raw(keyword: str, vr: str, value: bytes) -> RawDataElement:
    padded = value + b" " * (len(value) % 2)
    return RawDataElement(Tag(keyword), vr, len(padded), padded, 0, False, True)


def _file(character_set: bytes | None, name: bytes) -> bytes:
    """A CT image whose character set and texts are just these bytes."""
    dataset = ct_image(SpecificCharacterSet=None)
    dataset["PatientName"] = _raw("PatientName", "PN", name)
    dataset["StudyDescription"] = _raw("StudyDescription", "LO", name.replace(b"^", b" ").split(b"=")[-1])
    if character_set is not None:
        dataset["SpecificCharacterSet"] = _raw("SpecificCharacterSet", "CS", character_set)
    dataset.set_original_encoding(False, True, dataset._character_set)
    return file_of(dataset)


def _values(file: bytes) -> dict[int, bytes]:
    """The values of the inherited attributes in `file`, as they stand there."""
    dataset = dcmread(BytesIO(file), stop_before_pixels=True)
    raw = {tag: dataset.get_item(tag) for tag in INHERITED & dataset.keys()}
    return {tag: e.value for tag, e in raw.items() if isinstance(e, RawDataElement) and e.value}


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.filterwarnings("ignore")  # pydicom says what it thinks of such character sets
def test_names_in_any_character_set_are_the_same_bytes_in_every_object(kind: str) -> None:
    character_set, name = NAMES[kind]
    file = _file(character_set, name)
    declared = dcmread(BytesIO(file)).get("SpecificCharacterSet")

    results = [to_bytes(o) for o in ct(files=[file]).encoded().objects]

    assert len(results) == 4
    for result in results:
        assert name in result
        assert _values(result) == _values(file)
        assert dcmread(BytesIO(result)).get("SpecificCharacterSet") == declared


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", NAMES)
def test_our_own_text_is_ascii_without_escapes(kind: str) -> None:
    character_set, name = NAMES[kind]

    report, *_ = ct(files=[_file(character_set, name)]).encoded().objects
    own = to_bytes(report).replace(name, b"").replace(name.replace(b"^", b" ").split(b"=")[-1], b"")

    # In the report everything else is text and lengths, and the only escape could be in text.
    assert b"\x1b" not in own


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "path",
    [
        get_testdata_file("CT_small.dcm"),
        get_testdata_file("MR_small_implicit.dcm"),
        *sorted(get_charset_files("chr[A-RT-Z]*.dcm")),
    ],
    ids=lambda path: str(path).rsplit("/", 1)[-1],
)
def test_real_headers_come_over_whole(path: str) -> None:
    with open(path, "rb") as file:  # noqa: PTH123
        source = file.read()

    for dataset in unanswered(Answer.FAILED, files=[source]).encoded().objects:
        assert _values(to_bytes(dataset)) == _values(source)


def test_numbers_from_a_big_endian_study_keep_their_value() -> None:
    with open(get_testdata_file("MR_small_bigendian.dcm"), "rb") as file:  # noqa: PTH123
        (source,) = headers([file.read()])
    source.PregnancyStatus = 4
    result = Dataset()

    inherit(result, source)

    result.ensure_file_meta()
    result.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.1"
    buffer = BytesIO()
    result.save_as(buffer)
    assert dcmread(BytesIO(buffer.getvalue()), force=True).PregnancyStatus == 4


def test_sequences_come_over_with_their_texts_as_received() -> None:
    referrer = Dataset()
    referrer["PersonName"] = _raw("PersonName", "PN", ANNEX_I)
    referrer.set_original_encoding(False, True, "iso8859")
    dataset = ct_image(ReferringPhysicianIdentificationSequence=[referrer])

    for result in unanswered(Answer.FAILED, files=[file_of(dataset)]).encoded().objects:
        assert ANNEX_I in to_bytes(result)


def test_attributes_that_no_dictionary_knows_come_over_inside_a_sequence() -> None:
    item = Dataset()
    item[0x00400FFE] = RawDataElement(Tag(0x00400FFE), "UN", 4, b"\1\2\3\4", 0, False, True)
    dataset = ct_image(ReferringPhysicianIdentificationSequence=[item])

    for result in unanswered(Answer.FAILED, files=[file_of(dataset)]).encoded().objects:
        assert b"\1\2\3\4" in to_bytes(result)


def test_what_the_study_does_not_say_the_results_do_not_say() -> None:
    file = file_of(ct_image(SpecificCharacterSet=None, StudyDescription=None, PatientSex=None, StudyID=""))

    for dataset in ct(files=[file]).encoded().objects:
        assert "SpecificCharacterSet" not in dataset
        assert "StudyDescription" not in dataset
        assert not dataset.PatientSex  # Type 2: there, and empty
        assert not dataset.StudyID


def test_a_claim_of_deidentification_without_a_method_goes_no_further() -> None:
    file = file_of(ct_image(PatientIdentityRemoved="YES"))
    complete = file_of(ct_image(PatientIdentityRemoved="YES", DeidentificationMethod="by hand"))

    without, with_method = (ct(files=[f]).encoded().objects[0] for f in (file, complete))

    assert "PatientIdentityRemoved" not in without
    assert with_method.PatientIdentityRemoved == "YES"


def test_private_and_image_attributes_are_not_inherited() -> None:
    dataset = ct_image(InstitutionName="Somewhere", OperatorsName="Someone")
    dataset.private_block(0x11, "Scanner", create=True).add_new(1, "LO", "secret")

    for result in ct(files=[file_of(dataset)]).encoded().objects:
        assert "InstitutionName" not in result
        assert "OperatorsName" not in result
        assert b"secret" not in to_bytes(result)
