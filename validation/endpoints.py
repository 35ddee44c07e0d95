"""The figures that a protocol may name, each from the columns of a run to an Estimate.

Where a patient has several cases, every figure takes its interval from the bootstrap over patients.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from validation.answers import Answers
from validation.metrics import proportions
from validation.metrics.agreement import LimitsOfAgreement, limits_of_agreement
from validation.metrics.bootstrap import bootstrap
from validation.metrics.bootstrap_areas import bootstrap_auc, bootstrap_auc_difference
from validation.metrics.calibration import brier, calibration_error, recalibration
from validation.metrics.estimate import Estimate, NotEstimable
from validation.metrics.hypotheses import Aim, Better, Hypothesis
from validation.metrics.net_benefit import net_benefit
from validation.metrics.precision_recall import average_precision
from validation.metrics.proportions import FourfoldTable, fourfold, proportion
from validation.metrics.roc import auc, compare_paired
from validation.metrics.segmentation import mean_of_cases
from validation.overlaps import AVERAGE, DICE, HAUSDORFF_95, within
from validation.protocol import Endpoint, Goal, Population, Protocol


@dataclass(frozen=True, slots=True)
class Request:
    """What a figure is asked with: the interval's level, the protocol's seed, and `at` of the endpoint."""

    level: float
    seed: int
    replicates: int
    at: float | None

    def needed(self, what: str) -> float:
        """`at`, which this figure cannot do without."""
        if self.at is None:
            raise NotEstimable(f"the protocol does not say at which {what}")
        return self.at


NSD = "NSD"

Metric = Callable[[Answers, Request], Estimate]
Choice = Callable[[Answers], NDArray[np.bool_]]


def estimate(endpoint: Endpoint, answers: Answers, protocol: Protocol) -> Estimate:
    """The figure of `endpoint`, of the cases as its population counts them. Raises NotEstimable."""
    request = Request(endpoint.level, protocol.seed, protocol.replicates, endpoint.at)
    metric = METRICS[endpoint.metric]
    if endpoint.metric in OF_ALL:
        return metric(answers, request)
    if endpoint.metric in OF_MEASUREMENTS and endpoint.population is Population.INTENTION_TO_DIAGNOSE:
        # No value is the worst of a measurement; a run that lost cases has no such figure.
        lost = int((~answers.analysed).sum())
        if lost:
            raise NotEstimable(f"{lost} cases gave no measurement, and the protocol leaves out none")
    return metric(answers.counted(endpoint.population), request)


def hypothesis(endpoint: Endpoint) -> Hypothesis | None:
    """What `endpoint` has to show; None where it is only described."""
    aims = {
        Goal.AT_LEAST: (Aim.GOAL, endpoint.limit, Better.HIGHER),
        Goal.AT_MOST: (Aim.GOAL, endpoint.limit, Better.LOWER),
        Goal.WITHIN: (Aim.EQUIVALENCE, endpoint.limit, Better.HIGHER),
        Goal.NON_INFERIOR: (Aim.NON_INFERIORITY, endpoint.limit, Better.HIGHER),
        Goal.SUPERIOR: (Aim.SUPERIORITY, 0.0, Better.HIGHER),
    }
    if endpoint.goal is Goal.DESCRIBED:
        return None
    aim, limit, better = aims[endpoint.goal]
    return Hypothesis(endpoint.name, aim, limit, better, (1 - endpoint.level) / 2)


def _auc(answers: Answers, request: Request) -> Estimate:
    if not answers.clustered:
        return auc(answers.score, answers.truth, level=request.level)
    return bootstrap_auc(
        answers.score,
        answers.truth,
        patients=answers.patients,
        seed=request.seed,
        replicates=request.replicates,
        level=request.level,
    )


def _auc_difference(answers: Answers, request: Request) -> Estimate:
    """The model less the comparator, on the same cases."""
    if not answers.clustered:
        return compare_paired(answers.score, answers.other, answers.truth, level=request.level).difference
    return bootstrap_auc_difference(
        answers.score,
        answers.other,
        answers.truth,
        patients=answers.patients,
        seed=request.seed,
        replicates=request.replicates,
        level=request.level,
    )


def _average_precision(answers: Answers, request: Request) -> Estimate:
    return average_precision(
        answers.score,
        answers.truth,
        patients=answers.patients,
        seed=request.seed,
        replicates=request.replicates,
        level=request.level,
    )


def _share(among: Choice, hit: Choice) -> Metric:
    """The metric "how many of these": Clopper-Pearson, or the bootstrap where cases are not independent."""

    def metric(answers: Answers, request: Request) -> Estimate:
        places = np.flatnonzero(among(answers))
        chosen = answers.of(places)
        hits = hit(chosen)
        if not chosen.clustered:
            return proportion(int(hits.sum()), len(chosen), level=request.level)
        return bootstrap(
            lambda drawn: float(hits[drawn].mean()),
            patients=chosen.patients,
            strata=np.zeros(len(chosen)),
            seed=request.seed,
            replicates=request.replicates,
            level=request.level,
        )

    return metric


def _of_table(figure: Callable[..., Estimate], *, needs: str = "") -> Metric:
    """The metric of a fourfold table, at a stated prevalence where `needs` names one."""

    def metric(answers: Answers, request: Request) -> Estimate:
        if answers.clustered:
            raise NotEstimable("patients with several cases: this figure is only defined for one each")
        table: FourfoldTable = fourfold(answers.call == 1, answers.truth)
        if needs:
            return figure(request.needed(needs), table, level=request.level)
        return figure(table, level=request.level)

    return metric


def _call_difference(diseased: bool) -> Metric:
    """Sensitivity or specificity of the model less that of the comparator."""

    def metric(answers: Answers, request: Request) -> Estimate:
        if answers.clustered:
            raise NotEstimable("patients with several cases: this figure is only defined for one each")
        chosen = answers.of(np.flatnonzero(answers.truth == int(diseased)))
        right = (chosen.call == 1) == diseased, (chosen.other_call == 1) == diseased
        return proportions.compare_paired_proportions(*right, level=request.level).difference

    return metric


def _of_probability(figure: Callable[..., Estimate]) -> Metric:
    """A metric of scores as probabilities, which only cases with a result have."""

    def metric(answers: Answers, request: Request) -> Estimate:
        known = answers.counted(Population.PER_PROTOCOL)
        return figure(known.score, known.truth, level=request.level)

    return metric


def _net_benefit(answers: Answers, request: Request) -> Estimate:
    known = answers.counted(Population.PER_PROTOCOL)
    threshold = request.needed("threshold")
    return net_benefit(known.score, known.truth, threshold=threshold, level=request.level).model


def percent_differences(answers: Answers) -> NDArray[np.float64]:
    """Measured less true, in percent of the true value. Raises NotEstimable for a true value of 0."""
    if not (answers.truth > 0).all():
        raise NotEstimable("a true value of 0 has no difference in percent")
    differences: NDArray[np.float64] = 100 * (answers.measured / answers.truth - 1)
    return differences


def agreement(answers: Answers, *, level: float) -> LimitsOfAgreement:
    """How measured and true values agree, in percent of the true value."""
    differences = percent_differences(answers)
    patients = answers.patients if answers.clustered else None
    return limits_of_agreement(differences, np.zeros_like(differences), patients=patients, level=level)


def _of_agreement(part: str) -> Metric:
    """Bland-Altman of the differences in percent of the true value: "bias", "lower" or "upper"."""

    def metric(answers: Answers, request: Request) -> Estimate:
        found: Estimate = getattr(agreement(answers, level=request.level), part)
        return found

    return metric


def _of_segmentation(name: str) -> Metric:
    """The mean of a figure of single cases; a case without a result has a Dice of 0, and no distance."""

    def metric(answers: Answers, request: Request) -> Estimate:
        figure = within(request.needed("tolerance in mm")) if name == NSD else name
        lost = [not analysed for analysed in answers.analysed]
        if any(lost) and figure != DICE:
            raise NotEstimable(f"{sum(lost)} cases gave no segmentation, and a distance has no worst value")
        values = [
            0.0 if gone else found.get(figure) for gone, found in zip(lost, answers.overlaps, strict=True)
        ]
        if answers.clustered:
            raise NotEstimable("patients with several cases: this figure is only defined for one each")
        bounds = (0.0, 1.0) if figure == DICE or name == NSD else (0.0, float("inf"))
        return mean_of_cases(values, bounds=bounds, level=request.level)

    return metric


METRICS: Mapping[str, Metric] = {
    "AUC": _auc,
    "AUC difference": _auc_difference,
    "average precision": _average_precision,
    "sensitivity": _share(lambda a: a.truth == 1, lambda a: a.call == 1),
    "specificity": _share(lambda a: a.truth == 0, lambda a: a.call != 1),
    # Ruling out: how many diseased are not called absent, and how many healthy are.
    "sensitivity of not absent": _share(lambda a: a.truth == 1, lambda a: a.call != 0),
    "specificity of absent": _share(lambda a: a.truth == 0, lambda a: a.call == 0),
    "sensitivity difference": _call_difference(diseased=True),
    "specificity difference": _call_difference(diseased=False),
    "PPV": _of_table(proportions.observed_ppv),
    "NPV": _of_table(proportions.observed_npv),
    "PPV at prevalence": _of_table(proportions.ppv_at, needs="prevalence"),
    "NPV at prevalence": _of_table(proportions.npv_at, needs="prevalence"),
    "LR+": _of_table(proportions.positive_likelihood_ratio),
    "LR-": _of_table(proportions.negative_likelihood_ratio),
    "Brier": _of_probability(brier),
    "ECE": _of_probability(lambda *known, level: calibration_error(*known, level=level).error),
    "calibration slope": _of_probability(lambda *known, level: recalibration(*known, level=level).slope),
    "calibration intercept": _of_probability(
        lambda *known, level: recalibration(*known, level=level).intercept
    ),
    "net benefit": _net_benefit,
    "analysable": _share(lambda a: np.ones(len(a), dtype=np.bool_), lambda a: a.analysed),
    "undetermined": _share(lambda a: a.analysed, lambda a: a.call == 0.5),
    "bias in percent": _of_agreement("bias"),
    DICE: _of_segmentation(DICE),
    HAUSDORFF_95: _of_segmentation(HAUSDORFF_95),
    AVERAGE: _of_segmentation(AVERAGE),
    NSD: _of_segmentation(NSD),
    "lower limit of agreement in percent": _of_agreement("lower"),
    "upper limit of agreement in percent": _of_agreement("upper"),
}

# Of every case, with or without a result.
OF_ALL = frozenset({"analysable", "undetermined"})
OF_SEGMENTATIONS = frozenset({DICE, HAUSDORFF_95, AVERAGE, NSD})
OF_MEASUREMENTS = frozenset(name for name in METRICS if name.endswith("in percent"))
