"""Nothing leaves without a reason, and the trail says what left, with its digest."""

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

import pytest
from django.core.signals import request_finished
from django.db import close_old_connections
from django.http import StreamingHttpResponse

from audit.actors import Actor
from audit.models import AuditEvent
from samd.console.trail_filter import TrailFilter
from samd.console.trail_handover import Download, NoReason, reason_of, streamed, whole

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("AUD-09", "AUD-07")]

TAKEN = Download(
    subject="trail",
    format="CSV",
    filename="audit-trail.csv",
    content_type="text/csv",
    reason="inspection: yearly",
    wanted=TrailFilter(study="17", what="reading"),
    actor=Actor("lee", "10.0.0.9"),
)


def said() -> list[dict[str, Any]]:
    return [json.loads(event.canonical) for event in AuditEvent.objects.order_by("pk")]


def hang_up(response: StreamingHttpResponse) -> None:
    """Close `response` as a server does whose client has gone; the connection of the test stays open."""
    request_finished.disconnect(close_old_connections)
    try:
        response.close()
    finally:
        request_finished.connect(close_old_connections)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"purpose": "inspection"},
        {"purpose": "inspection", "details": "  "},
        {"details": "because"},
        {"purpose": "curiosity", "details": "because"},
        {"purpose": "inspection", "details": "x" * 201},
    ],
)
def test_a_reason_is_a_purpose_and_some_words(given: dict[str, str]) -> None:
    with pytest.raises(NoReason):
        reason_of(given)


def test_the_reason_is_recorded_as_it_was_given() -> None:
    assert reason_of({"purpose": "inspection", "details": " yearly "}) == "inspection: yearly"


def test_a_file_is_recorded_with_its_digest_before_it_is_handed_out() -> None:
    response = whole(TAKEN, b"content", rows=3)

    (event,) = said()
    assert (event["event"], event["actor"], event["address"]) == ("trail:exported", "lee", "10.0.0.9")
    assert (event["reason"], event["study"]) == ("inspection: yearly", "study/17")
    assert event["facts"] == {
        "format": "CSV",
        "filter": "study=17&what=reading",
        "part": "complete",
        "rows": 3,
        "digest": sha256(b"content").hexdigest(),
    }
    assert response.headers["Content-Disposition"] == 'attachment; filename="audit-trail.csv"'


def test_a_stream_is_recorded_before_its_first_byte_and_with_its_last() -> None:
    response = streamed(TAKEN, iter([("a,b\r\n", 1), ("c,d\r\n", 2)]))

    assert [event["facts"]["part"] for event in said()] == ["begun"]
    content = response.getvalue()
    _begun, complete = said()
    assert complete["facts"]["digest"] == sha256(content).hexdigest()
    assert (complete["facts"]["rows"], complete["facts"]["part"]) == (3, "complete")
    assert (complete["actor"], complete["address"], complete["outcome"]) == ("lee", "10.0.0.9", 0)


def test_a_stream_that_breaks_off_is_recorded_as_far_as_it_went() -> None:
    response = streamed(TAKEN, iter([("a,b\r\n", 1), ("c,d\r\n", 2)]))
    next(iter(response))

    hang_up(response)

    event = said()[-1]
    assert (event["facts"]["part"], event["facts"]["rows"]) == ("broken off", 1)
    assert event["facts"]["digest"] == sha256(b"a,b\r\n").hexdigest()
    assert event["outcome"] == 4


def test_a_stream_whose_source_fails_is_recorded_too() -> None:
    def failing() -> Iterator[tuple[str, int]]:
        yield "a,b\r\n", 1
        raise OSError("the disk is gone")

    response = streamed(TAKEN, failing())

    with pytest.raises(OSError, match="the disk is gone"):
        response.getvalue()
    assert said()[-1]["facts"]["part"] == "broken off"
