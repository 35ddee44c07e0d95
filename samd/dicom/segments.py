"""Reading a DICOM Segmentation onto the images that it is of: for whoever compares it with another."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from highdicom.seg import segread
from numpy.typing import NDArray

from samd.dicom.read import pydicom_silenced


class NoSegmentation(Exception):
    """The file is no Segmentation of these images that can be read; the message says why."""


def mask_of(path: Path, sop_instance_uids: Sequence[str], *, label: str) -> NDArray[np.bool_]:
    """Where the segments called `label` of the Segmentation at `path` are, or all where none is called so.

    On the images of these UIDs, in their order: bool of shape (images, rows, columns); an image that no frame
    refers to is empty (PS3.3 C.8.20). Raises NoSegmentation.
    """
    try:
        with pydicom_silenced():
            segmentation = segread(str(path))
            pixels = segmentation.get_pixels_by_source_instance(
                list(sop_instance_uids),
                segment_numbers=segmentation.get_segment_numbers(segment_label=label) or None,
                assert_missing_frames_are_empty=True,
                ignore_spatial_locations=True,
            )
    except Exception as error:
        raise NoSegmentation(f"{path.name} cannot be read as a Segmentation of these images") from error
    mask: NDArray[np.bool_] = np.asarray(pixels).max(axis=-1) > 0
    return mask
