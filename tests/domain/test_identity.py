"""Derived UIDs and the UID grammar."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samd.domain.identity import derived_uid, is_uid

parts = st.lists(st.text(max_size=20), min_size=1, max_size=4)


@pytest.mark.requirement("FLOW-06")
@given(parts)
def test_a_derived_uid_is_a_uid_and_always_the_same(words: list[str]) -> None:
    uid = derived_uid(*words)

    assert is_uid(uid)
    assert derived_uid(*words) == uid


@pytest.mark.requirement("FLOW-06")
@given(parts, parts)
def test_other_parts_give_another_uid(some: list[str], others: list[str]) -> None:
    assert (derived_uid(*some) == derived_uid(*others)) == (some == others)


@pytest.mark.requirement("FLOW-06")
def test_the_rule_of_derivation_does_not_drift() -> None:
    # Objects already in archives carry these: a change here would make duplicates of them.
    assert derived_uid("1.2.3", "abc", "SR", "1") == "2.25.150714284856727721797546519345896571036"


@pytest.mark.requirement("NODE-04")
@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "1.",
        ".1",
        "1..2",
        "01.2",
        "1.02",
        "../../EVIL",
        "1.2;$(id)",
        "1.2/3",
        "1" * 65,
        "1.2 ",
        "１.２",
        "1.2\n",
    ],
)
def test_what_breaks_the_uid_grammar_is_no_uid(text: str) -> None:
    assert not is_uid(text)


@pytest.mark.requirement("NODE-04")
@pytest.mark.parametrize("text", ["1.2.840.10008.1.2", "0.0", "2.25.0", "1" * 64])
def test_what_follows_the_uid_grammar_is_a_uid(text: str) -> None:
    assert is_uid(text)
