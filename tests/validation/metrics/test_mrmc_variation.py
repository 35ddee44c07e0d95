"""Mean squares, covariances and components of readings: against published ones and plain loops."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest

from tests.validation.metrics.published import MODALITIES, READERS, federica, study
from validation.metrics.estimate import NotEstimable
from validation.metrics.froc import inferred_readings
from validation.metrics.mrmc_covariance import Accuracies, areas
from validation.metrics.mrmc_variation import each_modality, variance_components, variation
from validation.metrics.pairs import Method

pytestmark = pytest.mark.requirement("VAL-04")


@pytest.fixture
def accuracies() -> Accuracies:
    random = np.random.default_rng(5)
    root = random.normal(size=(12, 30))
    return Accuracies(
        "figure",
        "by hand",
        ("1", "2", "3"),
        ("a", "b", "c", "d"),
        random.uniform(size=(3, 4)),
        (root @ root.T).reshape(3, 4, 3, 4),
        30,
        (0.0, 1.0),
    )


@pytest.mark.parametrize(
    ("method", "error", "cov1", "cov2", "cov3"),
    [
        ("DeLong", 0.0007921325, 0.0003420090, 0.0003395265, 0.0002358497),
        ("jackknife", 0.0008022883, 0.0003466137, 0.0003440748, 0.0002390284),
        ("unbiased", 0.0007883925, 0.0003416706, 0.0003390650, 0.0002356148),
    ],
)
def test_covariances_are_as_published_for_vandyke(
    shared_data: Path, method: Method, error: float, cov1: float, cov2: float, cov3: float
) -> None:
    found = variation(areas(study(shared_data, "VanDyke"), method=method))

    assert found.ms_modality == pytest.approx(0.00479617, abs=5e-9)
    assert found.ms_interaction == pytest.approx(0.000551030622, abs=5e-13)
    assert [found.error, found.cov1, found.cov2, found.cov3] == pytest.approx(
        [error, cov1, cov2, cov3], abs=5.001e-11
    )


def test_covariances_are_as_published_for_franken(shared_data: Path) -> None:
    found = variation(areas(study(shared_data, "Franken"), method="jackknife"))

    assert found.ms_modality == pytest.approx(2.35654097e-4, abs=5e-13)
    assert found.ms_interaction == pytest.approx(5.02026414e-5, abs=5e-14)
    assert [found.error, found.cov1, found.cov2, found.cov3] == pytest.approx(
        [0.001525776, 0.000791682, 0.000483638, 0.000512509], abs=5e-10
    )


def test_covariances_are_as_published_for_federica(shared_data: Path) -> None:
    readings = inferred_readings(federica(shared_data), modalities=MODALITIES, readers=READERS)

    found = variation(areas(readings, method="jackknife"))

    assert [found.error, found.cov1, found.cov2, found.cov3] == pytest.approx(
        [0.00078912, 0.00029480, 0.00023331, 0.00021213], abs=5e-9
    )


def test_components_are_as_published_for_vandyke(shared_data: Path) -> None:
    found = variance_components(areas(study(shared_data, "VanDyke"), method="jackknife"))

    assert found.reader == pytest.approx(0.00153500, abs=5e-9)
    assert found.case == pytest.approx(0.02724923, abs=5e-9)
    assert found.modality_reader == pytest.approx(0.00020040, abs=5e-9)
    assert found.modality_case == pytest.approx(0.01197530, abs=5e-9)
    assert found.reader_case == pytest.approx(0.01226473, abs=5e-9)
    assert found.error == pytest.approx(0.03997160, abs=5e-9)


def test_covariances_are_the_means_over_their_kind_of_pair(accuracies: Accuracies) -> None:
    kinds: dict[tuple[bool, bool], list[float]] = {}
    for i, j, k, h in product(range(3), range(4), range(3), range(4)):
        kinds.setdefault((i == k, j == h), []).append(accuracies.covariance[i, j, k, h])

    found = variation(accuracies)

    assert found.error == pytest.approx(np.mean(kinds[True, True]))
    assert found.cov1 == pytest.approx(np.mean(kinds[False, True]))
    assert found.cov2 == pytest.approx(np.mean(kinds[True, False]))
    assert found.cov3 == pytest.approx(np.mean(kinds[False, False]))


def test_mean_squares_are_those_of_a_two_way_analysis_of_variance(accuracies: Accuracies) -> None:
    values = accuracies.values
    rest = sum(
        (values[i, j] - values[i].mean() - values[:, j].mean() + values.mean()) ** 2
        for i in range(3)
        for j in range(4)
    )

    found = variation(accuracies)

    assert found.ms_modality == pytest.approx(4 * np.var(values.mean(axis=1), ddof=1))
    assert found.ms_reader == pytest.approx(3 * np.var(values.mean(axis=0), ddof=1))
    assert found.ms_interaction == pytest.approx(rest / 6)


def test_a_modality_alone_knows_only_its_own_readings(accuracies: Accuracies) -> None:
    (ms_reader, error, cov2), *_others = each_modality(accuracies)

    own = accuracies.covariance[0, :, 0, :]
    assert ms_reader == pytest.approx(np.var(accuracies.values[0], ddof=1))
    assert error == pytest.approx(np.diag(own).mean())
    assert cov2 == pytest.approx(own[~np.eye(4, dtype=bool)].mean())


def test_one_reader_has_no_variation_over_readers() -> None:
    lone = Accuracies("f", "m", ("1", "2"), ("a",), np.ones((2, 1)), np.ones((2, 1, 2, 1)), 9, (0.0, 1.0))

    with pytest.raises(NotEstimable, match="2 modalities, 1 readers"):
        variation(lone)
