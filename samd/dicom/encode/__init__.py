"""An outcome becomes DICOM objects: an SR that references a Segmentation, a Parametric Map and a picture."""

from samd.dicom.encode.context import Context, Encoded, Predecessor
from samd.dicom.encode.segmentation import UnknownSegment
from samd.dicom.encode.sources import SourceMissing
from samd.dicom.encode.tree import encode, to_bytes

__all__ = ["Context", "Encoded", "Predecessor", "SourceMissing", "UnknownSegment", "encode", "to_bytes"]
