"""The report: a Comprehensive 3D SR, TID 1500, the root from which every other object is found.

COMPLETE, UNVERIFIED and PRELIMINARY until a physician assesses it (PS3.3 C.17.2).
"""

from collections.abc import Iterable, Mapping

from highdicom.sr import (
    Comprehensive3DSR,
    ContainerContentItem,
    ContentItem,
    ContentSequence,
    DeviceObserverIdentifyingAttributes,
    LanguageOfContentItemAndDescendants,
    MeasurementReport,
    ObservationContext,
    ObserverContext,
    RelationshipTypeValues,
)
from pydicom import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import Comprehensive3DSRStorage

from samd.dicom.encode.coding import concept
from samd.dicom.encode.context import Case, Predecessor
from samd.dicom.encode.groups import Group, finding_group, has_segment, is_explained
from samd.dicom.encode.identity import device_uid, equipment, series_and_equipment
from samd.dicom.encode.segmentation import Segmentation
from samd.dicom.encode.status import status_group, status_items
from samd.domain.card import ModelCard
from samd.domain.codes import Code

# With the meaning that PS3.16 CID 5000 gives it; highdicom has an older one.
_ENGLISH = Code("en-US", "RFC5646", "English (United States)")
_FINDINGS = Code("121070", "DCM", "Findings")
_QUALITATIVE_EVALUATIONS = Code("C0034375", "UMLS", "Qualitative Evaluations")


# PS3.16 CID 100, the context group of Procedure reported in TID 1500.
_PROCEDURES = frozenset(
    {
        *(("DCM", value) for value in ("126020", "126021", "126022")),
        *(
            ("LN", value)
            for value in ("25045-6", "25056-3", "39142-5", "39632-5", "44136-0", "44139-4", "49118-3")
        ),
        *(
            ("SCT", value)
            for value in ("258177008", "363679005", "433139009", "443271005", "443844003", "446315002")
        ),
        ("RADLEX", "RPID5427"),
    }
)
_IMAGING_PROCEDURE = Code("363679005", "SCT", "Imaging procedure")


def report(
    case: Case, *, segments: Segmentation | None, attribution: Dataset | None, capture: Dataset
) -> Dataset:
    """The report of `case`, which references its other objects and every source image."""
    dataset = Comprehensive3DSR(
        evidence=_evidence(case, segments, attribution, capture),
        content=_content(case, segments, attribution, capture),
        is_complete=True,
        is_final=False,
        is_verified=False,
        performed_procedure_codes=[concept(case.card.procedure)],
        **series_and_equipment(case, "report", description="report"),
    )
    if case.context.supersedes is not None:
        dataset.PredecessorDocumentsSequence = [_predecessor(case, case.context.supersedes)]
    return dataset


def _evidence(
    case: Case, segments: Segmentation | None, attribution: Dataset | None, capture: Dataset
) -> list[Dataset]:
    # Our own come first: highdicom takes the layout of the patient module from the first, and the
    # study may hold an object of a kind that it does not know.
    own = [capture, segments.dataset if segments is not None else None, attribution]
    return [dataset for dataset in (*own, *case.sources) if dataset is not None]


def _content(
    case: Case, segments: Segmentation | None, attribution: Dataset | None, capture: Dataset
) -> Dataset:
    findings = case.outcome.findings if case.analysed else ()
    groups = [finding_group(case, f, segments=segments, explanation=attribution) for f in findings]
    located = [group for f, group in zip(findings, groups, strict=True) if has_segment(f, segments)]
    others = [group for f, group in zip(findings, groups, strict=True) if not has_segment(f, segments)]
    status = list(status_items(case, _unreferenced(case, segments, attribution, capture)))
    first = located or others or [status_group(case)]
    content = _measurement_report(case, first)
    if not groups:
        first[0][0].ContentSequence.extend(status)
        return content
    content.ContentSequence.append(_container(_QUALITATIVE_EVALUATIONS, status))
    if located and others:
        # PS3.16 would have them beside each other, but PixelMed's validator asks every group for a
        # segment where one has one. TID 1500 may be extended.
        content.ContentSequence.append(_container(_FINDINGS, [group[0] for group in others]))
    return content


def _unreferenced(
    case: Case, segments: Segmentation | None, attribution: Dataset | None, capture: Dataset
) -> Mapping[str, Dataset]:
    """The objects, by kind, that no group of a finding refers to."""
    findings = case.outcome.findings
    objects = {"capture": capture}
    if segments is not None and not any(has_segment(finding, segments) for finding in findings):
        objects["segmentation"] = segments.dataset
    if attribution is not None and not any(is_explained(case, finding) for finding in findings):
        objects["attribution"] = attribution
    return objects


def _measurement_report(case: Case, groups: list[Group]) -> Dataset:
    content = MeasurementReport(
        observation_context=ObservationContext(observer_device_context=_observer(case.card)),
        procedure_reported=concept(_reported(case.card.procedure)),
        imaging_measurements=groups,
        title=codes.DCM.ImagingMeasurementReport,
        language_of_content_item_and_descendants=LanguageOfContentItemAndDescendants(concept(_ENGLISH)),
    )
    return content[0]


def _reported(procedure: Code) -> Code:
    """`procedure` where the template's context group has it; else a code that it has for every procedure.

    The header names `procedure` in either case.
    """
    return procedure if (procedure.scheme, procedure.value) in _PROCEDURES else _IMAGING_PROCEDURE


def _container(name: Code, items: Iterable[ContentItem]) -> ContainerContentItem:
    container = ContainerContentItem(concept(name), relationship_type=RelationshipTypeValues.CONTAINS)
    container.ContentSequence = ContentSequence(items)
    return container


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
