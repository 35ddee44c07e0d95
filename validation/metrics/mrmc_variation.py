"""How the figures of several readers vary: over modalities, over readers, and over cases.

The first step of `mrmc`, and the table of components that goes with it.
"""

from dataclasses import dataclass

import numpy as np

from validation.metrics.estimate import NotEstimable
from validation.metrics.mrmc_covariance import Accuracies


@dataclass(frozen=True, slots=True)
class Variation:
    """How the figures vary: mean squares of modality, reader and their interaction; and over cases.

    `cov1` is the covariance of errors for one reader in two modalities, `cov2` for two readers in one
    modality, `cov3` for two readers in two modalities.
    """

    ms_modality: float
    ms_reader: float
    ms_interaction: float
    error: float
    cov1: float
    cov2: float
    cov3: float


@dataclass(frozen=True, slots=True)
class VarianceComponents:
    """The components of Dorfman, Berbaum and Metz, derived from those above (Hillis et al. 2005).

    Estimates without constraint: small ones may come out negative.
    """

    reader: float
    case: float
    modality_reader: float
    modality_case: float
    reader_case: float
    error: float


def variation(accuracies: Accuracies) -> Variation:
    """Mean squares and covariances. Raises NotEstimable for fewer than two modalities or readers."""
    t, r = accuracies.values.shape
    if min(t, r) < 2:
        raise NotEstimable(
            f"two modalities and two readers at least are compared; there are {t} modalities, {r} readers"
        )
    by_modality = accuracies.values.mean(axis=1, keepdims=True)
    by_reader = accuracies.values.mean(axis=0, keepdims=True)
    mean = accuracies.values.mean()
    interaction = accuracies.values - by_modality - by_reader + mean
    covariance = accuracies.covariance
    everything = float(covariance.sum())
    same_reader = float(np.einsum("ijkj->", covariance))
    same_modality = float(np.einsum("ijil->", covariance))
    same_both = float(np.einsum("ijij->", covariance))
    return Variation(
        ms_modality=r * float(((by_modality - mean) ** 2).sum()) / (t - 1),
        ms_reader=t * float(((by_reader - mean) ** 2).sum()) / (r - 1),
        ms_interaction=float((interaction**2).sum()) / ((t - 1) * (r - 1)),
        error=same_both / (t * r),
        cov1=(same_reader - same_both) / (t * r * (t - 1)),
        cov2=(same_modality - same_both) / (t * r * (r - 1)),
        cov3=(everything - same_reader - same_modality + same_both) / (t * r * (t - 1) * (r - 1)),
    )


def variance_components(accuracies: Accuracies) -> VarianceComponents:
    """The table that the method of Dorfman, Berbaum and Metz would give. Raises as `variation`."""
    found, t, n = variation(accuracies), accuracies.values.shape[0], accuracies.cases
    error = found.error - found.cov1 - found.cov2 + found.cov3
    return VarianceComponents(
        reader=(found.ms_reader - found.ms_interaction) / t - found.cov1 + found.cov3,
        case=n * found.cov3,
        modality_reader=found.ms_interaction - error,
        modality_case=n * (found.cov2 - found.cov3),
        reader_case=n * (found.cov1 - found.cov3),
        error=n * error,
    )


def each_modality(accuracies: Accuracies) -> list[tuple[float, float, float]]:
    """For each modality alone: mean square of readers, error variance, covariance of two readers."""
    r = len(accuracies.readers)
    found = []
    for which, values in enumerate(accuracies.values):
        covariance = accuracies.covariance[which, :, which, :]
        diagonal = float(np.trace(covariance))
        cov2 = (float(covariance.sum()) - diagonal) / (r * (r - 1))
        found.append((float(np.var(values, ddof=1)), diagonal / r, cov2))
    return found
