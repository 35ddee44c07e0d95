"""Why a model answered as it did: one attribution map, checked before anybody sees it.

The card names the method, its target, layer and baseline, and the least faithfulness. Each map is
tested on the model itself (`samd.inference.faithfulness`); one that fails is withheld.
"""

from collections.abc import Callable

import numpy as np
import torch
from captum.attr import IntegratedGradients, LayerGradCam
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import interpolate

from samd.domain.codes import Code
from samd.domain.finding import Explanation, Faithfulness, Prediction, Volume
from samd.inference.anatomy import regions
from samd.inference.faithfulness import METRIC, Plane, deletion_insertion
from samd.inference.model import Model
from samd.inference.preprocessing import Prepared
from samd.inference.repeatable import repeatable
from samd.inference.run import pixel_spacing

# PS3.16 CID 217 Visual Explanation.
GRADIENT_WEIGHTED_CLASS_ACTIVATION = Code("130403", "DCM", "Gradient-weighted class activation")
SALIENCY = Code("130404", "DCM", "Saliency")

INPUT = "input"  # the layer of methods that explain by the input itself

_CHECK_STEPS = 28
_PATH_STEPS = 64
_PATH_BATCH = 4  # bounds the memory: 4 planes of 512 x 512 and their gradients


def _healthy(network: nn.Module, _: Plane) -> Plane:
    """The mean healthy image that the network brings: evidence is what differs from it."""
    return np.asarray(network.get_buffer("healthy").cpu().numpy(), dtype=np.float32)


def _no_tissue(_: nn.Module, values: Plane) -> Plane:
    """-345 HU lies half-way between the windows of lung and fat: it belongs to no segment."""
    return np.full_like(values, -345.0)


BASELINES: dict[str, Callable[[nn.Module, Plane], Plane]] = {
    "the mean of the healthy training images": _healthy,
    "-345 HU everywhere, which is no tissue": _no_tissue,
}


def explain(model: Model, volume: Volume, prediction: Prediction) -> Explanation | None:
    """The attribution map of `prediction` by the method of the card, or None where nothing was found.

    A map whose faithfulness is below the limit of the card comes without its attribution.
    """
    return METHODS[model.card.explanation.method](model, volume, prediction)


def faithfulness_of(model: Model, volume: Volume, attribution: Plane) -> Faithfulness:
    """How well any map explains the target of a classifier; `attribution` may be of any resolution."""
    prepared = model.prepare(volume.values[0]).values
    target = _target(model)

    def logit(plane: Plane) -> float:
        return float(model.network(_tensor(plane, model)[None, None])[0, target])

    with repeatable(), torch.inference_mode():
        return _checked(model, logit, prepared, _resized(torch.from_numpy(attribution), prepared.shape))


def _grad_cam(model: Model, volume: Volume, _: Prediction) -> Explanation:
    """Grad-CAM (Selvaraju et al. 2017, ICCV) of the target's logit, its positive part.

    The map is checked at the resolution of the network's input, and shown at that of the source, in
    the square that the network saw; outside of it the map is 0.
    """
    method = model.card.explanation
    prepared = model.prepare(volume.values[0])
    with repeatable():
        inputs = _tensor(prepared.values, model)[None, None].requires_grad_()
        grad_cam = LayerGradCam(model.network, model.network.get_submodule(method.layer))
        cam = grad_cam.attribute(inputs, target=_target(model), relu_attributions=True)[0, 0].detach().cpu()
    square = _resized(cam, (prepared.height, prepared.width))
    return _explanation(
        model,
        GRADIENT_WEIGHTED_CLASS_ACTIVATION,
        target=method.target,
        check=faithfulness_of(model, volume, cam.numpy()),
        plane=0,
        shown=_placed(square, prepared, volume.values[0].shape),
    )


def _integrated_gradients(model: Model, volume: Volume, prediction: Prediction) -> Explanation | None:
    """Integrated gradients (Sundararajan et al. 2017, ICML) of the soft size of one segment.

    On one plane, that with most of the target segment, or of the largest one where the target is
    empty; the regions of the body are held as they are. The soft size is a sum over voxels, so each
    voxel's attribution is its membership less that of the baseline.
    """
    found = _key_plane(model, prediction)
    if found is None:
        return None
    number, index = found
    prepared = model.prepare(volume.values[index])
    region = torch.from_numpy(regions(prepared.values, pixel_spacing=pixel_spacing(volume)))
    region = region.to(model.device)
    baseline = BASELINES[model.card.explanation.baseline](model.network, prepared.values)
    values = np.where(np.isnan(prepared.values), baseline, prepared.values)

    def size(planes: Tensor) -> Tensor:
        total: Tensor = model.network(planes, region, number)
        return total

    with repeatable():
        attribution = IntegratedGradients(size).attribute(
            _tensor(values, model)[None].requires_grad_(),
            baselines=_tensor(baseline, model)[None],
            n_steps=_PATH_STEPS,
            method="riemann_middle",
            internal_batch_size=_PATH_BATCH,
        )
        shown = attribution[0].detach().cpu().numpy().astype(np.float32)
        with torch.inference_mode():
            check = _checked(model, lambda plane: float(size(_tensor(plane, model)[None])), values, shown)
    target = model.card.segments[number - 1].name
    return _explanation(model, SALIENCY, target=target, check=check, plane=index, shown=shown)


OF_CLASSIFICATIONS = "Grad-CAM"
OF_SEGMENTS = "Integrated Gradients"
METHODS: dict[str, Callable[[Model, Volume, Prediction], Explanation | None]] = {
    OF_CLASSIFICATIONS: _grad_cam,
    OF_SEGMENTS: _integrated_gradients,
}


def _target(model: Model) -> int:
    return [c.name for c in model.card.classifications].index(model.card.explanation.target)


def _key_plane(model: Model, prediction: Prediction) -> tuple[int, int] | None:
    """Number of the segment to explain and index of the plane with most of it, or None if all are empty."""
    numbers = [segment.number for segment in model.card.segments]
    if prediction.labels is None or not numbers:
        return None
    sizes = np.stack([np.count_nonzero(prediction.labels == n, axis=(1, 2)) for n in numbers])
    if not sizes.any():
        return None
    target = [segment.name for segment in model.card.segments].index(model.card.explanation.target)
    if not sizes[target].any():
        target = int(sizes.sum(axis=1).argmax())
    return numbers[target], int(sizes[target].argmax())


def _checked(model: Model, score: Callable[[Plane], float], image: Plane, attribution: Plane) -> Faithfulness:
    method = model.card.explanation
    value = deletion_insertion(
        score,
        image,
        baseline=BASELINES[method.baseline](model.network, image),
        attribution=attribution,
        steps=_CHECK_STEPS,
    )
    return Faithfulness(metric=METRIC, value=value, limit=method.faithfulness_limit)


def _explanation(
    model: Model, kind: Code, *, target: str, check: Faithfulness, plane: int, shown: Plane
) -> Explanation:
    method = model.card.explanation
    return Explanation(
        kind=kind,
        method=method.method,
        layer=method.layer,
        target=target,
        baseline=method.baseline,
        faithfulness=check,
        planes=(plane,),
        attribution=shown[None] if check.passed else None,
    )


def _tensor(plane: Plane, model: Model) -> Tensor:
    return torch.from_numpy(plane).to(model.device)


def _resized(cam: Tensor, shape: tuple[int, ...]) -> Plane:
    resized = interpolate(cam[None, None], shape, mode="bilinear", align_corners=False)
    return np.asarray(resized[0, 0].numpy(), dtype=np.float32)


def _placed(part: Plane, prepared: Prepared, shape: tuple[int, ...]) -> NDArray[np.float32]:
    whole = np.zeros(shape, dtype=np.float32)
    whole[prepared.top : prepared.top + prepared.height, prepared.left : prepared.left + prepared.width] = (
        part
    )
    return whole
