"""One outcome becomes the tree of its DICOM objects: the report, and what the report references."""

from collections.abc import Sequence
from io import BytesIO

from pydicom import Dataset, dcmwrite

from samd.dicom.encode.anatomy import describe_anatomy
from samd.dicom.encode.attribution import attribution_map
from samd.dicom.encode.capture import capture
from samd.dicom.encode.coding import declare_private_scheme
from samd.dicom.encode.context import Case, Context, Encoded
from samd.dicom.encode.heritage import inherit
from samd.dicom.encode.identity import sign
from samd.dicom.encode.pictures import layers, png
from samd.dicom.encode.report import report
from samd.dicom.encode.segmentation import segmentation
from samd.dicom.read import pydicom_silenced
from samd.domain.card import ModelCard
from samd.domain.finding import Outcome, Volume


def encode(
    outcome: Outcome, card: ModelCard, context: Context, sources: Sequence[Dataset], volume: Volume | None
) -> Encoded:
    """The objects that say `outcome`: the report, then Segmentation, Parametric Map and Secondary Capture.

    `sources` are headers of images of one study, at least one: for an analysed study those of its
    frames, else any. `volume` is what was analysed, for the pictures. The same arguments give the same
    bytes. Not to be called within pydicom_silenced(). Raises SourceMissing, UnknownSegment.
    """
    with pydicom_silenced():
        return _encoded(Case(outcome, card, context, sources), volume)


def to_bytes(dataset: Dataset) -> bytes:
    """The file of `dataset` (PS3.10), Explicit VR Little Endian."""
    buffer = BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


def _encoded(case: Case, volume: Volume | None) -> Encoded:
    picture = layers(case, volume) if volume is not None else None
    segments, attribution, page = segmentation(case), attribution_map(case), capture(case, picture)
    tree = {
        "report": report(case, segments=segments, attribution=attribution, capture=page),
        "segmentation": segments.dataset if segments is not None else None,
        "attribution": attribution,
        "capture": page,
    }
    return Encoded(
        objects=tuple(_finished(made, case, kind) for kind, made in tree.items() if made is not None),
        previews={name: png(layer) for name, layer in picture.named()} if picture is not None else {},
    )


def _finished(made: Dataset, case: Case, kind: str) -> Dataset:
    # A plain data set: what highdicom's classes remember beside it would not follow the changes.
    dataset = Dataset({element.tag: element for element in made})
    sign(dataset, case, kind)
    if kind != "report":
        describe_anatomy(dataset, case)
    declare_private_scheme(dataset)
    inherit(dataset, case.sources[0])
    return dataset
