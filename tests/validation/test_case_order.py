"""The drawn order of a reader study: crossed, balanced, random, and the same for ever."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from validation.case_order import Assignment, case_order

pytestmark = pytest.mark.requirement("VAL-04")

STRATA = {f"case {number}": "diseased" if number < 8 else "healthy" for number in range(20)}
ARMS = ("aided", "unaided")


def drawn(readers: int = 4, *, seed: str = "study 7") -> tuple[Assignment, ...]:
    return case_order(STRATA, readers=[f"reader {number}" for number in range(readers)], arms=ARMS, seed=seed)


@given(cases=st.integers(3, 30), readers=st.integers(1, 6), arms=st.integers(2, 3), seed=st.text())
def test_every_reader_reads_every_case_once_in_every_arm_and_once_a_session(
    cases: int, readers: int, arms: int, seed: str
) -> None:
    strata = {str(case): "all" for case in range(cases)}

    order = case_order(strata, readers=[*"abcdef"[:readers]], arms=[*"xyz"[:arms]], seed=seed)

    assert len(order) == cases * readers * arms
    assert len({(one.reader, one.case, one.arm) for one in order}) == len(order)
    assert len({(one.reader, one.case, one.session) for one in order}) == len(order)
    for reader in "abcdef"[:readers]:
        for session in range(1, arms + 1):
            positions = [one.position for one in order if (one.reader, one.session) == (reader, session)]
            assert positions == [*range(1, cases + 1)]


def test_each_session_is_shared_equally_by_the_arms_in_each_stratum() -> None:
    counts = Counter((one.reader, one.session, one.arm, STRATA[one.case]) for one in drawn())

    assert set(counts.values()) == {4, 6}
    assert all(
        count == (4 if stratum == "diseased" else 6)
        for (_reader, _session, _arm, stratum), count in counts.items()
    )


def test_which_arm_a_case_is_first_read_in_is_balanced_between_readers() -> None:
    first = Counter((one.case, one.arm) for one in drawn(readers=4) if one.session == 1)

    assert set(first.values()) == {2}


def test_which_arm_opens_a_session_is_balanced_between_readers_and_sessions() -> None:
    opening = Counter((one.session, one.arm) for one in drawn(readers=4) if one.position == 1)

    assert opening == {(session, arm): 2 for session in (1, 2) for arm in ARMS}


def test_the_arms_of_a_session_are_read_in_blocks() -> None:
    session = [one.arm for one in drawn(readers=1) if one.session == 1]

    assert len({*session[:10]}) == 1
    assert len({*session[10:]}) == 1


def test_orders_differ_between_readers_and_sessions_and_seeds() -> None:
    def cases(order: tuple[Assignment, ...], reader: str, session: int) -> tuple[str, ...]:
        return tuple(one.case for one in order if (one.reader, one.session) == (reader, session))

    orders = {
        cases(drawn(seed=seed), f"reader {reader}", session)
        for seed in ("study 7", "study 8")
        for reader in range(4)
        for session in (1, 2)
    }

    assert len(orders) == 16


def test_the_order_hangs_on_the_seed_alone() -> None:
    turned = dict(reversed(STRATA.items()))

    again = case_order(
        turned, readers=[f"reader {number}" for number in (3, 1, 0, 2)], arms=ARMS, seed="study 7"
    )

    assert again == drawn()


def test_the_order_of_a_seed_does_not_change_with_the_machine_or_the_version() -> None:
    order = case_order({"a": "", "b": "", "c": "", "d": ""}, readers=["r"], arms=ARMS, seed="1")

    assert [(one.session, one.case, one.arm) for one in order] == [
        (1, "a", "aided"),
        (1, "d", "aided"),
        (1, "c", "unaided"),
        (1, "b", "unaided"),
        (2, "d", "unaided"),
        (2, "a", "unaided"),
        (2, "c", "aided"),
        (2, "b", "aided"),
    ]


def test_a_case_is_as_often_early_as_late() -> None:
    early = Counter(one.case for seed in range(100) for one in drawn(1, seed=str(seed)) if one.position <= 10)

    assert sum(early.values()) == 2000
    assert all(60 <= count <= 140 for count in early.values())


@pytest.mark.parametrize(
    ("readers", "arms", "why"),
    [
        (["a", "a"], ARMS, "reader a is listed twice"),
        (["a"], ["x", "x"], "arm x is listed twice"),
        (["a"], ["x"], "two arms or more"),
        (["a"], [str(number) for number in range(21)], "a case for each"),
    ],
)
def test_an_order_that_cannot_be_crossed_is_refused(readers: list[str], arms: list[str], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        case_order(STRATA, readers=readers, arms=arms, seed="1")
