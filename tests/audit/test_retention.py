"""How long records are kept, and what is held beyond that."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit import retention
from audit.actors import acting
from audit.events import Event
from audit.models import AuditEvent
from audit.retention import (
    EVERYTHING,
    POLICY,
    Hold,
    HoldRefused,
    RecordClass,
    holds,
    holds_after,
    kept_until,
    lift,
    may_destroy,
    place,
)
from audit.sequencer import Sequencer
from tests.audit.grown import seal

pytestmark = pytest.mark.requirement("AUD-10")

SINCE = datetime(2026, 11, 22, 9, tzinfo=UTC)
HELD = Hold("study/17", SINCE, "kim", "a claim was announced")


def test_every_class_of_record_has_a_rule_with_its_source() -> None:
    assert set(POLICY) == set(RecordClass)
    assert all(rule.years >= 2 and rule.source for rules in POLICY.values() for rule in rules)


def test_an_access_log_is_kept_two_years_by_the_korean_rule_and_six_by_hipaa() -> None:
    years = {rule.source.split(":")[0].split(",")[0]: rule.years for rule in POLICY[RecordClass.ACCESS_LOG]}

    assert years == {"Korea": 2, "45 CFR 164.316(b)(2)": 6}
    assert kept_until(RecordClass.ACCESS_LOG, SINCE)[0] == SINCE.replace(year=2032)


def test_a_site_keeps_longer_but_never_shorter() -> None:
    longer = {RecordClass.ACCESS_LOG: 10, RecordClass.TRAIL: 1}

    assert kept_until(RecordClass.ACCESS_LOG, SINCE, longer=longer) == (
        SINCE.replace(year=2036),
        "policy of this site",
    )
    assert kept_until(RecordClass.TRAIL, SINCE, longer=longer)[0] == SINCE.replace(year=2032)


def test_years_from_a_leap_day_end_on_a_day_that_exists() -> None:
    assert kept_until(RecordClass.TRAIL, datetime(2028, 2, 29, tzinfo=UTC))[0] == datetime(
        2034, 3, 1, tzinfo=UTC
    )


@given(st.sampled_from(RecordClass), st.integers(-1000, 1000))
def test_nothing_is_destroyed_before_its_time(record_class: RecordClass, days: int) -> None:
    until, _source = kept_until(record_class, SINCE)
    now = until + timedelta(days=days)

    decision = may_destroy(record_class, subjects=["study/17"], since=SINCE, now=now, holds={})

    assert decision.allowed == (days >= 0)
    assert decision.not_before == until
    assert decision.allowed or "kept until" in decision.why


@pytest.mark.parametrize("held", ["study/17", "p-0017", EVERYTHING])
def test_what_is_held_is_not_destroyed_however_old(held: str) -> None:
    decision = may_destroy(
        RecordClass.ANALYSIS,
        subjects=["analysis/3", "study/17", "p-0017"],
        since=SINCE,
        now=SINCE.replace(year=2090),
        holds={held: HELD},
    )

    assert not decision.allowed
    assert "held since 2026-11-22: a claim was announced" in decision.why


def test_what_others_hold_is_no_hindrance() -> None:
    late = SINCE.replace(year=2090)

    assert may_destroy(
        RecordClass.ANALYSIS, subjects=["study/18"], since=SINCE, now=late, holds={"study/17": HELD}
    ).allowed


def test_the_state_follows_from_the_events() -> None:
    other = Hold("study/18", SINCE, "lee", "another")
    told = [
        (Event.HOLD_PLACED, HELD),
        (Event.HOLD_PLACED, other),
        (Event.HOLD_PLACED, Hold("study/17", SINCE, "lee", "again")),
        (Event.HOLD_LIFTED, other),
    ]

    assert holds_after(told) == {"study/17": HELD}
    assert holds_after([*told, (Event.HOLD_LIFTED, HELD), (Event.HOLD_LIFTED, HELD)]) == {}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("sealed", [True, False])
def test_holds_are_events_of_the_trail(sequencer: Sequencer, sealed: bool) -> None:
    with acting("kim"):
        place("study/17", reason="a claim was announced")
        place("study/18", reason="another")
        lift("study/18", reason="it was withdrawn")
    if sealed:
        seal(sequencer)

    (hold,) = holds().values()

    assert (hold.subject, hold.actor, hold.reason) == ("study/17", "kim", "a claim was announced")
    assert list(AuditEvent.objects.order_by("pk").values_list("event", "subject", "study")) == [
        (Event.HOLD_PLACED, "study/17", "study/17"),
        (Event.HOLD_PLACED, "study/18", "study/18"),
        (Event.HOLD_LIFTED, "study/18", "study/18"),
    ]


@pytest.mark.django_db(transaction=True)
def test_a_hold_is_placed_once_lifted_once_and_never_without_a_reason() -> None:
    with pytest.raises(HoldRefused, match="say why"):
        place("study/17", reason=" ")
    place("study/17", reason="a claim was announced")
    with pytest.raises(HoldRefused, match="held already"):
        place("study/17", reason="a claim was announced")
    with pytest.raises(HoldRefused, match="is not held"):
        lift("study/18", reason="it was withdrawn")

    assert list(holds()) == ["study/17"]
    assert AuditEvent.objects.count() == 1


def test_nothing_in_this_module_deletes() -> None:
    source = Path(retention.__file__).read_text()

    assert ".delete(" not in source
    assert "DELETE" not in source
