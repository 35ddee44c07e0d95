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
