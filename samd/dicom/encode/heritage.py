"""What a result inherits from the study: patient and study attributes, byte for byte as received.

Text is never decoded and encoded again: names in ISO 2022 IR 149, names whose escape sequences were
left out, and names in another character set than the declared one all arrive as they came.
"""

from pydicom import Dataset
from pydicom.charset import convert_encodings, default_encoding
from pydicom.datadict import dictionary_has_tag, dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.filewriter import correct_ambiguous_vr
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag, Tag

# Patient and Clinical Trial Subject, PS3.3 C.7.1.1 and C.7.1.3; General Study, Patient Study and Clinical
# Trial Study, C.7.2.1 to C.7.2.3; and what all of their values depend on, C.12.1.
_KEYWORDS = [
    "SpecificCharacterSet",
    "TimezoneOffsetFromUTC",
    "ReferencedPatientSequence",
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "TypeOfPatientID",
    "IssuerOfPatientIDQualifiersSequence",
    "SourcePatientGroupIdentificationSequence",
    "GroupOfPatientsIdentificationSequence",
    "PatientBirthDate",
    "PatientBirthTime",
    "PatientBirthDateInAlternativeCalendar",
    "PatientDeathDateInAlternativeCalendar",
    "PatientAlternativeCalendar",
    "PatientSex",
    "QualityControlSubject",
    "StrainDescription",
    "StrainNomenclature",
    "StrainStockSequence",
    "StrainAdditionalInformation",
    "StrainCodeSequence",
    "GeneticModificationsSequence",
    "OtherPatientNames",
    "OtherPatientIDsSequence",
    "EthnicGroup",
    "EthnicGroupCodeSequence",
    "PatientSpeciesDescription",
    "PatientSpeciesCodeSequence",
    "PatientBreedDescription",
    "PatientBreedCodeSequence",
    "BreedRegistrationSequence",
    "ResponsiblePerson",
    "ResponsiblePersonRole",
    "ResponsibleOrganization",
    "PatientComments",
    "PatientIdentityRemoved",
    "DeidentificationMethod",
    "DeidentificationMethodCodeSequence",
    "ClinicalTrialSponsorName",
    "ClinicalTrialProtocolID",
    "ClinicalTrialProtocolName",
    "IssuerOfClinicalTrialProtocolID",
    "OtherClinicalTrialProtocolIDsSequence",
    "ClinicalTrialSiteID",
    "ClinicalTrialSiteName",
    "IssuerOfClinicalTrialSiteID",
    "ClinicalTrialSubjectID",
    "IssuerOfClinicalTrialSubjectID",
    "ClinicalTrialSubjectReadingID",
    "IssuerOfClinicalTrialSubjectReadingID",
    "ClinicalTrialProtocolEthicsCommitteeName",
    "ClinicalTrialProtocolEthicsCommitteeApprovalNumber",
    "StudyInstanceUID",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "StudyDescription",
    "AccessionNumber",
    "IssuerOfAccessionNumberSequence",
    "ReferringPhysicianName",
    "ReferringPhysicianIdentificationSequence",
    "ConsultingPhysicianName",
    "ConsultingPhysicianIdentificationSequence",
    "ProcedureCodeSequence",
    "PhysiciansOfRecord",
    "PhysiciansOfRecordIdentificationSequence",
    "NameOfPhysiciansReadingStudy",
    "PhysiciansReadingStudyIdentificationSequence",
    "ReferencedStudySequence",
    "RequestingService",
    "RequestingServiceCodeSequence",
    "ReasonForPerformedProcedureCodeSequence",
    "AdmittingDiagnosesDescription",
    "AdmittingDiagnosesCodeSequence",
    "PatientAge",
    "PatientSize",
    "PatientSizeCodeSequence",
    "PatientBodyMassIndex",
    "MeasuredAPDimension",
    "MeasuredLateralDimension",
    "PatientWeight",
    "MedicalAlerts",
    "Allergies",
    "Occupation",
    "SmokingStatus",
    "AdditionalPatientHistory",
    "PregnancyStatus",
    "LastMenstrualDate",
    "PatientSexNeutered",
    "ReasonForVisit",
    "ReasonForVisitCodeSequence",
    "AdmissionID",
    "IssuerOfAdmissionIDSequence",
    "ServiceEpisodeID",
    "ServiceEpisodeDescription",
    "IssuerOfServiceEpisodeIDSequence",
    "PatientState",
    "ClinicalTrialTimePointID",
    "ClinicalTrialTimePointDescription",
    "LongitudinalTemporalOffsetFromEvent",
    "LongitudinalTemporalEventType",
    "ClinicalTrialTimePointTypeCodeSequence",
    "IssuerOfClinicalTrialTimePointID",
    "ConsentForClinicalTrialUseSequence",
]
INHERITED = frozenset(Tag(tag) for keyword in _KEYWORDS if (tag := tag_for_keyword(keyword)) is not None)

# Value representations whose bytes are the same in every transfer syntax, or not ours to know.
_AS_THEY_ARE = frozenset(
    [
        "AE",
        "AS",
        "CS",
        "DA",
        "DS",
        "DT",
        "IS",
        "LO",
        "LT",
        "PN",
        "SH",
        "ST",
        "TM",
        "UC",
        "UI",
        "UN",
        "UR",
        "UT",
    ]
)
_CHARACTER_SET = Tag("SpecificCharacterSet")
_DEIDENTIFICATION_METHODS = {Tag("DeidentificationMethod"), Tag("DeidentificationMethodCodeSequence")}


def inherit(result: Dataset, source: Dataset) -> None:
    """Give `result`, whose own text is ASCII, the patient, study and character set of `source`.

    What `source` does not state, or leaves empty, `result` does not state either, but for the empty
    Type 2 attributes that it already has. Text that somebody read before is encoded by pydicom in the
    source's character set; every other text is copied as received.
    """
    correct_ambiguous_vr(result, True)
    result.pop(_CHARACTER_SET, None)
    for tag in sorted(INHERITED & source.keys()):
        if not _is_empty(source.get_item(tag)):
            result[tag] = _kept(source, tag)
    if result.get("PatientIdentityRemoved") == "YES" and not result.keys() & _DEIDENTIFICATION_METHODS:
        # PS3.3 C.7.1.1: without a method the statement is not valid, so it goes no further.
        del result.PatientIdentityRemoved
    _mark_as_read(result)


def _is_empty(element: DataElement | RawDataElement) -> bool:
    return not element.value if isinstance(element, RawDataElement) else element.is_empty


def _kept(source: Dataset, tag: BaseTag) -> DataElement | RawDataElement:
    element = source.get_item(tag)
    vr = element.VR or "UN"
    if vr == "UN" and dictionary_has_tag(tag):
        vr = dictionary_VR(tag)
    if vr == "SQ":
        return DataElement(tag, "SQ", Sequence(_kept_item(item) for item in source[tag].value))
    if isinstance(element, RawDataElement) and vr in _AS_THEY_ARE:
        value = element.value or b""
        return RawDataElement(tag, vr, len(value), value, 0, False, True)
    converted = source[tag]
    return DataElement(tag, converted.VR, converted.value, already_converted=True)


def _kept_item(item: Dataset) -> Dataset:
    kept = Dataset(parent_encoding=item.original_character_set or default_encoding)
    for tag in sorted(item.keys()):
        if not tag.is_private:
            kept[tag] = _kept(item, tag)
    _mark_as_read(kept, inherited=item.original_character_set or default_encoding)
    return kept


def _mark_as_read(dataset: Dataset, *, inherited: str | list[str] = default_encoding) -> None:
    # pydicom writes raw values as they are only where it believes to write what it once read.
    own = dataset.get(_CHARACTER_SET)
    encodings = convert_encodings(own.value) if own is not None else inherited
    dataset.set_original_encoding(False, True, encodings)
