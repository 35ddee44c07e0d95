"""A run that is ordered in the console: only of a signed protocol, once at a time, done or refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command

from audit.events import Event
from audit.models import AuditEvent, Record
from tests.accounts.people import logged_in, person
from tests.console.signers import form, text
from tests.console.signers import lee as lee
from tests.console.signers import park as park
from tests.console.signers import sealing_goes_on as sealing_goes_on
from tests.validation.device import Bench, bench
from validation import approval, judging, ordering, tasks
from validation.judging import Places
from validation.models import Outcome, Run, RunOrder
from validation.protocol import read_protocol

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("sealing_goes_on", "workers_answer_at_once"),
    pytest.mark.requirement("VAL-07", "VAL-12"),
]


@pytest.fixture
def workers_answer_at_once() -> Iterator[None]:
    before, current_app.conf.task_always_eager = current_app.conf.task_always_eager, True
    yield
    current_app.conf.task_always_eager = before


@pytest.fixture
def site(settings: Any, tmp_path: Path) -> Bench:
    """A site with a data set of its own, a model, and the key that the model is signed with."""
    made = bench(tmp_path / "bench")
    assert made.places.data is not None
    settings.SAMD_HOME = tmp_path / "home"
    settings.SAMD_TRUST = made.trust
    settings.SAMD_MODELS = made.places.bundles[0]
    settings.SAMD_VALIDATION_SETS = tmp_path / "sets"
    (tmp_path / "sets").mkdir()
    made.places.data.rename(tmp_path / "sets" / "radiographs")
    manifest = made.protocol.parent / "set.json"
    manifest.rename(tmp_path / "sets" / "radiographs" / "set.json")
    return made


def registered(site: Bench, user: User) -> Record:
    file = SimpleUploadedFile("protocol.toml", site.protocol.read_bytes())
    logged_in(user).post("/validations/", {"protocol": file})
    return Record.objects.get(subject=approval.subject_of(read_protocol(site.protocol)))


def page_of(record: Record) -> str:
    return f"/validations/protocols/{record.subject.split('/')[1]}/"


def signed(record: Record, lee: User, park: User) -> None:
    for user, meaning in ((lee, "reviewed"), (park, "approved")):
        text(logged_in(user), f"{page_of(record)}sign/", form(user, record, meaning))


def ordered(record: Record, user: User) -> str:
    return text(logged_in(user), f"{page_of(record)}order/", {})


def test_a_signed_protocol_is_run_by_pressing_a_button(site: Bench, lee: User, park: User) -> None:
    record = registered(site, lee)
    signed(record, lee, park)
    assert "Start a run" in text(logged_in(lee), page_of(record))

    assert "The run is ordered" in ordered(record, lee)
    assert "waits for the judge" in text(logged_in(park), page_of(record))
    call_command("judge", "--once")

    run = Run.objects.get()
    page = text(logged_in(park), f"/validations/{run.pk}/")
    assert "6 of 6 analyses" in page
    assert "The protocol is not signed." not in page
    report = logged_in(park).get(f"/validations/{run.pk}/files/report.pdf")
    assert report.content.startswith(b"%PDF-")
    assert logged_in(park).get(f"/validations/{run.pk}/files/cases.csv").content.count(b"\n") == 7
    assert "The last order is done" in text(logged_in(lee), page_of(record))
    events = AuditEvent.objects.filter(event__in=[Event.VALIDATION_ORDERED, Event.VALIDATION_STARTED])
    assert set(events.values_list("actor", flat=True)) == {lee.get_username()}


def test_what_is_not_signed_is_not_run(site: Bench, lee: User, park: User) -> None:
    record = registered(site, lee)
    text(logged_in(lee), f"{page_of(record)}sign/", form(lee, record, "reviewed"))

    assert "Start a run" not in text(logged_in(lee), page_of(record))
    assert "once both signatures stand below it" in ordered(record, lee)
    assert not RunOrder.objects.exists()


@pytest.mark.parametrize("role", ["approver", "auditor", "physician"])
def test_only_a_quality_officer_starts_a_run(site: Bench, lee: User, park: User, role: str) -> None:
    record = registered(site, lee)
    signed(record, lee, park)
    user = person("kim", role)

    assert "None of your roles" in ordered(record, user)
    assert not RunOrder.objects.exists()


def test_an_order_that_waits_is_not_given_twice(site: Bench, lee: User, park: User) -> None:
    record = registered(site, lee)
    signed(record, lee, park)
    ordered(record, lee)

    assert "ordered already" in ordered(record, lee)
    assert RunOrder.objects.count() == 1


def test_a_file_that_was_altered_refuses_the_order_and_says_which(
    site: Bench, lee: User, park: User, settings: Any
) -> None:
    record = registered(site, lee)
    signed(record, lee, park)
    ordered(record, lee)
    altered = Path(settings.SAMD_VALIDATION_SETS) / "radiographs" / "case-3.dcm"
    altered.write_bytes(altered.read_bytes()[:-1] + b"\x07")

    call_command("judge", "--once")

    assert "case-3.dcm was altered" in text(logged_in(lee), page_of(record))
    assert not Run.objects.exists()
    assert AuditEvent.objects.filter(event=Event.VALIDATION_REFUSED, subject=record.subject).count() == 1
    assert "The run is ordered" in ordered(record, lee)  # once the file is mended, it is ordered again


def test_a_set_that_is_not_here_is_asked_for(site: Bench, lee: User, park: User, settings: Any) -> None:
    record = registered(site, lee)
    signed(record, lee, park)
    settings.SAMD_VALIDATION_SETS = Path(settings.SAMD_VALIDATION_SETS) / "elsewhere"
    ordered(record, lee)

    call_command("judge", "--once")

    assert "Put it and its files into a folder of their own" in text(logged_in(lee), page_of(record))


def test_an_order_goes_on_where_it_was_stopped(
    site: Bench, lee: User, park: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = registered(site, lee)
    signed(record, lee, park)
    ordered(record, lee)

    def stopped(_opened: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr("validation.judging.close", stopped)
        with pytest.raises(SystemExit):
            call_command("judge", "--once")
    assert Outcome.objects.count() == 6
    assert "A run is under way" in text(logged_in(lee), page_of(record))
    call_command("judge", "--once")

    assert Run.objects.get().finished_at is not None
    assert Outcome.objects.count() == 6
    assert ordering.waiting() == []


def test_a_fault_of_the_device_ends_the_order_and_says_so(
    site: Bench, lee: User, park: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = registered(site, lee)
    signed(record, lee, park)
    ordered(record, lee)

    def broken(_opened: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr("validation.judging.close", broken)
        call_command("judge", "--once")

    assert "a fault of the device (ZeroDivisionError)" in text(logged_in(lee), page_of(record))
    assert ordering.waiting() == []


def test_a_worker_takes_up_a_protocol_that_was_edited_meanwhile(site: Bench, settings: Any) -> None:
    folder = Path(settings.SAMD_VALIDATION_SETS) / "radiographs"
    protocol = folder / "test.toml"
    places = Places(data=folder, bundles=site.places.bundles)
    for seed in ("seed = 7", "seed = 8"):
        protocol.write_text(site.protocol.read_text().replace("seed = 7", seed))
        opened = judging.open_protocol(protocol, places, say=lambda _words: None)
        tasks.work_off(opened, protocol, places, tick=lambda _done, _all: None)

    assert sorted(run.outcomes.count() for run in Run.objects.all()) == [6, 6]
