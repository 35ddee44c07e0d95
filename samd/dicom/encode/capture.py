"""The page of the result as a colour Secondary Capture, for viewers that show nothing else (PS3.3 A.8)."""

import numpy as np
from highdicom import PhotometricInterpretationValues
from highdicom.sc import SCImage
from pydicom import Dataset
from pydicom.valuerep import DA, TM

from samd.dicom.encode.coding import concept
from samd.dicom.encode.context import Case
from samd.dicom.encode.identity import series_and_equipment
from samd.dicom.encode.pictures import Layers
from samd.dicom.encode.poster import poster
from samd.dicom.encode.sources import referenced_frames
from samd.dicom.encode.wording import RESEARCH_USE
from samd.domain.codes import Code

# PS3.16 CID 7202.
_SOURCE_IMAGE = Code("121322", "DCM", "Source image for image processing operation")


def capture(case: Case, picture: Layers | None) -> Dataset:
    """The Secondary Capture of any answer; it names the image that it shows, where it shows one."""
    page = poster(case, picture)
    dataset = SCImage(
        pixel_array=np.asarray(page),
        photometric_interpretation=PhotometricInterpretationValues.RGB,
        bits_allocated=8,
        coordinate_system="PATIENT",
        patient_orientation=("L", "P"),
        study_instance_uid=case.study_instance_uid,
        **series_and_equipment(case, "capture", description="summary"),
    )
    # A page has no sides of the patient, which highdicom does not allow for (Type 2C, may be empty).
    dataset.PatientOrientation = None
    dataset.BurnedInAnnotation = "NO"  # none that identifies the patient, PS3.3 C.7.6.1.1.5
    dataset.DerivationDescription = RESEARCH_USE
    dataset.DateOfSecondaryCapture = DA(case.created.date())
    dataset.TimeOfSecondaryCapture = TM(case.created.time())
    if picture is not None:
        dataset.SourceImageSequence = [_source(case, picture)]
    return dataset


def _source(case: Case, picture: Layers) -> Dataset:
    ((source, frames),) = referenced_frames(case, [case.outcome.frames[picture.plane]])
    item = Dataset()
    item.ReferencedSOPClassUID = source.SOPClassUID
    item.ReferencedSOPInstanceUID = source.SOPInstanceUID
    if frames is not None:
        item.ReferencedFrameNumber = frames
    item.PurposeOfReferenceCodeSequence = [concept(_SOURCE_IMAGE)]
    return item
