"""What an encoded data set says of itself at its beginning: the identifiers that file it, and its modality.

Nothing behind Series Instance UID (0020,000E) is read, so pixels are never touched.
"""

import io
import zlib
from dataclasses import dataclass

from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.tag import BaseTag, Tag
from pydicom.uid import UID

_SOP_CLASS_UID = Tag("SOPClassUID")
_SOP_INSTANCE_UID = Tag("SOPInstanceUID")
_MODALITY = Tag("Modality")
_STUDY_INSTANCE_UID = Tag("StudyInstanceUID")
_PATIENT_ID = Tag("PatientID")
_ISSUER_OF_PATIENT_ID = Tag("IssuerOfPatientID")
_SERIES_INSTANCE_UID = Tag("SeriesInstanceUID")
_WANTED: list[BaseTag | int] = [
    _SOP_CLASS_UID,
    _SOP_INSTANCE_UID,
    _MODALITY,
    _PATIENT_ID,
    _ISSUER_OF_PATIENT_ID,
    _STUDY_INSTANCE_UID,
    _SERIES_INSTANCE_UID,
]

# Transfer syntaxes that deflate the whole data set (PS3.5 A.5, A.7, A.11).
_DEFLATED = frozenset({"1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205"})
_INFLATED_AT_MOST = 1 << 20  # bytes; a bomb costs no more than this


class UnreadableHeader(Exception):
    """The bytes are not a data set in the transfer syntax that was negotiated for them."""


@dataclass(frozen=True, slots=True)
class Header:
    """The values as they stand, without padding; an absent one is empty. None is checked here.

    `patient` is the issuer and the ID of the patient in the bytes of their own alphabet, or empty where
    there is no ID: nobody is to read it, only to tell one patient from another.
    """

    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str
    series_instance_uid: str
    modality: str
    patient: bytes = b""


def read_header(data_set: bytes, *, transfer_syntax_uid: str) -> Header:
    """Read the header of a data set encoded in `transfer_syntax_uid`; raises UnreadableHeader."""
    try:
        head = _read(data_set, UID(transfer_syntax_uid))
        return Header(
            sop_class_uid=_text(head, _SOP_CLASS_UID),
            sop_instance_uid=_text(head, _SOP_INSTANCE_UID),
            study_instance_uid=_text(head, _STUDY_INSTANCE_UID),
            series_instance_uid=_text(head, _SERIES_INSTANCE_UID),
            modality=_text(head, _MODALITY),
            patient=_patient(head),
        )
    except KeyboardInterrupt:
        raise
    # Hostile bytes raise what they like: struct.error, RecursionError, a PanicException from native code.
    except BaseException as error:  # noqa: BLE001
        # The message of the parser may hold values of the data set, so only its kind is passed on.
        raise UnreadableHeader(
            f"the data set cannot be read in its transfer syntax ({type(error).__name__})"
        ) from None


def _read(data_set: bytes, transfer_syntax: UID) -> Dataset:
    if transfer_syntax in _DEFLATED:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        data_set = inflater.decompress(data_set[:_INFLATED_AT_MOST], _INFLATED_AT_MOST)
    return read_dataset(
        io.BytesIO(data_set),
        transfer_syntax.is_implicit_VR,
        transfer_syntax.is_little_endian,
        stop_when=lambda tag, _vr, _length: tag > _SERIES_INSTANCE_UID,
        specific_tags=_WANTED,
    )


def _patient(head: Dataset) -> bytes:
    identifier, issuer = (_bytes(head, tag).strip() for tag in (_PATIENT_ID, _ISSUER_OF_PATIENT_ID))
    return issuer + b"\\" + identifier if identifier else b""


def _text(head: Dataset, tag: int) -> str:
    return _bytes(head, tag).decode("ascii", errors="replace")


def _bytes(head: Dataset, tag: int) -> bytes:
    element = head.get_item(tag)
    # The raw bytes, since converting them would print a bad value in a warning.
    value = element.value if element is not None else None
    return value.rstrip(b"\0 ") if isinstance(value, bytes) else b""
