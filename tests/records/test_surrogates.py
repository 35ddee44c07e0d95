"""What a patient is called in the trail."""

import json
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from django.utils import timezone

from audit import sealing
from audit.models import AuditEvent
from audit.sequencer import Sequencer
from samd.records import jobs, surrogates
from samd.records.models import PatientSurrogate, Run, Study
from tests.records.arriving import arrive, sending
from tests.records.meanwhile import meanwhile, on_postgresql

pytestmark = pytest.mark.django_db


class Died(Exception):
    """The process ended between the event and what it announces."""


def die(_event: AuditEvent) -> None:
    raise Died


def forget_at_once(surrogate: str) -> None:
    surrogates.forget(surrogate, reason="request", wait=lambda _event: None)


@pytest.mark.requirement("AUD-01")
def test_events_of_a_study_name_its_patient_by_a_surrogate_that_says_nothing_of_the_id() -> None:
    arrive(sending(), patient=b"Hospital\\4711-KIM")

    events = AuditEvent.objects.exclude(patient="")
    study = Study.objects.get()
    assert {(event.study, event.patient) for event in events} == {(str(study), study.patient)}
    assert events.count() == 2
    assert not any(
        "4711" in event.canonical or "KIM" in event.canonical for event in AuditEvent.objects.all()
    )


@pytest.mark.requirement("AUD-01")
def test_two_studies_of_a_patient_have_the_same_surrogate_and_another_patient_another() -> None:
    association = sending()
    arrive(association, "1.1", study="1.2", patient=b"\\4711")
    arrive(association, "1.3", study="1.4", patient=b"\\4711")
    arrive(association, "1.5", study="1.6", patient=b"\\4712")

    first, second, other = Study.objects.order_by("pk").values_list("patient", flat=True)
    assert first == second != other
    assert surrogates.known_surrogate(b"\\4712") == other


@pytest.mark.requirement("AUD-01")
def test_a_patient_without_an_id_has_no_surrogate() -> None:
    arrive(sending(), patient=b"")

    assert Study.objects.get().patient == ""
    assert not PatientSurrogate.objects.exists()


@pytest.mark.requirement("AUD-01", "AUD-03")
@pytest.mark.django_db(transaction=True)
def test_forgetting_a_patient_leaves_the_trail_and_nothing_that_leads_to_the_person(
    sequencer: Sequencer,
) -> None:
    arrive(sending(), patient=b"\\4711")
    surrogate = Study.objects.get().patient
    before = list(AuditEvent.objects.order_by("pk").values_list("canonical", flat=True))

    def step() -> None:
        sequencer.step(timezone.now())

    def seal(event: AuditEvent) -> None:
        sealing.wait_until_sealed(event, pause=step)

    surrogates.forget(surrogate, reason="request of the patient, no. 12", wait=seal)

    assert surrogates.known_surrogate(b"\\4711") == Study.objects.get().patient == ""
    *kept, last = AuditEvent.objects.order_by("pk").values_list("canonical", flat=True)
    assert kept == before
    assert json.loads(last)["reason"] == "request of the patient, no. 12"


@pytest.mark.requirement("AUD-03")
@pytest.mark.django_db(transaction=True)
def test_nothing_is_forgotten_while_the_trail_cannot_be_sealed() -> None:
    arrive(sending(), patient=b"\\4711")
    surrogate = Study.objects.get().patient

    def run_out_of_patience(event: AuditEvent) -> None:
        sealing.wait_until_sealed(event, patience=timedelta(0))

    with pytest.raises(sealing.NotSealed):
        surrogates.forget(surrogate, reason="request", wait=run_out_of_patience)

    assert surrogates.known_surrogate(b"\\4711") == surrogate
    call_command("sweep", "--once")
    assert surrogates.known_surrogate(b"\\4711") == surrogate


@pytest.mark.requirement("AUD-01", "AUD-03")
@pytest.mark.django_db(transaction=True)
def test_a_forgetting_that_nobody_waited_for_is_finished_once_it_is_sealed(sequencer: Sequencer) -> None:
    association = sending()
    arrive(association, patient=b"\\4711")
    arrive(association, "1.9", study="1.8", patient=b"\\4712")
    forgotten, other = Study.objects.order_by("pk")
    with pytest.raises(Died):
        surrogates.forget(forgotten.patient, reason="request", wait=die)
    arrive(association, "1.3", study="1.4", patient=b"\\4711")
    while sequencer.step(timezone.now()):
        pass

    call_command("sweep", "--once")

    assert surrogates.known_surrogate(b"\\4711") == ""
    assert list(Study.objects.exclude(patient="").values_list("patient", flat=True)) == [other.patient]


@pytest.mark.requirement("AUD-01")
@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_a_study_that_arrives_while_its_patient_is_forgotten_does_not_keep_the_surrogate() -> None:
    association = sending()
    arrive(association, "1.1", study="1.2", patient=b"\\4711")
    surrogate = Study.objects.get().patient

    with ExitStack() as until_committed, transaction.atomic():
        arrive(association, "1.3", study="1.4", patient=b"\\4711")
        until_committed.enter_context(meanwhile(partial(forget_at_once, surrogate)))

    assert surrogates.known_surrogate(b"\\4711") == ""
    assert set(Study.objects.values_list("patient", flat=True)) == {""}


@pytest.mark.requirement("AUD-01")
@on_postgresql
@pytest.mark.django_db(transaction=True)
def test_an_image_that_arrives_while_its_patient_is_forgotten_does_not_bring_the_surrogate_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    association = sending()
    arrive(association, "1.1", patient=b"\\4711")
    surrogate = Study.objects.get().patient
    enqueue = jobs.enqueue

    def forgotten_meanwhile(*work: Any, **when: Any) -> None:
        with meanwhile(partial(forget_at_once, surrogate)):
            enqueue(*work, **when)

    Run.objects.update(completed_at=timezone.now())
    monkeypatch.setattr(jobs, "enqueue", forgotten_meanwhile)  # by then, the row of the study was read

    arrive(association, "1.3", patient=b"\\4711")

    assert Study.objects.get().patient == ""
