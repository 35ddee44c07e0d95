"""Appending to the trail."""

import json

import pytest
from django.db import transaction

from audit import trail
from audit.entry import canonical
from audit.events import Event
from audit.models import AuditEvent


@pytest.mark.requirement("AUD-01")
@pytest.mark.django_db
def test_an_event_holds_the_canonical_text_that_its_columns_say() -> None:
    trail.append(Event.RUN_OPENED, "run/1", actor="kim", study="study/7", number=1)

    row = AuditEvent.objects.get()
    content = json.loads(row.canonical)
    assert (content["event"], content["subject"], content["actor"]) == (row.event, row.subject, row.actor)
    assert content["facts"] == {"number": 1}
    assert row.canonical == canonical(content)


@pytest.mark.requirement("AUD-01")
@pytest.mark.django_db(transaction=True)
def test_an_event_outside_the_transaction_of_its_change_is_refused() -> None:
    with pytest.raises(trail.OutsideTransaction):
        trail.append(Event.RUN_OPENED, "run/1")


@pytest.mark.requirement("AUD-01")
@pytest.mark.django_db(transaction=True)
def test_an_event_goes_with_its_change() -> None:
    with transaction.atomic():
        trail.append(Event.RUN_OPENED, "run/1")
        transaction.set_rollback(True)

    assert not AuditEvent.objects.exists()
