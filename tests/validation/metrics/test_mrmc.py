"""Several readers, two modalities: against published analyses, a simulation, and cases known by hand."""

from collections.abc import Callable
from math import inf
from pathlib import Path

import numpy as np
import pytest

from tests.validation.metrics.published import MODALITIES, READERS, federica, study
from validation.metrics.estimate import NotEstimable
from validation.metrics.froc import inferred_readings
from validation.metrics.hypotheses import Aim, Hypothesis, Verdict, superiority_after
from validation.metrics.mrmc import (
    Inference,
    Mean,
    NotEstimated,
    fixed_cases,
    fixed_readers,
    random_readers_and_cases,
)
from validation.metrics.mrmc_covariance import areas, jackknifed, sensitivities
from validation.metrics.mrmc_readings import Readings
from validation.metrics.pairs import Method

pytestmark = pytest.mark.requirement("VAL-04")


def means(inference: Inference) -> list[Mean]:
    return [mean for mean in inference.means if isinstance(mean, Mean)]


@pytest.mark.parametrize(
    ("method", "statistic", "df2", "p", "error"),
    [
        ("DeLong", 4.484854, 15.06611, 0.05123303, 0.0206825),
        ("jackknife", 4.456319, 15.25967, 0.05166569, 0.02074862),
        ("unbiased", 4.489614, 15.03418, 0.0511618, 0.02067154),
    ],
)
def test_random_readers_and_cases_are_as_published_for_vandyke(
    shared_data: Path, method: Method, statistic: float, df2: float, p: float, error: float
) -> None:
    found = random_readers_and_cases(areas(study(shared_data, "VanDyke"), method=method))

    assert found.test.statistic == pytest.approx(statistic, abs=5e-7)
    assert found.test.df1 == 1
    assert found.test.df2 == pytest.approx(df2, abs=5e-6)
    assert found.test.p == pytest.approx(p, abs=5e-9)
    (difference,) = found.differences
    assert difference.estimate.value == pytest.approx(-0.04380032, abs=5e-9)
    assert difference.standard_error == pytest.approx(error, abs=5e-9)
    assert difference.df == found.test.df2
    assert difference.p == pytest.approx(found.test.p)


@pytest.mark.parametrize(
    ("method", "lower", "upper", "last_digit"),
    [("DeLong", -0.0878671960, 0.0002665519, 1e-10), ("jackknife", -0.08796, 0.00036, 1e-5)],
)
def test_the_interval_of_the_difference_is_as_published_for_vandyke(
    shared_data: Path, method: Method, lower: float, upper: float, last_digit: float
) -> None:
    (difference,) = random_readers_and_cases(areas(study(shared_data, "VanDyke"), method=method)).differences

    assert difference.estimate.lower == pytest.approx(lower, abs=last_digit / 2)
    assert difference.estimate.upper == pytest.approx(upper, abs=last_digit / 2)
    assert (difference.estimate.level, difference.estimate.n) == (0.95, 114)


def test_fixed_readers_are_as_published_for_vandyke(shared_data: Path) -> None:
    found = fixed_readers(areas(study(shared_data, "VanDyke"), method="jackknife"))

    assert found.test.statistic == pytest.approx(5.475953, abs=5e-7)
    assert found.test.df2 == inf
    assert found.test.p == pytest.approx(0.01927984, abs=5e-9)
    (difference,) = found.differences
    assert difference.estimate.lower == pytest.approx(-0.08048591, abs=5e-9)
    assert difference.estimate.upper == pytest.approx(-0.00711473, abs=5e-9)


def test_fixed_cases_are_as_published_for_vandyke(shared_data: Path) -> None:
    found = fixed_cases(areas(study(shared_data, "VanDyke"), method="jackknife"))

    assert found.test.statistic == pytest.approx(8.704, abs=5e-4)
    assert (found.test.df1, found.test.df2) == (1, 4)
    assert found.test.p == pytest.approx(0.04195875, abs=5e-9)


def test_each_modality_alone_is_as_published_for_vandyke(shared_data: Path) -> None:
    first, second = means(random_readers_and_cases(areas(study(shared_data, "VanDyke"), method="jackknife")))

    assert first.estimate.value == pytest.approx(0.89703704, abs=5e-9)
    assert first.standard_error == pytest.approx(0.03317360, abs=5e-9)
    assert first.df == pytest.approx(12.74, abs=0.005)
    assert first.estimate.lower == pytest.approx(0.82522360, abs=5e-9)
    assert first.estimate.upper == pytest.approx(0.96885048, abs=5e-9)
    assert second.estimate.value == pytest.approx(0.94083736, abs=5e-9)
    assert second.standard_error == pytest.approx(0.02156637, abs=5e-9)
    assert second.df == pytest.approx(12.71, abs=0.005)
    assert second.estimate.lower == pytest.approx(0.89413783, abs=5e-9)
    assert second.estimate.upper == pytest.approx(0.98753689, abs=5e-9)


def test_sensitivity_at_a_rating_is_as_published_for_vandyke(shared_data: Path) -> None:
    found = random_readers_and_cases(sensitivities(study(shared_data, "VanDyke"), threshold=3))

    assert [mean.estimate.value for mean in means(found)] == pytest.approx([0.8222222, 0.92], abs=5e-8)
    assert found.differences[0].estimate.value == pytest.approx(-0.09777778, abs=5e-9)
    assert found.test.statistic == pytest.approx(6.689493, abs=5e-7)
    assert found.test.df2 == pytest.approx(15.71732, abs=5e-6)
    assert found.test.p == pytest.approx(0.02008822, abs=5e-9)


def test_where_readers_agree_less_within_a_modality_the_difference_counts_as_none(shared_data: Path) -> None:
    """Franken: Cov2 < Cov3, so that the analysis falls back on that of fixed cases."""
    accuracies = areas(study(shared_data, "Franken"), method="jackknife")

    found, readers_fixed = random_readers_and_cases(accuracies), fixed_readers(accuracies)

    assert [mean.estimate.value for mean in means(found)] == pytest.approx([0.84774989, 0.83689507], abs=5e-9)
    assert found.test.statistic == pytest.approx(4.694058, abs=5e-7)
    assert found.test.df2 == pytest.approx(3)
    assert found.test.p == pytest.approx(0.11883786, abs=5e-9)
    assert found.test == fixed_cases(accuracies).test
    assert readers_fixed.test.statistic == pytest.approx(0.3210135, abs=5e-8)
    assert readers_fixed.test.p == pytest.approx(0.57099922, abs=5e-9)


def test_five_modalities_are_compared_as_published_for_federica(shared_data: Path) -> None:
    found = random_readers_and_cases(
        areas(
            inferred_readings(federica(shared_data), modalities=MODALITIES, readers=READERS),
            method="jackknife",
        )
    )

    assert found.test.df1 == 4
    assert found.test.df2 == pytest.approx(16.80, abs=0.005)
    assert found.test.statistic == pytest.approx(3.47, abs=0.005)
    assert found.test.p == pytest.approx(0.0305, abs=5e-5)
    assert len(found.differences) == 10


def test_non_inferiority_is_read_from_the_interval_of_the_difference(shared_data: Path) -> None:
    readings = study(shared_data, "VanDyke")
    turned = Readings(("2", "1"), readings.readers, readings.ratings[::-1], readings.truth)
    (difference,) = random_readers_and_cases(areas(turned, method="DeLong")).differences

    claim = Hypothesis("ROC area", Aim.NON_INFERIORITY, limit=0.05)
    decisions = superiority_after(claim, difference.estimate)

    # The lower bound, -0.000267, lies above -0.05 but not above 0.
    assert [decision.verdict for decision in decisions] == [Verdict.MET, Verdict.NOT_MET]


def roe_metz(random: np.random.Generator, *, readers: int, healthy: int, diseased: int) -> Readings:
    """Two modalities of the same worth: normal ratings with components of Roe and Metz (1997)."""
    truth = np.repeat([False, True], [healthy, diseased])
    shape = (2, readers, truth.size)
    ratings = np.where(truth, 1.0, 0.0) + np.zeros(shape)
    # By class: readers and readers in a modality shift all cases of a class alike.
    for of_class in (truth, ~truth):
        ratings += of_class * random.normal(0, np.sqrt(0.0055), (1, readers, 1))
        ratings += of_class * random.normal(0, np.sqrt(0.0055), (2, readers, 1))
    for variance, size in (
        (0.3, (1, 1, truth.size)),
        (0.3, (2, 1, truth.size)),
        (0.2, (1, readers, truth.size)),
        (0.2, shape),
    ):
        ratings += random.normal(0, np.sqrt(variance), size)
    return Readings(("1", "2"), tuple(str(reader) for reader in range(readers)), ratings, truth)


def test_equal_modalities_differ_in_about_one_study_of_twenty() -> None:
    random = np.random.default_rng(20_240)
    studies = 1500

    found = [
        random_readers_and_cases(areas(roe_metz(random, readers=5, healthy=40, diseased=40), method="DeLong"))
        for _ in range(studies)
    ]

    # The standard error of the share is 0.0056.
    assert np.mean([one.test.p < 0.05 for one in found]) == pytest.approx(0.05, abs=0.017)
    covered = [one.differences[0].estimate.lower <= 0 <= one.differences[0].estimate.upper for one in found]
    assert np.mean(covered) == pytest.approx(0.95, abs=0.017)


@pytest.mark.parametrize("analysis", [random_readers_and_cases, fixed_readers, fixed_cases])
def test_readings_that_are_the_same_in_both_modalities_allow_no_inference(
    analysis: Callable[..., Inference],
) -> None:
    ratings = np.random.default_rng(1).normal(size=(1, 3, 20)).repeat(2, axis=0)
    accuracies = areas(Readings(("1", "2"), ("a", "b", "c"), ratings, np.arange(20) < 10), method="jackknife")

    with pytest.raises(NotEstimable, match="do not vary"):
        analysis(accuracies)


@pytest.mark.parametrize(("modalities", "readers"), [(1, 3), (2, 1)])
def test_one_reader_or_one_modality_is_no_comparison(modalities: int, readers: int) -> None:
    ratings = np.random.default_rng(1).normal(size=(modalities, readers, 20))
    names = [str(number) for number in range(3)]
    accuracies = areas(
        Readings(tuple(names[:modalities]), tuple(names[:readers]), ratings, np.arange(20) < 10),
        method="DeLong",
    )

    with pytest.raises(NotEstimable, match=f"{modalities} modalities, {readers} readers"):
        random_readers_and_cases(accuracies)


def test_a_modality_that_everyone_reads_without_error_has_no_interval() -> None:
    truth = np.arange(20) < 10
    ratings = np.random.default_rng(1).normal(size=(2, 3, 20))
    ratings[1] = truth

    found = random_readers_and_cases(
        areas(Readings(("1", "2"), ("a", "b", "c"), ratings, truth), method="DeLong")
    )

    assert isinstance(found.means[0], Mean)
    assert found.means[1] == NotEstimated(
        "the mean ROC area in 2", "it does not vary over other readers and cases"
    )


def test_readers_who_all_gain_the_same_have_endless_degrees_of_freedom() -> None:
    leave_one_out = np.random.default_rng(1).normal(0.7, 0.01, size=(30, 2, 2))
    accuracies = jackknifed(
        [[0.75, 0.65], [0.7, 0.6]], leave_one_out, figure="f", modalities=("1", "2"), readers=("a", "b")
    )
    # Readers of one modality err together, so that something is left to vary.
    accuracies.covariance[0, 0, 0, 1] = accuracies.covariance[0, 1, 0, 0] = 0.01

    found = random_readers_and_cases(accuracies)

    assert found.test.df2 == inf
    assert found.test.p == pytest.approx(found.differences[0].p)


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_a_level_that_is_none_is_refused(level: float) -> None:
    readings = roe_metz(np.random.default_rng(1), readers=3, healthy=10, diseased=10)

    with pytest.raises(ValueError, match="confidence level"):
        random_readers_and_cases(areas(readings, method="DeLong"), level=level)
