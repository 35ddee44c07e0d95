"""The report: a Comprehensive 3D SR, TID 1500, the root from which every other object is found.

COMPLETE, UNVERIFIED and PRELIMINARY until a physician assesses it (PS3.3 C.17.2).
"""

from collections.abc import Sequence

from highdicom.sr import (
    Comprehensive3DSR,
    DeviceObserverIdentifyingAttributes,
    LanguageOfContentItemAndDescendants,
    MeasurementReport,
    ObservationContext,
    ObserverContext,
)
from pydicom import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import Comprehensive3DSRStorage

from samd.dicom.encode.coding import concept
from samd.dicom.encode.context import Case, Predecessor
from samd.dicom.encode.groups import measurement_groups, refers_to_a_segment
from samd.dicom.encode.identity import device_uid, equipment, series_and_equipment
from samd.dicom.encode.segmentation import Segmentation
from samd.domain.card import ModelCard
from samd.domain.codes import Code

# With the meaning that PS3.16 CID 5000 gives it; highdicom has an older one.
_ENGLISH = Code("en-US", "RFC5646", "English (United States)")


def report(case: Case, segments: Segmentation | None, others: Sequence[Dataset]) -> Dataset:
    """The report that references `segments`, `others` and every source image.

    `others` are the remaining objects of the run, at least one of them, all of the study.
    """
    referenced = [segments.dataset] if segments is not None else []
    loose = [] if segments is None or refers_to_a_segment(case, segments) else referenced
    content = MeasurementReport(
        observation_context=ObservationContext(observer_device_context=_observer(case.card)),
        procedure_reported=concept(case.card.procedure),
        imaging_measurements=measurement_groups(case, segments, [*loose, *others]),
        title=codes.DCM.ImagingMeasurementReport,
        language_of_content_item_and_descendants=LanguageOfContentItemAndDescendants(concept(_ENGLISH)),
    )
    dataset = Comprehensive3DSR(
        # Our own come first: highdicom takes the patient module's layout from the first, and the
        # study may hold an object of a kind that it does not know.
        evidence=[*others, *referenced, *case.sources],
        content=content[0],
        is_complete=True,
        is_final=False,
        is_verified=False,
        **series_and_equipment(case, "report", description="report"),
    )
    if case.context.supersedes is not None:
        dataset.PredecessorDocumentsSequence = [_predecessor(case, case.context.supersedes)]
    return dataset


def _observer(card: ModelCard) -> ObserverContext:
    attributes = equipment(card)
    return ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=DeviceObserverIdentifyingAttributes(
            uid=device_uid(card),
            name=attributes["software_versions"],
            manufacturer_name=attributes["manufacturer"],
            model_name=attributes["manufacturer_model_name"],
            serial_number=attributes["device_serial_number"],
        ),
    )


def _predecessor(case: Case, predecessor: Predecessor) -> Dataset:
    """An item of Predecessor Documents Sequence (PS3.3 C.17.2): the hierarchy down to the earlier report."""
    instance = Dataset()
    instance.ReferencedSOPClassUID = Comprehensive3DSRStorage
    instance.ReferencedSOPInstanceUID = predecessor.sop_instance_uid
    series = Dataset()
    series.SeriesInstanceUID = predecessor.series_instance_uid
    series.ReferencedSOPSequence = [instance]
    study = Dataset()
    study.StudyInstanceUID = case.study_instance_uid
    study.ReferencedSeriesSequence = [series]
    return study
