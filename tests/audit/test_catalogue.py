"""Searching the trail."""

import pytest
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from audit import trail
from audit.catalogue import search
from audit.events import Event
from audit.models import AuditEvent, Heading
from audit.sequencer import Sequencer

pytestmark = [pytest.mark.requirement("AUD-09"), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def events(sequencer: Sequencer) -> list[AuditEvent]:
    """Thirty events by two people, of which the last six have no number yet."""
    made = []
    for number in range(30):
        with transaction.atomic():
            actor, study = ("kim", "lee")[number % 2], f"study/{number % 3}"
            made.append(trail.append(Event.STUDY_VIEWED, study, actor=actor, study=study))
        if number == 23:
            while sequencer.step(timezone.now()):
                pass
    return made


@pytest.mark.parametrize(
    "conditions", [Q(), Q(actor="kim"), Q(study="study/1", actor="lee"), Q(actor="nobody"), ~Q(actor="kim")]
)
@pytest.mark.parametrize("count", [1, 5, 9, 100])
def test_it_finds_what_a_look_at_every_event_finds(
    events: list[AuditEvent], conditions: Q, count: int
) -> None:
    every = list(AuditEvent.objects.filter(conditions).order_by("pk").values_list("pk", flat=True))

    found = search(conditions)

    assert found.newest(count) == every[::-1][:count]
    assert found.exists() == bool(every)
    for place in (events[2].pk, events[20].pk, events[26].pk):
        assert found.newest(count, before=place) == [pk for pk in every[::-1] if pk < place][:count]
        assert found.next(count, after=place) == [pk for pk in every if pk > place][:count]


def test_times_are_searched_too(events: list[AuditEvent]) -> None:
    since, until = events[3].at, events[27].at

    found = search(Q(at__gte=since, at__lt=until, actor="lee")).newest(100)

    assert found == [event.pk for event in reversed(events[3:27]) if event.actor == "lee"]


@pytest.mark.parametrize(
    "column", ["event", "subject", "actor", "study", "patient", "model", "outcome", "at"]
)
def test_every_column_that_people_search_has_an_index(events: list[AuditEvent], column: str) -> None:
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, Heading._meta.db_table)

    assert column in {found["columns"][0] for found in constraints.values() if found["index"]}


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite says its plan in so many words")
@pytest.mark.parametrize("column", ["event", "actor", "study", "patient", "model"])
def test_the_newest_of_one_are_read_from_the_index_in_their_order(
    events: list[AuditEvent], column: str
) -> None:
    plan = search(Q(**{column: "kim"})).headings.order_by("-pk").values_list("pk")[:50].explain()

    assert f"INDEX heading_{column}" in plan
    assert "TEMP B-TREE" not in plan


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite says its plan in so many words")
def test_a_few_kinds_of_events_about_one_are_read_without_reading_the_others(
    events: list[AuditEvent],
) -> None:
    wanted = Q(subject="user/7", event__in=["role:granted", "role:withdrawn"])

    plan = search(wanted).headings.values_list("pk").explain()

    assert "INDEX heading_subject_event (subject=? AND event=?)" in plan


def test_whoever_appends_keeps_no_index_up_to_date() -> None:
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, AuditEvent._meta.db_table)

    assert [name for name, found in constraints.items() if found["index"] and not found["primary_key"]] == []
