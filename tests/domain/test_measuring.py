"""From predictions to findings."""

import numpy as np
import pytest

from samd.domain.codes import AREA, CUBIC_CENTIMETRE, SQUARE_CENTIMETRE, VOLUME
from samd.domain.finding import Answer, Prediction, Volume
from samd.domain.measuring import conclude
from samd.domain.study import Frame
from tests.cards import FAT_SHARE, classifying_card, measuring_card


def volume(planes: int, *, plane_spacing: float | None = 5.0) -> Volume:
    frames = tuple(Frame(f"1.2.{n}", pixel_spacing=(2.0, 0.5)) for n in range(planes))
    return Volume(np.zeros((planes, 10, 10), np.float32), frames, plane_spacing)


def labelled(planes: int, counts: dict[int, int]) -> Prediction:
    labels = np.zeros(planes * 100, np.uint8)
    start = 0
    for number, count in counts.items():
        labels[start : start + count] = number
        start += count
    return Prediction(labels=labels.reshape(planes, 10, 10))


@pytest.mark.requirement("MOD-03")
def test_segments_are_measured_in_cubic_centimetres() -> None:
    answer, (adipose, lung) = conclude(
        measuring_card(), labelled(3, {1: 200, 2: 40}), volume(3), study_instance_uid="1.2"
    )

    assert answer is Answer.FINDING
    amount = adipose.measurements[0]
    assert (amount.name, amount.unit) == (VOLUME, CUBIC_CENTIMETRE)
    assert amount.value == pytest.approx(200 * 2.0 * 0.5 * 5.0 / 1000)  # mm3 to cm3
    assert lung.segment == 2


@pytest.mark.requirement("MOD-03")
def test_a_single_plane_is_measured_in_square_centimetres() -> None:
    _, (adipose, _) = conclude(
        measuring_card(), labelled(1, {1: 50}), volume(1, plane_spacing=None), study_instance_uid="1.2"
    )

    amount = adipose.measurements[0]
    assert (amount.name, amount.unit) == (AREA, SQUARE_CENTIMETRE)
    assert amount.value == pytest.approx(50 * 2.0 * 0.5 / 100)  # mm2 to cm2


@pytest.mark.requirement("MOD-03")
def test_a_fraction_of_too_little_is_not_estimated() -> None:
    _, (adipose, lung) = conclude(
        measuring_card(), labelled(1, {1: 30, 2: 10}), volume(1), study_instance_uid="1.2"
    )

    (share,) = adipose.measurements[1:]
    assert share.name == FAT_SHARE
    assert share.value == pytest.approx(75.0)
    assert lung.measurements[1:] == ()


@pytest.mark.requirement("GATE-02")
def test_an_empty_segment_is_measured_as_zero_has_no_region_and_is_not_called_absent() -> None:
    answer, (adipose, lung) = conclude(
        measuring_card(), labelled(1, {1: 30}), volume(1), study_instance_uid="1.2"
    )

    assert answer is Answer.FINDING
    assert (adipose.present, lung.present, lung.segment) == (None, None, None)
    assert lung.measurements[0].value == 0.0


@pytest.mark.requirement("GATE-02")
def test_no_segment_at_all_is_nothing_found() -> None:
    answer, _ = conclude(measuring_card(), labelled(1, {}), volume(1), study_instance_uid="1.2")

    assert answer is Answer.NOTHING_FOUND


@pytest.mark.requirement("GATE-02")
@pytest.mark.parametrize(
    ("score", "present", "undetermined", "answer"),
    [
        (0.0, False, False, Answer.NOTHING_FOUND),
        (0.39, False, False, Answer.NOTHING_FOUND),
        (0.4, None, True, Answer.FINDING),
        (0.59, None, True, Answer.FINDING),
        (0.6, True, False, Answer.FINDING),
        (1.0, True, False, Answer.FINDING),
    ],
)
def test_a_score_between_the_limits_is_neither_present_nor_absent(
    score: float, present: bool | None, undetermined: bool, answer: Answer
) -> None:
    prediction = Prediction(scores={"pneumonia": score})

    given, (finding,) = conclude(classifying_card(), prediction, volume(1), study_instance_uid="1.2")

    assert (finding.present, finding.undetermined, given) == (present, undetermined, answer)


@pytest.mark.requirement("OUT-01")
def test_the_same_thing_keeps_its_tracking_uid_in_another_version() -> None:
    prediction = Prediction(scores={"pneumonia": 0.9})

    _, (old,) = conclude(classifying_card(), prediction, volume(1), study_instance_uid="1.2")
    _, (new,) = conclude(classifying_card(digest="c" * 64), prediction, volume(1), study_instance_uid="1.2")
    _, (other,) = conclude(classifying_card(), prediction, volume(1), study_instance_uid="1.3")

    assert old.tracking_uid == new.tracking_uid != other.tracking_uid
