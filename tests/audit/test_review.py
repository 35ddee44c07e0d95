"""The content of a monthly review: from the events of a month, and from nothing else."""

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from audit.entry import canonical
from audit.events import Event
from audit.month import Month
from audit.reading import Rules
from audit.records import _has_fraction
from audit.review import LISTED, SECTIONS, Happened, Verified, content, findings
from audit.verdicts import asked

SEOUL = ZoneInfo("Asia/Seoul")
NOON = datetime(2026, 10, 5, 3, 0, tzinfo=UTC)  # a Monday, 12:00 in Seoul
OCTOBER = Month(2026, 10)
WHOLE = Verified(at=NOON, by="lee", events=7, problems=0, size=7, root="ab" * 32)
LEE = {"signer": "user/1", "username": "lee", "name": "Lee Min-ji"}

pytestmark = [pytest.mark.requirement("SIG-03"), pytest.mark.part11("11.10(e)")]


def event(
    kind: Event,
    *,
    actor: str = "kim",
    subject: str = "user",
    address: str = "10.0.0.5",
    study: str = "",
    at: datetime = NOON,
    reason: str = "",
    changes: dict[str, list[Any]] | None = None,
    **facts: Any,
) -> Happened:
    text = canonical({"reason": reason, "changes": changes or {}, "facts": facts})
    return Happened(at, kind, subject, actor, address, study, text if kind in LISTED else "")


def found(*events: Happened) -> dict[str, Any]:
    return findings(events, zone=SEOUL, rules=Rules())


def lines(section: str, *events: Happened) -> list[dict[str, Any]]:
    (one,) = [one for one in found(*events)["sections"] if one["name"] == section]
    return list(one["lines"])


def test_events_are_counted_by_kind_and_by_person() -> None:
    result = found(
        event(Event.STUDY_VIEWED),
        event(Event.STUDY_VIEWED, actor="park"),
        event(Event.INSTANCE_STORED, actor="device"),
    )

    assert result["events"] == 3
    assert result["by_event"] == {"study:viewed": 2, "instance:stored": 1}
    assert result["by_person"] == {"kim": 1, "park": 1, "device": 1}


@pytest.mark.parametrize(
    ("section", "kind"), [(name, kind) for name, kinds in SECTIONS.items() for kind in sorted(kinds)]
)
def test_whatever_a_reviewer_must_see_is_listed_with_who_where_and_why(section: str, kind: Event) -> None:
    (line,) = lines(section, event(kind, subject="it", reason="because", weight=3))

    assert line == {
        "event": kind,
        "actor": "kim",
        "address": "10.0.0.5",
        "subject": "it",
        "reason": "because",
        "detail": "weight: 3",
        "count": 1,
        "first": "2026-10-05T03:00:00.000000+00:00",
        "last": "2026-10-05T03:00:00.000000+00:00",
    }


@pytest.mark.parametrize(
    "kind",
    [
        Event.USER_LOGIN_FAILED,
        Event.USER_LOCKED,
        Event.USER_REFUSED,
        Event.ASSOCIATION_REFUSED,
        Event.INSTANCE_CONFLICTED,
        Event.TRAIL_ALARMED,
        Event.ASSOCIATION_DISAGREED,
        Event.DELIVERY_DISAGREED,
        Event.TRAIL_EXPORTED,
        Event.ROLE_GRANTED,
        Event.ROLE_WITHDRAWN,
        Event.SIGNING_KEY_ENROLLED,
        Event.SIGNING_KEY_RETIRED,
        Event.TRAIL_KEY_ROTATED,
        Event.HOLD_PLACED,
        Event.HOLD_LIFTED,
        Event.SIGNATURE_REFUSED,
        Event.PATIENT_LOOKED_UP,
    ],
)
def test_no_event_that_a_review_is_for_is_left_out(kind: Event) -> None:
    assert sum(one["count"] for one in found(event(kind))["sections"]) == 1


def test_lines_that_say_the_same_are_one_line_with_their_number_and_times() -> None:
    again = [event(Event.USER_LOGIN_FAILED, at=NOON + timedelta(minutes=n)) for n in range(500)]

    (line,) = lines("failed logins", *again)

    assert (line["count"], line["first"], line["last"]) == (
        500,
        "2026-10-05T03:00:00.000000+00:00",
        "2026-10-05T11:19:00.000000+00:00",
    )


def test_a_long_list_says_how_much_of_it_is_left_out() -> None:
    many = [event(Event.USER_LOGIN_FAILED, address=f"10.0.{n // 256}.{n % 256}") for n in range(300)]

    (section,) = [one for one in found(*many)["sections"] if one["name"] == "failed logins"]

    assert (section["count"], len(section["lines"]), section["left_out"]) == (300, 200, 100)


def test_old_and_new_values_are_told_and_long_values_are_cut() -> None:
    (line,) = lines(
        "roles",
        event(
            Event.ROLE_GRANTED, changes={"roles": [[], ["approver", "physician"]]}, note="x" * 9, why="y" * 99
        ),
    )

    assert line["detail"] == f"roles:  → approver, physician; why: {'y' * 79}…"


def test_an_event_whose_text_was_spoilt_is_still_listed() -> None:
    spoilt = event(Event.ROLE_GRANTED)._replace(canonical='{"changes":{"a":1},"facts":7}')

    assert lines("roles", spoilt)[0]["detail"] == ""
    assert lines("roles", spoilt._replace(canonical="["))[0]["count"] == 1


def test_reading_is_told_by_person() -> None:
    night = NOON.replace(hour=15)  # midnight in Seoul
    result = found(
        event(Event.STUDY_VIEWED, study="study/1"),
        event(Event.PICTURE_VIEWED, study="study/1"),
        event(Event.STUDY_VIEWED, study="study/2", at=night),
        event(Event.WORKLIST_SEARCHED, actor="park"),
    )

    assert [
        (one["person"], one["opened"], one["studies"], one["after_hours"]) for one in result["reading"]
    ] == [
        ("kim", 3, 2, 1),
        ("park", 1, 0, 0),
    ]


def test_events_that_nobody_looks_into_may_come_as_counts() -> None:
    stored = [event(Event.INSTANCE_STORED, actor="device") for _ in range(3)]
    seen = event(Event.STUDY_VIEWED, study="study/1")

    counted = findings([seen], others=[("instance:stored", "device", 3)], zone=SEOUL, rules=Rules())

    assert counted == found(*stored, seen)


def test_the_order_of_events_changes_nothing() -> None:
    events = [
        event(kind, actor=actor, study=f"study/{n}", at=NOON + timedelta(minutes=n))
        for n, (kind, actor) in enumerate((kind, actor) for kind in Event for actor in ("kim", "park"))
    ]
    shuffled = random.Random(7).sample(events, len(events))

    assert canonical(found(*shuffled)) == canonical(found(*events))


def test_a_month_without_events_has_an_empty_review() -> None:
    result = found()

    assert (result["events"], result["reading"]) == (0, [])
    assert all(one["count"] == 0 for one in result["sections"])


def test_the_content_asks_for_two_signatures_and_holds_comments_verification_and_rules() -> None:
    said = content(OCTOBER, found(), zone=SEOUL, verified=WHOLE, author=LEE, comments="Nothing unusual.")

    assert [(one.meaning, one.role) for one in asked(said)] == [
        ("reviewed", "quality_officer"),
        ("approved", "approver"),
    ]
    assert said["comments"] == "Nothing unusual."
    assert said["author"] == LEE
    assert said["verification"] == {
        "at": "2026-10-05T03:00:00.000000+00:00",
        "by": "lee",
        "events": 7,
        "problems": 0,
        "size": 7,
        "root": "ab" * 32,
    }
    assert said["rules"] == {"day_begins": 7, "day_ends": 20, "unusual_times": 3, "unusual_least": 30}
    assert (said["from"], said["to"]) == (
        "2026-09-30T15:00:00.000000+00:00",
        "2026-10-31T15:00:00.000000+00:00",
    )


def test_the_content_is_texts_and_whole_numbers() -> None:
    every = [event(kind, study="study/1", actor=f"p{n}") for n, kind in enumerate(Event)]
    said = content(OCTOBER, found(*every), zone=SEOUL, verified=WHOLE, author=LEE, comments="의견 없음")

    assert not _has_fraction(said)
    assert json.loads(canonical(said)) == said
