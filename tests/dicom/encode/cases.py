"""Results to encode: small ones made from the phantom, with the headers as a node receives them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pydicom.dataset import FileMetaDataset

from samd.dicom.encode import Context, Encoded, encode
from samd.dicom.planes import frames_of
from samd.domain.card import ModelCard
from samd.domain.codes import (
    CUBIC_CENTIMETRE,
    OBJECT_SET_INCOMPLETE,
    RATIO,
    RESOURCE_INADEQUATE,
    VOLUME,
    Code,
)
from samd.domain.finding import (
    Answer,
    Explanation,
    Faithfulness,
    Finding,
    Measurement,
    Outcome,
    Reason,
    Volume,
)
from samd.domain.study import Frame
from tests.builders import DX, ct_image
from tests.cards import LUNG, PNEUMONIA, SCORE, classifying_card, measuring_card

CREATED = datetime(2026, 11, 22, 9, 30, 15, 250000, tzinfo=UTC)
ANCHOR = (
    "hospital.example/samd\n351\nUcwMum8mOWXha8uD4pD3tNuasumprGyobg7fcwIhN8A=\n\n"
    "-- hospital.example/samd udnUnaFfP3sq/5wbd9LbyY+7NC7/57/0J4HhfrHyI9S+21IM7Pxice9432sc98eWF5hI1CEKGfcl"
    "DEQGT1NmjfVmwY0=\n"
)
GRAD_CAM = Code("130403", "DCM", "Gradient-weighted class activation")
# Of PS3.16 CID 100, which is what PixelMed's validator accepts as a procedure.
CT_PROCEDURE = Code("25045-6", "LN", "CT unspecified body region")
IMAGING = Code("363679005", "SCT", "Imaging procedure")

REPORT, SEGMENTATION, PARAMETRIC_MAP, CAPTURE = (
    "1.2.840.10008.5.1.4.1.1.88.34",
    "1.2.840.10008.5.1.4.1.1.66.4",
    "1.2.840.10008.5.1.4.1.1.30",
    "1.2.840.10008.5.1.4.1.1.7",
)

REASONS = {
    Answer.NOT_ANALYSABLE: (
        Reason("spacing", "Planes are missing: the gap after plane 7 is 10 mm.", OBJECT_SET_INCOMPLETE),
    ),
    Answer.FAILED: (Reason("decoding", "The decoder died at its limit of 512 MiB.", RESOURCE_INADEQUATE),),
}


@dataclass(frozen=True, slots=True, eq=False)
class Arguments:
    """What encode() takes; headers are read anew for each encoding, as raw as they came."""

    outcome: Outcome
    card: ModelCard
    context: Context
    files: Sequence[bytes]
    volume: Volume | None

    def encoded(self) -> Encoded:
        return encode(self.outcome, self.card, self.context, headers(self.files), self.volume)

    @property
    def labels(self) -> NDArray[np.uint8]:
        assert self.outcome.labels is not None
        return self.outcome.labels

    @property
    def explanation(self) -> Explanation:
        assert self.outcome.explanation is not None
        return self.outcome.explanation

    def withheld(self) -> "Arguments":
        """With an explanation that failed its check."""
        figure = Faithfulness("deletion", 0.25, 0.5)
        return self.changed(explanation=replace(self.explanation, attribution=None, faithfulness=figure))

    def changed(self, **changes: Any) -> "Arguments":
        """With another outcome, card, context, files or volume; fields of the outcome by their own names."""
        own = {name: value for name, value in changes.items() if name in self.__slots__}
        of_outcome = {name: value for name, value in changes.items() if name not in own}
        return replace(self, **{"outcome": replace(self.outcome, **of_outcome)} | own)


def found(encoded: Encoded, sop_class_uid: str) -> Dataset:
    """The only object of a SOP class."""
    (dataset,) = [dataset for dataset in encoded.objects if dataset.SOPClassUID == sop_class_uid]
    return dataset


def ct(*, planes: int = 3, files: Sequence[bytes] | None = None) -> Arguments:
    """Adipose tissue and lung measured on a small CT series, explained on its middle plane."""
    chosen = files or [file_of(ct_image(index)) for index in range(planes)]
    frames = in_order(headers(chosen))
    shape = (len(frames), *_size(chosen[0]))
    labels = np.zeros(shape, np.uint8)
    labels[:, 1:4, 2:8] = 1
    labels[:, 5:7, 2:8] = 2
    middle = len(frames) // 2
    outcome = Outcome(
        answer=Answer.FINDING,
        findings=(
            measured(1, "Adipose tissue", Code("55603005", "SCT", "Adipose tissue"), 12.5),
            measured(2, "Lung", LUNG, 8.25),
        ),
        frames=frames,
        plane_spacing=5.0 if len(frames) > 1 else None,
        labels=labels,
        explanation=explanation(planes=(middle,), shape=shape[1:], target="adipose"),
    )
    return Arguments(
        outcome,
        measuring_card(title="CT tissue", procedure=CT_PROCEDURE, limits_of_use=("Not for diagnosis.",)),
        Context(run=1, created=CREATED, anchor=ANCHOR),
        chosen,
        Volume(np.linspace(-500, 300, int(np.prod(shape)), dtype=np.float32).reshape(shape), frames, 5.0),
    )


def radiograph(score: float = 0.81, *, file: bytes | None = None) -> Arguments:
    """Pneumonia classified on a radiograph, with limits of 0.4 and 0.6, explained."""
    chosen = file or file_of(dx_image())
    frames = in_order(headers([chosen]))
    shape = (1, *_size(chosen))
    present = None if 0.4 <= score < 0.6 else score >= 0.6
    finding = Finding(
        type=PNEUMONIA,
        tracking_identifier="classifying pneumonia",
        tracking_uid="2.25.77",
        site=LUNG,
        present=present,
        undetermined=present is None,
        measurements=(Measurement(SCORE, score, RATIO),),
    )
    outcome = Outcome(
        answer=Answer.NOTHING_FOUND if present is False else Answer.FINDING,
        findings=(finding,),
        frames=frames,
        explanation=explanation(planes=(0,), shape=shape[1:], target="pneumonia"),
    )
    values = np.linspace(0, 255, int(np.prod(shape)), dtype=np.float32).reshape(shape)
    card = classifying_card(title="Chest radiograph", procedure=IMAGING)
    return Arguments(
        outcome, card, Context(run=1, created=CREATED, anchor=ANCHOR), [chosen], Volume(values, frames)
    )


def unanswered(answer: Answer, *, files: Sequence[bytes] | None = None) -> Arguments:
    """A study that was not analysable, or whose analysis failed."""
    outcome = Outcome(answer=answer, reasons=REASONS[answer])
    return replace(ct(), outcome=outcome, files=files or [file_of(ct_image())], volume=None)


ANSWERS: dict[Answer, Callable[[], Arguments]] = {
    Answer.FINDING: lambda: radiograph(0.81),
    Answer.NOTHING_FOUND: lambda: radiograph(0.12),
    Answer.NOT_ANALYSABLE: lambda: unanswered(Answer.NOT_ANALYSABLE),
    Answer.FAILED: lambda: unanswered(Answer.FAILED),
}


def measured(segment: int, name: str, code: Code, volume: float) -> Finding:
    return Finding(
        type=code,
        tracking_identifier=name,
        tracking_uid=f"2.25.{segment}",
        measurements=(Measurement(VOLUME, volume, CUBIC_CENTIMETRE),),
        segment=segment,
    )


def explanation(*, planes: tuple[int, ...], shape: tuple[int, ...], target: str) -> Explanation:
    """A ramp from 0 to 1 over each plane."""
    ramp = np.linspace(0, 1, int(np.prod(shape)), dtype=np.float32).reshape(shape)
    return Explanation(
        kind=GRAD_CAM,
        method="Grad-CAM",
        layer="features.7",
        target=target,
        baseline="zeros",
        faithfulness=Faithfulness("deletion", 0.8125, 0.5),
        planes=planes,
        attribution=np.stack([ramp] * len(planes)),
    )


def dx_image(**changes: Any) -> Dataset:
    """A chest radiograph: an image without a place in patient space."""
    nowhere = {"ImagePositionPatient": None, "ImageOrientationPatient": None, "FrameOfReferenceUID": None}
    return ct_image(
        **{"SOPClassUID": DX, "Modality": "DX", "PatientOrientation": ["L", "F"]} | nowhere | changes
    )


def file_of(dataset: Dataset) -> bytes:
    """`dataset` as the file that a node stores."""
    if "file_meta" not in dataset.__dict__:
        dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def headers(files: Sequence[bytes]) -> list[Dataset]:
    """The headers in `files`, nothing in them converted but the character set."""
    return [dcmread(BytesIO(file), stop_before_pixels=True) for file in files]


def in_order(sources: Sequence[Dataset]) -> tuple[Frame, ...]:
    """The frames of `sources` along the normal of their planes."""
    frames = [frame for source in sources for frame in frames_of(source)]
    return tuple(sorted(frames, key=_distance))


def _distance(frame: Frame) -> float:
    if frame.position is None or frame.row_direction is None or frame.column_direction is None:
        return 0.0
    return float(np.dot(np.cross(frame.row_direction, frame.column_direction), frame.position))


def _size(file: bytes) -> tuple[int, int]:
    (header,) = headers([file])
    return header.Rows, header.Columns
