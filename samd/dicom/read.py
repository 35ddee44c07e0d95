"""Reads headers: received files become a Study, data sets for encoding, or a banner for the screen.

Files may be hostile. What cannot be read is named, file by file, and the rest is read all the same.
"""

import logging
import re
import warnings
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any

from pydicom import Dataset, FileDataset, dcmread
from pydicom.charset import convert_encodings, decode_bytes
from pydicom.dataelem import RawDataElement
from pydicom.dataset import FileMetaDataset
from pydicom.filereader import read_dataset, read_file_meta_info
from pydicom.pixels import get_decoder
from pydicom.tag import Tag
from pydicom.uid import AllTransferSyntaxes, DeflatedExplicitVRLittleEndian
from pydicom.valuerep import PN_DELIMS

from samd.dicom.planes import frames_of
from samd.domain.identity import is_uid
from samd.domain.study import Instance, Series, Study

# A deflated data set is inflated this far and no further: a small file can hold gigabytes.
DEFLATED_HEADER_LIMIT = 64 * 2**20

_HEADER_TAGS = [
    "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "SeriesNumber",
    "SeriesDescription", "Modality", "BodyPartExamined", "ViewPosition", "ViewCodeSequence", "ImageType",
    "StudyDate", "PatientAge", "PatientBirthDate", "Rows", "Columns", "NumberOfFrames",
    "PhotometricInterpretation", "LossyImageCompression", "ImagePositionPatient", "ImageOrientationPatient",
    "PixelSpacing", "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence",
]  # fmt: skip
_BANNER_TAGS = [
    "SpecificCharacterSet", "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate",
    "StudyDescription",
]  # fmt: skip

_LOSSY_SYNTAXES = frozenset(
    f"1.2.840.10008.1.2.4.{number}"
    # JPEG, JPEG-LS near-lossless, JPEG 2000, HTJ2K; the last two may hide lossless data, which no
    # header tells for certain, and all video.
    for number in (50, 51, 53, 55, 81, 91, 93, 203, *range(100, 109))
)

# Values of View Code Sequence (PS3.16 CID 4010, SCT and its SRT forerunner) as View Position says them.
_VIEWS = {
    "399348003": "AP", "R-10206": "AP", "272479007": "PA", "R-10214": "PA", "399067008": "LATERAL",
    "R-10236": "LATERAL", "399173006": "LL", "399198007": "RL",
}  # fmt: skip

_AGE = re.compile(r"(\d{1,3})([DWMY])")
_DAYS = {"D": 1.0, "W": 7.0, "M": 365.25 / 12, "Y": 365.25}

_PYDICOM = Lock()


class Unreadable(Exception):
    """A file that is no DICOM object this device can read; `path` says which."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path.name} cannot be read: {why}. It is left as it is and not analysed.")
        self.path = path


@dataclass(frozen=True, slots=True)
class Reading:
    """A study as its headers say, and the files that could not be read, which are not in it."""

    study: Study
    unreadable: tuple[Unreadable, ...] = ()


@dataclass(frozen=True, slots=True)
class PatientBanner:
    """Who and what is on the screen: identifying, for display only. Empty where not stated."""

    name: str
    patient_id: str
    birth_date: str  # ISO 8601 where the header holds a date
    sex: str
    study_date: str
    study_description: str


def _is_decodable(syntax: str) -> bool:
    try:
        return bool(get_decoder(syntax).is_available)
    except NotImplementedError:
        return False


# The transfer syntaxes that some decoder of this installation takes.
DECODABLE: frozenset[str] = frozenset(str(syntax) for syntax in AllTransferSyntaxes if _is_decodable(syntax))


def read_study(files: Sequence[tuple[Path, str]]) -> Reading:
    """The study that `files` (path and SHA-256) belong to, from headers only; no pixel is touched.

    A file that cannot be read, or is of another study than the first, is among the unreadable. Raises
    Unreadable where there is nothing left.
    """
    read: list[tuple[Instance, FileDataset]] = []
    unreadable: list[Unreadable] = []
    for path, sha256 in files:
        try:
            instance, header = _parse(path, _HEADER_TAGS, lambda header: _instance(header, path, sha256))
            if read and header.StudyInstanceUID != read[0][1].StudyInstanceUID:
                raise Unreadable(path, "it belongs to another study")
            read.append((instance, header))
        except Unreadable as error:
            unreadable.append(error)
    if not read:
        raise unreadable[0] if unreadable else ValueError("a study needs at least one file")
    return Reading(_study(read), tuple(unreadable))
