"""Do readers do better in one modality than in another? The method of Obuchowski, Rockette and Hillis.

Three questions need three analyses: would it hold for other readers and other cases
(`random_readers_and_cases`, the one a submission rests on), for these readers and other cases
(`fixed_readers`), for other readers and these cases (`fixed_cases`). The formulas are those of Hillis
(2007), Stat Med 26:596, and Hillis, Berbaum, Metz (2008), Acad Radiol 15:647. Cases are taken as
independent: a case is a patient. Whether a difference is large enough, `hypotheses` decides.
"""

from dataclasses import dataclass
from itertools import combinations
from math import inf, isinf, sqrt

from scipy.special import chdtrc, fdtrc, stdtr, stdtrit

from validation.metrics.estimate import Estimate, NotEstimable, critical
from validation.metrics.mrmc_covariance import Accuracies
from validation.metrics.mrmc_variation import each_modality, variation


@dataclass(frozen=True, slots=True)
class FTest:
    """Are all modalities the same? `statistic` is F with `df1` and `df2` degrees of freedom.

    Where `df2` is infinite, `statistic` is chi-square / `df1`.
    """

    statistic: float
    df1: int
    df2: float
    p: float


@dataclass(frozen=True, slots=True)
class Difference:
    """The figure in `first` less that in `second`, averaged over readers, with Student's t.

    Neither interval nor p is adjusted for the number of pairs.
    """

    first: str
    second: str
    estimate: Estimate
    standard_error: float
    df: float
    p: float


@dataclass(frozen=True, slots=True)
class Mean:
    """The figure in one modality, averaged over readers, from the readings of that modality alone."""

    modality: str
    estimate: Estimate
    standard_error: float
    df: float


@dataclass(frozen=True, slots=True)
class NotEstimated:
    """A figure that is not defined for these readings, and why."""

    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class Inference:
    """What can be said of other `holds_for` (readers and cases, cases, readers)."""

    holds_for: str
    test: FTest
    differences: tuple[Difference, ...]
    means: tuple[Mean | NotEstimated, ...]


@dataclass(frozen=True, slots=True)
class _Variance:
    """Readers times the variance of a mean over readers, and its degrees of freedom."""

    term: float
    df: float


def random_readers_and_cases(accuracies: Accuracies, *, level: float = 0.95) -> Inference:
    """Readers and cases stand for others of their kind; degrees of freedom by Hillis (2007).

    Raises NotEstimable for fewer than two modalities or readers, and where nothing varies.
    """
    found, t, r = variation(accuracies), *accuracies.values.shape
    contrast = _satterthwaite(found.ms_interaction, r * max(found.cov2 - found.cov3, 0), (t - 1) * (r - 1))
    single = [
        _satterthwaite(ms_reader, r * max(cov2, 0), r - 1)
        for ms_reader, _error, cov2 in each_modality(accuracies)
    ]
    return _inference(accuracies, "readers and cases", contrast, single, level)


def fixed_readers(accuracies: Accuracies, *, level: float = 0.95) -> Inference:
    """These readers, other cases: chi-square and normal intervals. Raises as above."""
    found, r = variation(accuracies), accuracies.values.shape[1]
    contrast = found.error - found.cov1 + (r - 1) * max(found.cov2 - found.cov3, 0)
    single = [
        _Variance(error + (r - 1) * max(cov2, 0), inf)
        for _ms_reader, error, cov2 in each_modality(accuracies)
    ]
    return _inference(accuracies, "cases", _Variance(contrast, inf), single, level)


def fixed_cases(accuracies: Accuracies, *, level: float = 0.95) -> Inference:
    """Other readers, these cases: a plain analysis of variance of the figures. Raises as above."""
    found, t, r = variation(accuracies), *accuracies.values.shape
    contrast = _Variance(found.ms_interaction, (t - 1) * (r - 1))
    single = [_Variance(ms_reader, r - 1) for ms_reader, _error, _cov2 in each_modality(accuracies)]
    return _inference(accuracies, "readers", contrast, single, level)


def _inference(
    accuracies: Accuracies, holds_for: str, contrast: _Variance, single: list[_Variance], level: float
) -> Inference:
    # Rounding leaves about 1e-17 of a variance that is nought.
    if contrast.term < 1e-15:
        raise NotEstimable(
            f"the differences in {accuracies.figure} do not vary, so nothing can be said of other {holds_for}"
        )
    means = accuracies.values.mean(axis=1)
    return Inference(
        holds_for,
        _test(accuracies, contrast),
        tuple(
            _difference(accuracies, holds_for, (first, second), contrast, level)
            for first, second in combinations(range(len(means)), 2)
        ),
        tuple(_mean(accuracies, holds_for, which, one, level) for which, one in enumerate(single)),
    )


def _test(accuracies: Accuracies, contrast: _Variance) -> FTest:
    df1 = len(accuracies.modalities) - 1
    statistic = variation(accuracies).ms_modality / contrast.term
    p = chdtrc(df1, df1 * statistic) if isinf(contrast.df) else fdtrc(df1, contrast.df, statistic)
    return FTest(statistic, df1, contrast.df, float(p))


def _difference(
    accuracies: Accuracies, holds_for: str, pair: tuple[int, int], contrast: _Variance, level: float
) -> Difference:
    first, second = pair
    means = accuracies.values.mean(axis=1)
    value = float(means[first] - means[second])
    error = sqrt(2 * contrast.term / len(accuracies.readers))
    reach = _quantile(contrast.df, level) * error
    return Difference(
        accuracies.modalities[first],
        accuracies.modalities[second],
        Estimate(
            value, value - reach, value + reach, level, accuracies.cases, _method(accuracies, holds_for)
        ),
        error,
        contrast.df,
        2 * float(stdtr(contrast.df, -abs(value) / error)),
    )


def _mean(
    accuracies: Accuracies, holds_for: str, which: int, single: _Variance, level: float
) -> Mean | NotEstimated:
    modality = accuracies.modalities[which]
    if single.term < 1e-15:
        return NotEstimated(
            f"the mean {accuracies.figure} in {modality}", f"it does not vary over other {holds_for}"
        )
    value = float(accuracies.values[which].mean())
    error = sqrt(single.term / len(accuracies.readers))
    reach = _quantile(single.df, level) * error
    lower, upper = max(accuracies.bounds[0], value - reach), min(accuracies.bounds[1], value + reach)
    method = _method(accuracies, holds_for)
    return Mean(modality, Estimate(value, lower, upper, level, accuracies.cases, method), error, single.df)


def _satterthwaite(mean_square: float, over_cases: float, df: float) -> _Variance:
    """Only the mean square has few degrees of freedom; the part over cases counts as known."""
    term = mean_square + over_cases
    return _Variance(term, df * (term / mean_square) ** 2 if mean_square > 1e-15 else inf)


def _quantile(df: float, level: float) -> float:
    normal = critical(level)
    return normal if isinf(df) else float(stdtrit(df, 0.5 + level / 2))


def _method(accuracies: Accuracies, holds_for: str) -> str:
    return f"Obuchowski-Rockette-Hillis, {accuracies.method} covariance, for other {holds_for}"
