"""Synthetic DICOM without a patient: a CT phantom of volumes known in closed form, and radiographs.

For demonstrations and tests. The same arguments always give the same objects, UIDs included.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, FileDataset, dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import FileMetaDataset
from pydicom.uid import (
    CTImageStorage,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
)

from samd.domain.codes import Code
from samd.domain.identity import derived_uid

STUDY_DATE = date(2026, 1, 5)

# Hounsfield units, each well inside the window of its tissue.
OUTSIDE, ADIPOSE, MUSCLE, BONE, LUNG, LOW_ATTENUATION = -1000, -100, 50, 700, -850, -980

# What the phantom is made of, by the meaning of the finding that measures it.
MATERIALS: Mapping[str, int] = {
    "Adipose tissue": ADIPOSE,
    "Soft tissue": MUSCLE,
    "Bone tissue": BONE,
    "Lung": LUNG,
    "Low attenuation area of lung": LOW_ATTENUATION,
}

SIZE = 160  # rows and columns
PIXEL_SPACING = 2.5  # mm
PLANE_SPACING = 5.0  # mm
_RESCALE_INTERCEPT = -1024


@dataclass(frozen=True, slots=True, eq=False)
class CtPhantom:
    """A CT series, and the volume in cm3 of each of its MATERIALS, calculated and not counted."""

    datasets: list[Dataset]
    volumes_cm3: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class _Block:
    """An upright block with its four edges cut off at 45 degrees, `cut` pixels wide, in pixels and planes.

    It replaces the material of `inside`, which surrounds it wholly. `margin` planes are left free at
    either end.
    """

    material: int
    inside: int
    top: int
    left: int
    height: int
    width: int
    cut: int
    margin: int = 0

    def area(self) -> int:
        """In pixels: a cut takes 1 + 2 + ... + `cut` from each corner."""
        return self.height * self.width - 2 * self.cut * (self.cut + 1)

    def mask(self) -> NDArray[np.bool_]:
        """The cross-section, of shape (SIZE, SIZE)."""
        row, column = np.ogrid[:SIZE, :SIZE]
        # Pixels from the nearer edge, in each direction; negative outside.
        depth = np.minimum(row - self.top, self.top + self.height - 1 - row)
        breadth = np.minimum(column - self.left, self.left + self.width - 1 - column)
        within: NDArray[np.bool_] = (depth >= 0) & (breadth >= 0) & (depth + breadth >= self.cut)
        return within


# A chest: skin fat, chest wall, two lungs with an emptied region in each, heart side left thick, spine,
# sternum and six ribs.
_CHEST = (
    _Block(ADIPOSE, OUTSIDE, top=30, left=14, height=100, width=132, cut=30),
    _Block(MUSCLE, ADIPOSE, top=37, left=21, height=86, width=118, cut=26),
    _Block(LUNG, MUSCLE, top=47, left=32, height=64, width=36, cut=11, margin=2),
    _Block(LUNG, MUSCLE, top=47, left=96, height=64, width=32, cut=11, margin=2),
    _Block(LOW_ATTENUATION, LUNG, top=55, left=40, height=14, width=16, cut=4, margin=5),
    _Block(LOW_ATTENUATION, LUNG, top=84, left=104, height=16, width=14, cut=4, margin=4),
    _Block(BONE, MUSCLE, top=96, left=71, height=17, width=20, cut=5),
    _Block(BONE, MUSCLE, top=39, left=74, height=4, width=14, cut=1),
    *(
        _Block(BONE, MUSCLE, top=top, left=left, height=9, width=3, cut=1)
        for top in (62, 74, 86)
        for left in (25, 132)
    ),
)


def ct_phantom(*, planes: int = 24, seed: str = "phantom") -> CtPhantom:
    """A chest of blocks, `planes` (at least 11) of 160 x 160 pixels of 2.5 mm, 5 mm apart.

    The volumes are exact on the grid of voxels: each block is a product and a triangular number.
    """
    if planes < 11:
        raise ValueError("the low attenuation regions take at least 11 planes")
    voxels = dict.fromkeys(MATERIALS.values(), 0)
    grid = np.full((planes, SIZE, SIZE), OUTSIDE, dtype=np.int16)
    for block in _CHEST:
        extent = planes - 2 * block.margin
        voxels[block.material] += block.area() * extent
        if block.inside != OUTSIDE:
            voxels[block.inside] -= block.area() * extent
        grid[block.margin : planes - block.margin, block.mask()] = block.material
    cm3 = PIXEL_SPACING**2 * PLANE_SPACING / 1000
    return CtPhantom(
        datasets=ct_series(grid, pixel_spacing=PIXEL_SPACING, plane_spacing=PLANE_SPACING, seed=seed),
        volumes_cm3={name: voxels[material] * cm3 for name, material in MATERIALS.items()},
    )


def ct_series(
    hounsfield: NDArray[np.int16], *, pixel_spacing: float, plane_spacing: float, seed: str
) -> list[Dataset]:
    """A CT series of `hounsfield` (planes, rows, columns), whole HU of at least -1024; spacings in mm.

    The first plane is the one nearest the head; each is as thick as the planes lie apart.
    """
    planes = len(hounsfield)
    return [
        _ct(plane, index, planes=planes, pixel_spacing=pixel_spacing, plane_spacing=plane_spacing, seed=seed)
        for index, plane in enumerate(hounsfield)
    ]


def chest_radiograph(
    pixels: NDArray[np.uint8] | NDArray[np.uint16],
    *,
    seed: str,
    age: str | None = None,
    view: str = "PA",
    patient_name: str = "Phantom^Chest",
    charset: str = "ISO_IR 192",
) -> Dataset:
    """A Digital X-Ray Image for presentation around `pixels` (rows, columns), in which high is bright.

    `age` is of VR AS ("045Y"), `charset` a Specific Character Set with backslashes between its values.
    """
    dataset = _object(DigitalXRayImageStorageForPresentation, seed=seed, number=1, charset=charset)
    dataset.PatientName = patient_name
    if age is not None:
        dataset.PatientAge = age
    dataset.Modality = "DX"
    dataset.SeriesDescription = f"CHEST {view}"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", ""]
    dataset.PresentationIntentType = "FOR PRESENTATION"
    dataset.BodyPartExamined = "CHEST"
    dataset.AnatomicRegionSequence = [_code(Code("51185008", "SCT", "Chest"))]
    dataset.ViewPosition = view
    dataset.PatientOrientation = ["L", "F"]
    dataset.ImageLaterality = "U"
    dataset.ImagerPixelSpacing = [0.2, 0.2]
    dataset.DetectorType = "SCINTILLATOR"
    dataset.PositionerType = "NONE"
    dataset.PixelIntensityRelationship = "LOG"
    dataset.PixelIntensityRelationshipSign = 1
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = 0, 1, "US"
    dataset.PresentationLUTShape = "IDENTITY"
    dataset.LossyImageCompression = "00"
    dataset.BurnedInAnnotation = "NO"
    dataset.AcquisitionContextSequence = []
    bits = 8 * pixels.dtype.itemsize
    dataset.WindowCenter, dataset.WindowWidth = 2 ** (bits - 1), 2**bits
    _put_pixels(dataset, pixels)
    return dataset


def slice_of_pydicom() -> Dataset:
    """One slice of real CT, that of the test data inside the pydicom package."""
    path = get_testdata_file("CT_small.dcm", download=False)
    if path is None:
        raise FileNotFoundError(
            "pydicom came without its test data: install its wheel, not a stripped package"
        )
    return dcmread(str(path))


def save(dataset: Dataset, path: Path) -> None:
    """Write `dataset` as a DICOM file (PS3.10) with preamble and file meta information."""
    dataset.save_as(path, enforce_file_format=True)


def _ct(
    plane: NDArray[np.int16],
    index: int,
    *,
    planes: int,
    pixel_spacing: float,
    plane_spacing: float,
    seed: str,
) -> Dataset:
    dataset = _object(CTImageStorage, seed=seed, number=index + 1, charset="ISO_IR 100")
    dataset.PatientName = "Phantom^CT"
    dataset.Modality = "CT"
    dataset.SeriesDescription = "Blocks of known volume"
    dataset.ImageType = ["DERIVED", "SECONDARY", "AXIAL"]
    dataset.BodyPartExamined = "CHEST"
    dataset.PatientPosition = "HFS"
    dataset.FrameOfReferenceUID = derived_uid("phantom", seed, "frame of reference")
    dataset.PositionReferenceIndicator = ""
    dataset.KVP = None
    dataset.AcquisitionNumber = None
    dataset.SliceThickness = plane_spacing
    dataset.PixelSpacing = [pixel_spacing, pixel_spacing]
    dataset.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    rows, columns = plane.shape
    left, top = -pixel_spacing * (columns - 1) / 2, -pixel_spacing * (rows - 1) / 2
    # Image 1 is at the head, as most scanners number: order must come from the position.
    dataset.ImagePositionPatient = [left, top, plane_spacing * (planes - 1 - 2 * index) / 2]
    dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = _RESCALE_INTERCEPT, 1, "HU"
    dataset.WindowCenter, dataset.WindowWidth = -300, 1400
    _put_pixels(dataset, (plane - _RESCALE_INTERCEPT).astype(np.uint16))
    return dataset


def _object(sop_class: str, *, seed: str, number: int, charset: str) -> Dataset:
    """The attributes of patient, study, series, equipment and SOP instance, in a data set with file meta."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = sop_class
    meta.MediaStorageSOPInstanceUID = derived_uid("phantom", seed, "instance", str(number))
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    dataset.SpecificCharacterSet = charset.split("\\")
    dataset.SOPClassUID = sop_class
    dataset.SOPInstanceUID = meta.MediaStorageSOPInstanceUID
    dataset.StudyInstanceUID = derived_uid("phantom", seed, "study")
    dataset.SeriesInstanceUID = derived_uid("phantom", seed, "series")
    dataset.PatientID = f"PHANTOM-{derived_uid(seed)[-8:]}"
    dataset.PatientBirthDate = dataset.PatientSex = ""
    dataset.StudyDate = dataset.SeriesDate = dataset.AcquisitionDate = dataset.ContentDate = (
        f"{STUDY_DATE:%Y%m%d}"
    )
    dataset.StudyTime = dataset.SeriesTime = dataset.AcquisitionTime = dataset.ContentTime = "090000"
    dataset.StudyID = "1"
    dataset.AccessionNumber = dataset.ReferringPhysicianName = ""
    dataset.StudyDescription = "Phantom"
    dataset.SeriesNumber = 1
    dataset.InstanceNumber = number
    dataset.Manufacturer = "samd"
    dataset.ManufacturerModelName = "phantom"
    dataset.DeviceSerialNumber = "1"
    dataset.SoftwareVersions = "1"
    return dataset


def _put_pixels(dataset: Dataset, pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> None:
    bits = 8 * pixels.dtype.itemsize
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = bits, bits, bits - 1
    dataset.PixelRepresentation = 0
    data = pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()
    dataset.PixelData = data + b"\0" * (len(data) % 2)
    dataset["PixelData"].VR = "OB" if bits == 8 else "OW"


def _code(code: Code) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code.value, code.scheme, code.meaning
    return item
