"""Prediction: one model on one volume, the same bits each time."""

import numpy as np
import torch
from numpy.typing import NDArray

from samd.domain.finding import Prediction, Volume
from samd.inference.anatomy import regions
from samd.inference.model import Model
from samd.inference.networks import RadiographClassifier
from samd.inference.repeatable import repeatable
from samd.inference.tissue import TissueWindows

# A radiograph of which less than this part is known is no picture.
LEAST_KNOWN = 0.5


class NotFinite(Exception):
    """The network gave NaN or infinity: no answer can be made of it."""


class Featureless(Exception):
    """The image shows nothing that an answer could be about: it is even, or mostly padding."""


def predict(model: Model, volume: Volume) -> Prediction:
    """Scores in 0..1 for each classification of the card, or a label map for its segments.

    A classifier sees the first plane; the input gate has made sure that it is the only one. A
    segmentation goes plane by plane, so that beyond the label map it needs the memory of one plane.
    Raises NotFinite, Featureless for a radiograph without a picture, and ValueError for a segmentation
    of frames without pixel spacing.
    """
    with repeatable(), torch.inference_mode():
        if isinstance(model.network, TissueWindows):
            return Prediction(labels=_labels(model, model.network, volume))
        return _classified(model, volume.values[0])


def _classified(model: Model, plane: NDArray[np.float32]) -> Prediction:
    prepared = model.prepare(plane)
    values = prepared.values
    rows = slice(prepared.top, prepared.top + prepared.height)
    shown = plane[rows, prepared.left : prepared.left + prepared.width]
    if np.isfinite(shown).mean() < LEAST_KNOWN or np.ptp(values) == 0:
        raise Featureless("the image is even, or mostly padding: there is nothing in it to judge")
    images = torch.from_numpy(values)[None, None].to(model.device)
    if isinstance(model.network, RadiographClassifier):
        embedding = model.network.embedded(images)
        scores = torch.sigmoid(model.network.judged(embedding))[0]
    else:
        embedding, scores = torch.zeros(1, 0), torch.sigmoid(model.network(images))[0]
    if not torch.isfinite(scores).all():
        raise NotFinite(f"{model.card.name} {model.card.version} gave a score that is not a finite number")
    names = [classification.name for classification in model.card.classifications]
    kept = tuple(float(f"{value:.6g}") for value in embedding[0].tolist())  # a float32 says no more
    return Prediction(dict(zip(names, scores.tolist(), strict=True)), embedding=kept)


def _labels(model: Model, network: TissueWindows, volume: Volume) -> NDArray[np.uint8]:
    if not all(torch.isfinite(tensor).all() for tensor in network.state_dict().values()):
        raise NotFinite(f"{model.card.name} {model.card.version} has limits that are not finite numbers")
    spacing = pixel_spacing(volume)
    labels = np.zeros(volume.values.shape, dtype=np.uint8)
    for index, plane in enumerate(volume.values):
        hounsfield = model.prepare(plane).values
        region = regions(hounsfield, pixel_spacing=spacing)
        inputs = torch.from_numpy(hounsfield).to(model.device), torch.from_numpy(region).to(model.device)
        labels[index] = network.labels(*inputs).cpu().numpy()
    return labels


def pixel_spacing(volume: Volume) -> tuple[float, float]:
    """Millimetres between rows, then columns; ValueError where the frames do not say."""
    spacing = volume.frames[0].pixel_spacing
    if spacing is None:
        raise ValueError("a segmentation needs frames with pixel spacing")
    return spacing
