"""Drawing up the review of a month, and keeping it to be signed."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from audit import review_opening
from audit.events import Event
from audit.manifest import digest_of
from audit.models import AuditEvent, Record
from audit.review_opening import NotOpened
from audit.reviews import State
from tests.audit.months import NOW, OCTOBER, SEOUL, opened, state, verify
from tests.audit.months import at as at
from tests.audit.months import october as october
from tests.audit.signers import LEE, PARK, Site
from tests.audit.signers import site as site
from tests.audit.signers import staffed as staffed

pytestmark = pytest.mark.requirement("SIG-03")


def test_the_review_holds_the_events_of_its_month_and_no_others(october: Site) -> None:
    said = json.loads(opened().content)

    assert said["by_person"] == {"kim": 2, "device": 1}
    (exported,) = next(one for one in said["sections"] if one["name"] == "exports")["lines"]
    assert exported["reason"] == "asked for by the ministry"


def test_what_is_drawn_up_before_is_what_the_review_holds(october: Site) -> None:
    verified = review_opening.last_verified(since=NOW)
    before = review_opening.drawn_up(OCTOBER, zone=SEOUL, verified=verified)
    said = json.loads(opened().content)

    assert {**before, "author": said["author"], "comments": said["comments"]} == said


def test_opening_a_review_is_an_event_that_is_bound_to_its_content(october: Site) -> None:
    record = opened()

    event = AuditEvent.objects.get(event=Event.REVIEW_OPENED)
    assert (event.subject, event.actor) == ("review/2026-10", "lee")
    assert json.loads(event.canonical)["facts"] == {"digest": record.digest, "month": "2026-10"}


def test_a_correction_is_a_review_in_the_place_of_the_first_with_a_reason(october: Site) -> None:
    first = opened("Nothing unusual.")
    october.sign(first.subject, LEE, "reviewed")
    october.sign(first.subject, PARK, "approved")

    second = opened("One export was not explained.", because="an export was overlooked")

    said = json.loads(second.content)
    assert second.subject == "review/2026-10/2"
    assert (said["supersedes"], said["because"]) == ("review/2026-10", "an export was overlooked")
    assert (state().record, state().state) == (second, State.OPENED)
    assert review_opening.versions(OCTOBER) == [first, second]


@pytest.mark.part11("11.10(a)")
def test_a_review_that_was_altered_before_anybody_signed_it_is_not_what_was_opened(october: Site) -> None:
    record = opened("One export was not explained.")
    assert review_opening.is_as_opened(record)

    record.content = record.content.replace("One export was not explained.", "All is well.")
    record.digest = digest_of(record.content)

    assert not review_opening.is_as_opened(record)


@pytest.mark.parametrize("because", ["", "   "])
def test_a_review_is_not_replaced_without_a_reason(october: Site, because: str) -> None:
    first = opened()

    with pytest.raises(NotOpened, match="reason"):
        opened(because=because)

    assert review_opening.versions(OCTOBER) == [first]


def test_a_month_that_is_not_over_is_not_reviewed(october: Site) -> None:
    with pytest.raises(NotOpened, match="not over"):
        opened(now=OCTOBER.ends(SEOUL) - timedelta(seconds=1))

    assert not Record.objects.filter(subject__startswith="review/").exists()


@pytest.mark.part11("11.10(g)")
def test_only_a_quality_officer_opens_a_review(october: Site) -> None:
    with pytest.raises(NotOpened, match="quality officer"):
        opened(person=replace(PARK, roles=PARK.roles | {"physician"}))

    assert not AuditEvent.objects.filter(event=Event.REVIEW_OPENED).exists()


def test_a_review_holds_the_newest_verification_of_the_trail(october: Site) -> None:
    verify(problems=3)

    said = json.loads(opened().content)

    assert said["verification"] == {
        "at": "2026-11-03T03:00:00.000000+00:00",
        "by": "lee",
        "events": 7,
        "problems": 3,
        "size": 7,
        "root": "ab" * 32,
    }


def test_a_month_is_not_reviewed_before_the_trail_was_verified_after_it(
    staffed: Site, at: Callable[[datetime], None]
) -> None:
    at(OCTOBER.ends(SEOUL) - timedelta(seconds=1))
    verify()

    with pytest.raises(NotOpened, match="not verified"):
        opened()


def test_two_who_open_the_same_review_at_once_open_one(
    october: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened()
    monkeypatch.setattr(review_opening, "versions", lambda _month: [])

    with pytest.raises(NotOpened, match="somebody else"):
        opened()

    assert AuditEvent.objects.filter(event=Event.REVIEW_OPENED).count() == 1
