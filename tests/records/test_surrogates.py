"""What a patient is called in the trail."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from audit import sealing
from audit.models import AuditEvent
from audit.sequencer import Sequencer
from samd.records import surrogates
from samd.records.models import PatientSurrogate, Study
from tests.records.arriving import arrive, sending

pytestmark = pytest.mark.django_db


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
