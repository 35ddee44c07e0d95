"""Who made a result, and when: UIDs, series, equipment and times, the same in every object of a run."""

from datetime import datetime
from typing import Any

from highdicom import ContributingEquipment
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.sr.codedict import codes
from pydicom.uid import ExplicitVRLittleEndian
from pydicom.valuerep import DA, DT, TM

from samd.dicom.encode.context import Case
from samd.dicom.encode.wording import LONG_STRING, RESEARCH_USE, ascii_text, series_description
from samd.domain.card import ModelCard
from samd.domain.identity import derived_uid

IMPLEMENTATION_CLASS_UID = derived_uid("implementation", "samd")
IMPLEMENTATION_VERSION_NAME = "SAMD"

# High numbers: results come after the images of the study in a list of its series.
_SERIES_NUMBERS = {"report": 9001, "segmentation": 9002, "attribution": 9003, "capture": 9004}


def device_uid(card: ModelCard) -> str:
    """The UID of the model as a device: another one whenever the model is modified (IHE RAD AIR 6.5.3.1)."""
    return derived_uid("device", card.digest)


def series_and_equipment(case: Case, kind: str, *, description: str) -> dict[str, Any]:
    """The arguments that every constructor of highdicom takes: what is made, and by what.

    The device serial number is the digest of the manifest: a model version is its content.
    """
    return {
        "series_instance_uid": case.uid(f"{kind} series"),
        "series_number": _SERIES_NUMBERS[kind],
        "series_description": series_description(case.card, description),
        "sop_instance_uid": case.uid(kind),
        "instance_number": 1,
        **equipment(case.card),
    }


def equipment(card: ModelCard) -> dict[str, str]:
    """General Equipment attributes of the model (PS3.3 C.7.5.1), by argument names of highdicom."""
    return {
        "manufacturer": ascii_text(card.manufacturer, LONG_STRING),
        "manufacturer_model_name": ascii_text(card.title, LONG_STRING),
        "software_versions": ascii_text(f"{card.name} {card.version}", LONG_STRING),
        "device_serial_number": card.digest[:LONG_STRING],
    }


def sign(dataset: Dataset, case: Case, kind: str) -> None:
    """Put on `dataset` what highdicom would make up from the clock and from chance.

    Sets every date and time, Contributing Equipment, dimension UIDs and the file meta information.
    """
    moment = case.created
    for keyword in ("InstanceCreation", "Series", "Content"):
        setattr(dataset, f"{keyword}Date", DA(moment.date()))
        setattr(dataset, f"{keyword}Time", TM(moment.time()))
    dataset.ContributingEquipmentSequence = [_processing_equipment(case.card, moment)]
    _fix_dimension_uid(dataset, case.uid(f"{kind} dimensions"))
    dataset.preamble = b"\0" * 128
    dataset.file_meta = _file_meta(dataset)


def _processing_equipment(card: ModelCard, moment: datetime) -> ContributingEquipment:
    item = ContributingEquipment(
        purpose_of_reference=codes.DCM.ProcessingEquipment,
        contribution_datetime=DT(moment),
        contribution_description=RESEARCH_USE,
        **equipment(card),
    )
    item.DeviceUID = device_uid(card)
    return item


def _fix_dimension_uid(dataset: Dataset, uid: str) -> None:
    for keyword in ("DimensionOrganizationSequence", "DimensionIndexSequence"):
        for item in dataset.get(keyword, ()):
            item.DimensionOrganizationUID = uid


def _file_meta(dataset: Dataset) -> FileMetaDataset:
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\0\1"
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = IMPLEMENTATION_CLASS_UID
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    return meta
