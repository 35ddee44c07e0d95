"""Several classes and several labels, against their definitions."""

from collections.abc import Callable
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from validation.metrics.estimate import Estimate, NotEstimable
from validation.metrics.multiclass import (
    balanced_accuracy,
    confusion_matrix,
    hand_till,
    label_areas,
    macro_auc,
    macro_label_auc,
    subset_accuracy,
)
from validation.metrics.roc import auc

pytestmark = pytest.mark.requirement("VAL-03")

CLASSES = ("cyst", "solid", "none")
PAIRS = st.lists(st.tuples(st.sampled_from(CLASSES), st.sampled_from(CLASSES)), min_size=1, max_size=60)


def area(scores: NDArray[np.float64], truth: NDArray[np.bool_]) -> float:
    pairs = scores[truth][:, None] - scores[~truth][None]
    return float(((pairs > 0) + (pairs == 0) / 2).mean())


def sample(seed: int, sizes: tuple[int, ...] = (30, 20, 25)) -> tuple[NDArray[np.float64], list[str]]:
    """Scores (n, 3), somewhat better than chance and with ties, and the true names."""
    random = np.random.default_rng(seed)
    codes = np.repeat(np.arange(3), sizes)
    scores = np.round(random.normal(size=(codes.size, 3)) + np.eye(3)[codes], 1)
    return scores, [CLASSES[code] for code in codes]


def options(n: int, *, replicates: int = 50) -> dict[str, object]:
    return {"patients": np.arange(n), "seed": 1, "replicates": replicates}


@given(PAIRS)
def test_the_confusion_matrix_counts_what_each_class_was_called(cases: list[tuple[str, str]]) -> None:
    called, truth = (list(column) for column in zip(*cases, strict=True))

    matrix = confusion_matrix(called, truth, classes=CLASSES)

    for row, true in enumerate(CLASSES):
        for column, said in enumerate(CLASSES):
            assert matrix.counts[row, column] == cases.count((said, true))
    assert matrix.accuracy().value == pytest.approx(np.mean([a == b for a, b in cases]))
    for name in CLASSES:
        if name in truth:
            right = [said == name for said, true in cases if true == name]
            assert matrix.sensitivity(name).value == pytest.approx(np.mean(right))
        else:
            with pytest.raises(NotEstimable):
                matrix.sensitivity(name)
        if name in called:
            right = [true == name for said, true in cases if said == name]
            assert matrix.ppv(name).value == pytest.approx(np.mean(right))


def test_balanced_accuracy_is_the_mean_of_the_sensitivities() -> None:
    truth = ["cyst"] * 10 + ["solid"] * 4 + ["none"] * 6
    called = ["cyst"] * 7 + ["none"] * 3 + ["solid"] * 2 + ["cyst"] * 2 + ["none"] * 5 + ["solid"]

    estimate = balanced_accuracy(called, truth, classes=CLASSES, **options(20))  # type: ignore[arg-type]

    assert estimate.value == pytest.approx((7 / 10 + 2 / 4 + 5 / 6) / 3)
    assert estimate.lower < estimate.value < estimate.upper


def test_balanced_accuracy_covers_its_level() -> None:
    random = np.random.default_rng(60)
    codes = np.repeat(np.arange(3), 60)
    truth, names = [CLASSES[code] for code in codes], np.array(CLASSES)

    def estimate(seed: int) -> Estimate:
        right = random.random(180) < np.array([0.8, 0.7, 0.6])[codes]
        called = names[np.where(right, codes, (codes + 1) % 3)].tolist()
        return balanced_accuracy(
            called, truth, classes=CLASSES, patients=np.arange(180), seed=seed, replicates=299
        )

    covered = [e.lower <= 0.7 <= e.upper for e in map(estimate, range(400))]

    assert 0.93 <= np.mean(covered) <= 0.97


@pytest.mark.parametrize("seed", range(5))
def test_the_macro_area_is_the_mean_of_each_class_against_the_rest(seed: int) -> None:
    scores, truth = sample(seed)

    estimate = macro_auc(scores, truth, classes=CLASSES, **options(75))  # type: ignore[arg-type]

    names = np.array(truth)
    assert estimate.value == pytest.approx(
        np.mean([area(scores[:, at], names == name) for at, name in enumerate(CLASSES)]), abs=1e-12
    )
    assert estimate.lower < estimate.value < estimate.upper
    assert (estimate.n, estimate.seed) == (75, 1)


@pytest.mark.parametrize("seed", range(5))
def test_m_of_hand_and_till_is_the_mean_over_pairs_of_classes(seed: int) -> None:
    scores, truth = sample(seed)
    names = np.array(truth)

    estimate = hand_till(scores, truth, classes=CLASSES, **options(75))  # type: ignore[arg-type]

    # Equation 7 of the paper: 2 / (c (c - 1)) times the sum of [A(i|j) + A(j|i)] / 2 over i < j.
    total = 0.0
    for i, j in combinations(range(3), 2):
        among = np.isin(names, (CLASSES[i], CLASSES[j]))
        total += area(scores[among, i], names[among] == CLASSES[i]) / 2
        total += area(scores[among, j], names[among] == CLASSES[j]) / 2
    assert estimate.value == pytest.approx(2 / (3 * 2) * total, abs=1e-12)


@pytest.mark.parametrize("figure", [macro_auc, hand_till])
def test_with_two_classes_and_scores_that_add_up_it_is_the_area(figure: Callable[..., Estimate]) -> None:
    random = np.random.default_rng(8)
    truth = np.repeat([0, 1], [30, 20])
    score = 1 / (1 + np.exp(-random.normal(size=50) - truth))

    estimate = figure(
        np.stack([1 - score, score], axis=1),
        ["no"] * 30 + ["yes"] * 20,
        classes=("no", "yes"),
        **options(50),
    )

    assert estimate.value == pytest.approx(auc(score, truth).value, abs=1e-12)


@pytest.mark.parametrize("figure", [macro_auc, hand_till])
def test_neither_the_order_of_classes_nor_the_scale_of_scores_matters(
    figure: Callable[..., Estimate],
) -> None:
    scores, truth = sample(3)
    plain = figure(scores, truth, classes=CLASSES, **options(75))

    turned = figure(np.exp(scores[:, ::-1]), truth, classes=CLASSES[::-1], **options(75))

    assert turned.value == pytest.approx(plain.value, abs=1e-12)


def test_m_of_hand_and_till_does_not_depend_on_how_frequent_a_class_is() -> None:
    scores, truth = sample(4)
    names = np.array(truth)
    more = np.concatenate([np.arange(75), np.flatnonzero(names == "cyst")])

    plain = hand_till(scores, truth, classes=CLASSES, **options(75))  # type: ignore[arg-type]
    repeated = hand_till(
        scores[more],
        names[more].tolist(),
        classes=CLASSES,
        **options(more.size),  # type: ignore[arg-type]
    )

    assert repeated.value == pytest.approx(plain.value, abs=1e-12)


def labelled(seed: int, n: int = 80) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    random = np.random.default_rng(seed)
    truth = (random.random((n, 3)) < 0.3).astype(int)
    return np.round(random.normal(size=(n, 3)) + truth, 1), truth


def test_each_label_has_its_area_or_the_reason_why_not() -> None:
    scores, truth = labelled(1)
    truth[:, 2] = 0

    found = label_areas(scores, truth, labels=("effusion", "nodule", "hernia"))

    assert found.areas == {
        "effusion": auc(scores[:, 0], truth[:, 0]),
        "nodule": auc(scores[:, 1], truth[:, 1]),
    }
    assert list(found.not_estimable) == ["hernia"]
    assert "0 diseased" in found.not_estimable["hernia"]


def test_the_macro_area_of_labels_is_their_mean() -> None:
    scores, truth = labelled(2)

    estimate = macro_label_auc(scores, truth, labels=("a", "b", "c"), **options(80))  # type: ignore[arg-type]

    single = [area(scores[:, at], truth[:, at] == 1) for at in range(3)]
    assert estimate.value == pytest.approx(np.mean(single), abs=1e-12)
    assert estimate.lower < estimate.value < estimate.upper


def test_a_label_too_rare_for_the_bootstrap_is_refused() -> None:
    scores, truth = labelled(3)
    truth[:, 1] = 0
    truth[5, 1] = 1

    with pytest.raises(NotEstimable, match="replicates have no value"):
        macro_label_auc(scores, truth, labels=("a", "b", "c"), **options(80))  # type: ignore[arg-type]


@given(st.lists(st.tuples(*(st.booleans(),) * 4), min_size=1))
def test_a_case_counts_as_right_only_with_all_its_labels(rows: list[tuple[bool, ...]]) -> None:
    called, truth = [row[:2] for row in rows], [row[2:] for row in rows]

    right = sum(row[:2] == row[2:] for row in rows)

    estimate = subset_accuracy(called, truth)
    assert (estimate.value, estimate.n) == (right / len(rows), len(rows))


def test_a_class_without_cases_is_not_estimable() -> None:
    scores, truth = sample(1, (30, 20, 0))

    for figure in (macro_auc, hand_till):
        with pytest.raises(NotEstimable, match="no case of class none"):
            figure(scores, truth, classes=CLASSES, patients=np.arange(50), seed=1)
    with pytest.raises(NotEstimable, match="no case of class none"):
        balanced_accuracy(truth, truth, classes=CLASSES, patients=np.arange(50), seed=1)


@pytest.mark.parametrize(
    "figure",
    [
        lambda: confusion_matrix(["cyst"], ["tumour"], classes=CLASSES),
        lambda: confusion_matrix(["cyst"], ["cyst", "cyst"], classes=CLASSES),
        lambda: confusion_matrix(["a"], ["a"], classes=("a", "a")),
        lambda: confusion_matrix(["a"], ["a"], classes=("a",)),
        lambda: confusion_matrix(["cyst"], ["cyst"], classes=CLASSES).ppv("tumour"),
        lambda: balanced_accuracy(["cyst"], ["cyst"] * 2, classes=CLASSES, patients=[1, 2], seed=1),
        lambda: macro_auc(np.zeros((2, 2)), ["cyst", "none"], classes=CLASSES, patients=[1, 2], seed=1),
        lambda: label_areas(np.zeros((3, 2)), np.zeros((3, 3)), labels=("a", "b", "c")),
        lambda: label_areas(np.zeros((3, 2)), np.zeros((3, 2)), labels=("a", "b", "c")),
        lambda: label_areas(np.zeros((3, 1)), np.full((3, 1), 2), labels=("a",)),
        lambda: subset_accuracy([0, 1], [0, 1]),
        lambda: subset_accuracy([[0, 2]], [[0, 1]]),
    ],
)
def test_values_that_make_no_sense_are_refused(figure: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        figure()
