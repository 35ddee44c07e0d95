"""Reads headers: received files become a Study, data sets for encoding, or a banner for the screen.

Files may be hostile. What cannot be read is named, file by file, and the rest is read all the same.
"""

import logging
import re
import warnings
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import partial
from io import BytesIO
from pathlib import Path
from threading import RLock
from typing import TypeVar

from pydicom import Dataset, FileDataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.filereader import read_dataset, read_file_meta_info
from pydicom.pixels import get_decoder
from pydicom.tag import BaseTag, Tag
from pydicom.uid import AllTransferSyntaxes, DeflatedExplicitVRLittleEndian

from samd.dicom.planes import Implausible, frames_of
from samd.dicom.text import readable, readable_name
from samd.domain.identity import is_uid
from samd.domain.study import Instance, Series, Study

Parsed = TypeVar("Parsed")

# A deflated data set is inflated this far and no further: a small file can hold gigabytes.
DEFLATED_HEADER_LIMIT = 64 * 2**20

_UIDS = ["SOPInstanceUID", "SOPClassUID", "StudyInstanceUID", "SeriesInstanceUID"]
_STUDY_TAGS = [
    *_UIDS, "SeriesNumber",
    "SeriesDescription", "Modality", "BodyPartExamined", "ViewPosition", "ViewCodeSequence", "ImageType",
    "StudyDate", "PatientAge", "PatientBirthDate", "Rows", "Columns", "NumberOfFrames",
    "PhotometricInterpretation", "LossyImageCompression", "ImagePositionPatient", "ImageOrientationPatient",
    "PixelSpacing", "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence",
]  # fmt: skip
_BANNER_TAGS = ["PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyDescription"]

# JPEG, near-lossless JPEG-LS, JPEG 2000 and HTJ2K (which may be lossless under these two, but no header
# tells for certain), and video.
_LOSSY_SYNTAXES = frozenset(
    f"1.2.840.10008.1.2.4.{number}" for number in (50, 51, 53, 55, 81, 91, 93, 203, *range(100, 109))
)

# View Code Sequence as View Position would say it (PS3.16 CID 4010; SCT and its SRT forerunners).
_VIEWS = {
    "399348003": "AP", "R-10206": "AP", "272479007": "PA", "R-10214": "PA", "R-40888": "PA",
    "399067008": "LATERAL", "R-102CD": "LATERAL", "399173006": "LL", "R-10236": "LL",
    "399198007": "RL", "R-10232": "RL",
}  # fmt: skip

# The longest life on record is 122 years; what is beyond comes from a date made up to hide the true one.
_OLDEST = 125.0  # years
_DAYS = {"D": 1.0, "W": 7.0, "M": 365.25 / 12, "Y": 365.25}

_SILENCE = RLock()


class Unreadable(Exception):
    """A file that is not a DICOM object this device can read; `path` says which."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path.name} cannot be read: {why}; the file is kept as it is and not analysed")
        self.path = path


@dataclass(frozen=True, slots=True)
class Reading:
    """A study as its headers tell it, and the files that could not be read, which are not in it."""

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


@dataclass(frozen=True, slots=True)
class _Entry:
    """One file: its instance, and what it says of its study and series."""

    instance: Instance
    study_instance_uid: str
    series_instance_uid: str
    modality: str
    body_part: str
    series_number: int
    series_description: str
    patient_age: float | None


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
    Unreadable where nothing is left, ValueError where `files` is empty.
    """
    entries: list[_Entry] = []
    unreadable: list[Unreadable] = []
    for path, sha256 in files:
        try:
            entry = _parsed(path, _STUDY_TAGS, partial(_entry, path=path, sha256=sha256))
            if entries and entry.study_instance_uid != entries[0].study_instance_uid:
                raise Unreadable(path, "it belongs to another study")
            entries.append(entry)
        except Unreadable as error:
            unreadable.append(error)
    if not entries:
        raise unreadable[0] if unreadable else ValueError("a study has at least one file")
    return Reading(_study(entries, unreadable=len(unreadable)), tuple(unreadable))


def headers(instances: Sequence[Instance]) -> list[Dataset]:
    """The data sets of `instances` without pixel data, `file_meta` kept, values as raw as they came.

    Values are converted when they are asked for: do that within pydicom_silenced(). Raises Unreadable.
    """
    return [_parsed(instance.path, None, lambda header: header) for instance in instances]


def patient_banner(path: Path) -> PatientBanner:
    """Patient and study of the file at `path`, as text for people whatever its character set.

    Raises Unreadable.
    """
    return _parsed(path, _BANNER_TAGS, _banner)


@contextmanager
def pydicom_silenced() -> Iterator[None]:
    """Keeps pydicom's warnings and log unheard: they quote values, and values identify patients.

    One thread at a time, because Python's warning filters belong to the process.
    """
    log = logging.getLogger("pydicom")
    with _SILENCE, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        was_disabled, log.disabled = log.disabled, True
        try:
            yield
        finally:
            log.disabled = was_disabled


def _parsed(path: Path, tags: list[str] | None, parse: Callable[[FileDataset], Parsed]) -> Parsed:
    """What `parse` makes of the header at `path`. Values are converted, and may fail, within it."""
    try:
        with pydicom_silenced():
            return parse(_header(path, tags))
    except FileNotFoundError:
        raise Unreadable(path, "it is not there") from None
    except Implausible as error:
        raise Unreadable(path, str(error)) from None
    except RecursionError:
        raise Unreadable(path, "its sequences are nested too deeply") from None
    except Exception as error:  # noqa: BLE001
        # Hostile bytes make pydicom raise nearly anything, and its messages quote values.
        raise Unreadable(path, f"it is not valid DICOM ({type(error).__name__})") from None


def _header(path: Path, tags: list[str] | None) -> FileDataset:
    meta = read_file_meta_info(path)
    if meta.TransferSyntaxUID == DeflatedExplicitVRLittleEndian:
        return _deflated_header(path, meta, tags)
    return dcmread(path, stop_before_pixels=True, specific_tags=tags)


def _deflated_header(path: Path, meta: FileMetaDataset, tags: list[str] | None) -> FileDataset:
    # Preamble and prefix take 132 bytes, the group length element 12 (PS3.10 7.1).
    deflated = path.read_bytes()[144 + meta.FileMetaInformationGroupLength :]
    data = zlib.decompressobj(-zlib.MAX_WBITS).decompress(deflated, DEFLATED_HEADER_LIMIT)
    wanted = None if tags is None else [Tag(keyword) for keyword in tags]
    header = read_dataset(BytesIO(data), False, True, stop_when=_is_pixel_data, specific_tags=wanted)
    return FileDataset(path, header, file_meta=meta, is_implicit_VR=False, is_little_endian=True)


def _is_pixel_data(tag: BaseTag, _vr: str | None, _length: int) -> bool:
    return tag in (0x7FE00008, 0x7FE00009, 0x7FE00010)


def _entry(header: FileDataset, *, path: Path, sha256: str) -> _Entry:
    uids = [readable(header, keyword) for keyword in _UIDS]
    for keyword, uid in zip(_UIDS, uids, strict=True):
        if not is_uid(uid):
            raise Implausible(f"it has no valid {keyword}")
    syntax = str(header.file_meta.TransferSyntaxUID)
    instance = Instance(
        sop_instance_uid=uids[0],
        sop_class_uid=uids[1],
        transfer_syntax_uid=syntax,
        path=path,
        sha256=sha256,
        rows=int(header.get("Rows") or 0),
        columns=int(header.get("Columns") or 0),
        frames=frames_of(header),
        photometric_interpretation=readable(header, "PhotometricInterpretation"),
        image_type=tuple(value.strip() for value in readable(header, "ImageType").split("\\") if value),
        view_position=readable(header, "ViewPosition").upper() or _coded_view(header),
        lossy=readable(header, "LossyImageCompression") == "01" or syntax in _LOSSY_SYNTAXES,
    )
    number = readable(header, "SeriesNumber")
    return _Entry(
        instance=instance,
        study_instance_uid=uids[2],
        series_instance_uid=uids[3],
        modality=readable(header, "Modality"),
        body_part=readable(header, "BodyPartExamined").upper(),
        series_number=int(number) if re.fullmatch(r"[+-]?\d{1,12}", number, re.ASCII) else 0,
        series_description=readable(header, "SeriesDescription"),
        patient_age=_age(header),
    )


def _study(entries: list[_Entry], *, unreadable: int) -> Study:
    # Sorted, so that where files disagree the same one speaks for all, whatever the order of arrival.
    entries = sorted(entries, key=lambda entry: entry.instance.sop_instance_uid)
    by_series: dict[str, list[_Entry]] = defaultdict(list)
    for entry in entries:
        by_series[entry.series_instance_uid].append(entry)
    return Study(
        study_instance_uid=entries[0].study_instance_uid,
        series=tuple(_series(uid, members) for uid, members in sorted(by_series.items())),
        patient_age=next((entry.patient_age for entry in entries if entry.patient_age is not None), None),
        unreadable=unreadable,
    )


def _series(uid: str, entries: list[_Entry]) -> Series:
    first = entries[0]
    return Series(
        series_instance_uid=uid,
        modality=first.modality,
        instances=tuple(entry.instance for entry in entries),
        body_part=next((entry.body_part for entry in entries if entry.body_part), ""),
        number=first.series_number,
        description=first.series_description,
    )


def _age(header: Dataset) -> float | None:
    """Age in years: as stated (PS3.5 6.2, VR AS), or else from birth to the day of the study."""
    stated = re.fullmatch(r"(\d{1,3})([DWMY])", readable(header, "PatientAge"), re.ASCII)
    birth, study = _date(header, "PatientBirthDate"), _date(header, "StudyDate")
    if stated:
        age = int(stated[1]) * _DAYS[stated[2]] / _DAYS["Y"]
    elif birth is not None and study is not None:
        age = (study - birth).days / _DAYS["Y"]
    else:
        return None
    return age if 0 <= age <= _OLDEST else None


def _date(header: Dataset, keyword: str) -> date | None:
    """A DICOM date, also in the dotted form of ACR-NEMA; None where it is neither."""
    parts = re.fullmatch(r"(\d{4})\.?(\d{2})\.?(\d{2})", readable(header, keyword), re.ASCII)
    try:
        return date(int(parts[1]), int(parts[2]), int(parts[3])) if parts else None
    except ValueError:
        return None


def _coded_view(header: Dataset) -> str:
    views = header.get("ViewCodeSequence")
    return _VIEWS.get(readable(views[0], "CodeValue"), "") if views else ""


def _banner(header: FileDataset) -> PatientBanner:
    return PatientBanner(
        name=readable_name(header, "PatientName"),
        patient_id=readable(header, "PatientID"),
        birth_date=_shown_date(header, "PatientBirthDate"),
        sex=readable(header, "PatientSex"),
        study_date=_shown_date(header, "StudyDate"),
        study_description=readable(header, "StudyDescription"),
    )


def _shown_date(header: Dataset, keyword: str) -> str:
    known = _date(header, keyword)
    return known.isoformat() if known else readable(header, keyword)
