"""Studies for tests: as domain values, and as small DICOM files made from the phantom."""

import copy
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from pydicom import Dataset

from samd.dicom.phantom import ct_phantom, save
from samd.dicom.read import pydicom_silenced, read_study
from samd.domain.identity import derived_uid
from samd.domain.study import Frame, Instance, Series, Study

CT, DX = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.1.1"
EXPLICIT = "1.2.840.10008.1.2.1"


def frame(index: int = 0, **changes: Any) -> Frame:
    """Plane `index` of an axial stack, 5 mm apart, pixels of 0.8 mm."""
    values: dict[str, Any] = {
        "sop_instance_uid": f"1.2.3.{index + 1}",
        "position": (-100.0, -120.0, 5.0 * index),
        "row_direction": (1.0, 0.0, 0.0),
        "column_direction": (0.0, 1.0, 0.0),
        "pixel_spacing": (0.8, 0.8),
    }
    return Frame(**values | changes)


def instance(index: int = 0, **changes: Any) -> Instance:
    """A CT image of plane `index`; give `frames` to change where it lies."""
    values: dict[str, Any] = {
        "sop_instance_uid": f"1.2.3.{index + 1}",
        "sop_class_uid": CT,
        "transfer_syntax_uid": EXPLICIT,
        "path": Path(f"1.2.3.{index + 1}.dcm"),
        "sha256": f"{index:064x}",
        "rows": 512,
        "columns": 512,
        "frames": (frame(index),),
        "photometric_interpretation": "MONOCHROME2",
        "image_type": ("ORIGINAL", "PRIMARY", "AXIAL"),
    }
    return Instance(**values | changes)


def series(planes: int = 5, **changes: Any) -> Series:
    """A CT series of the abdomen."""
    values: dict[str, Any] = {
        "series_instance_uid": "1.2.9",
        "modality": "CT",
        "instances": tuple(instance(index) for index in range(planes)),
        "body_part": "ABDOMEN",
        "number": 1,
    }
    return Series(**values | changes)


def study(*members: Series, **changes: Any) -> Study:
    """A study of these series, of one CT series where none is given."""
    values: dict[str, Any] = {"study_instance_uid": "1.2", "series": members or (series(),)}
    return Study(**values | changes)


def ct_image(index: int = 0, pixels: ArrayLike | None = None, **changes: Any) -> Dataset:
    """A valid CT image of plane `index`, whose pixels are stored values of dtype uint16, int16 or uint8.

    `changes` set attributes by keyword; None takes one away. All images are of one study and series.
    """
    dataset = copy.deepcopy(_first_plane())
    dataset.SOPInstanceUID = derived_uid("test", "instance", str(index))
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.InstanceNumber = index + 1
    dataset.ImagePositionPatient = [-10.0, -12.0, 5.0 * index]
    put_pixels(dataset, np.full((8, 10), 1024, np.uint16) if pixels is None else np.asarray(pixels))
    with pydicom_silenced():  # tests want invalid values too
        for keyword, value in changes.items():
            if value is not None:
                setattr(dataset, keyword, value)
            elif keyword in dataset:
                delattr(dataset, keyword)
    return dataset


@cache
def _first_plane() -> Dataset:
    return ct_phantom().datasets[0]


def put_pixels(dataset: Dataset, pixels: np.ndarray[Any, np.dtype[Any]]) -> None:
    """Replace the pixels of `dataset`; one plane (rows, columns), or several before them."""
    bits = 8 * pixels.dtype.itemsize
    dataset.Rows, dataset.Columns = pixels.shape[-2:]
    if pixels.ndim == 3:
        dataset.NumberOfFrames = len(pixels)
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.HighBit = bits - 1
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    data = pixels.tobytes()
    dataset.PixelData = data + b"\0" * (len(data) % 2)
    dataset["PixelData"].VR = "OB" if bits == 8 else "OW"


def written(folder: Path, *datasets: Dataset) -> list[Path]:
    """The data sets as files in `folder`, named by number."""
    paths = [folder / f"{number}.dcm" for number in range(len(datasets))]
    with pydicom_silenced():
        for dataset, path in zip(datasets, paths, strict=True):
            save(dataset, path)
    return paths


def ct_series(folder: Path, *, planes: int = 5, **changes: Any) -> list[Path]:
    """Files of a small CT series in `folder`; see ct_image for `changes`."""
    return written(folder, *(ct_image(index, **changes) for index in range(planes)))


def study_of(paths: Sequence[Path]) -> Study:
    """The study in these files, read as the device reads it."""
    return read_study([(path, f"{number:064x}") for number, path in enumerate(paths)]).study
