"""The pages of monitoring: what is watched, what was found, and what people do about it."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from pytest_django import Settings

from audit.events import Event
from audit.models import AuditEvent, Record
from samd.accounts.roles import Role
from samd.records.models import ModelVersion
from tests.accounts.people import logged_in, person
from tests.console.signers import form, text
from tests.console.signers import lee as lee
from tests.console.signers import park as park
from tests.console.signers import sealing_goes_on as sealing_goes_on
from tests.validation.monitoring.builders import NOT_ANALYSABLE, SCORE, draft_text
from tests.validation.monitoring.site import analysed, model_in_use, planned
from validation.management.commands.watch import watch
from validation.monitoring_models import Breach, MonitoringPlan, PeriodicReport, Problem

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("sealing_goes_on"),
    pytest.mark.requirement("VAL-11"),
]
SMALL = {"studies": 100, "runs": 500}


@pytest.fixture(autouse=True)
def _device(settings: Settings, tmp_path: Path) -> None:
    settings.SAMD_STORE = tmp_path / "store"
    settings.SAMD_STORE.mkdir()


def in_use(count: int, *, score: float | None = 0.3) -> None:
    model = ModelVersion.objects.get()
    for number in range(count):
        analysed(model, score=None if score is None else score + 0.02 * (number % 10))


def uploaded(user: User, content: bytes) -> str:
    file = SimpleUploadedFile("plan.toml", content)
    return str(logged_in(user).post("/monitoring/", {"plan": file}, follow=True).content.decode())


def the_plan(folder: Path, lee: User, park: User) -> MonitoringPlan:
    """A plan that holds, with limits from 30 clean studies."""
    model_in_use()
    in_use(30)
    uploaded(lee, planned(folder, SCORE, NOT_ANALYSABLE, **SMALL).read_bytes())
    row = MonitoringPlan.objects.get()
    for user, meaning in ((lee, "reviewed"), (park, "approved")):
        sign(user, page_of(row), row.record, meaning)
    return row


def page_of(row: MonitoringPlan) -> str:
    return f"/monitoring/plans/{row.digest[:16]}/"


def sign(user: User, page: str, record: Record, meaning: str) -> str:
    return text(logged_in(user), f"{page}sign/", form(user, record, meaning))


def viewed(user: User) -> list[str]:
    rows = AuditEvent.objects.filter(event=Event.VALIDATION_VIEWED, actor=user.get_username())
    return list(rows.order_by("pk").values_list("subject", flat=True))


def test_a_plan_is_registered_signed_and_watches(tmp_path: Path, lee: User, park: User) -> None:
    row = the_plan(tmp_path, lee, park)
    in_use(20)
    watch()

    page = text(logged_in(park), page_of(row))

    assert "20 values" in page
    assert "<polyline" in page
    assert 'class="limit"' in page
    overview = text(logged_in(park), "/monitoring/")
    assert "holds since" in overview
    assert "No problem is open." in overview
    assert "watched by no signed plan" not in overview


def test_a_breach_is_shown_and_its_problem_is_followed_to_the_change(
    tmp_path: Path, lee: User, park: User
) -> None:
    row = the_plan(tmp_path, lee, park)
    in_use(40, score=None)
    watch()
    problem = Problem.objects.get()
    client, page = logged_in(lee), f"/monitoring/problems/{problem.pk}/"

    assert "Not analysable" in text(client, "/monitoring/")
    assert "<circle" in text(client, page_of(row))
    text(client, page, {"kind": "CAPA", "reference": "CAPA-2026-7"})
    linked = text(client, page, {"kind": "change request", "reference": "CR-12"})
    closed = text(client, page, {"conclusion": "The new detector was set up wrongly."})

    assert "CAPA CAPA-2026-7 → change request CR-12" in linked
    assert "The new detector was set up wrongly." in closed
    assert 'name="conclusion"' not in closed
    assert Breach.objects.exists()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"kind": "CAPA", "reference": "no spaces, please"}, "a reference is a number"),
        ({"conclusion": "  "}, "a problem is closed with a reason"),
    ],
)
def test_what_makes_no_sense_changes_nothing_and_says_why(
    lee: User, given: dict[str, str], words: str
) -> None:
    client = logged_in(lee)
    text(client, "/monitoring/problems/", {"title": "Late results", "reference": "C-1"})
    problem = Problem.objects.get()

    page = text(client, f"/monitoring/problems/{problem.pk}/", given)

    assert words in page
    problem.refresh_from_db()
    assert problem.closed_at is None
    assert problem.links.count() == 1  # the complaint


def test_a_complaint_without_a_number_opens_nothing(lee: User) -> None:
    page = text(logged_in(lee), "/monitoring/problems/", {"title": "Late results", "reference": ""})

    assert "Nothing was changed" in page
    assert not Problem.objects.exists()


def test_a_draft_is_not_registered_and_says_what_is_missing(lee: User) -> None:
    page = uploaded(lee, draft_text(SCORE).encode())

    assert "is a draft: its limits are missing" in page
    assert not MonitoringPlan.objects.exists()


@pytest.mark.parametrize("content", [b"\xff", b"name = 3", b""])
def test_what_is_no_plan_is_refused(lee: User, content: bytes) -> None:
    assert "Nothing was changed" in uploaded(lee, content)


def test_a_periodic_report_is_drawn_up_signed_and_handed_out(tmp_path: Path, lee: User, park: User) -> None:
    row = the_plan(tmp_path, lee, park)
    in_use(20)
    watch()
    today = timezone.localdate()
    later = {"since": str(today - timedelta(days=1)), "until": str(today)}

    page = text(logged_in(lee), f"{page_of(row)}report/", later)

    report = PeriodicReport.objects.get()
    assert "Periodic monitoring report" in page
    address = f"/monitoring/reports/{report.pk}/"
    assert "Signed: reviewed." in sign(lee, address, report.record, "reviewed")
    said = json.loads(logged_in(park).get(f"{address}monitoring.json").content)
    assert [one["meaning"] for one in said["signatures"]] == ["reviewed"]
    assert logged_in(park).get(f"{address}monitoring.pdf").content.startswith(b"%PDF-")
    assert logged_in(park).get(f"{address}other.txt").status_code == 404


def test_other_figures_than_those_that_were_signed_are_not_handed_out(
    tmp_path: Path, lee: User, park: User
) -> None:
    row = the_plan(tmp_path, lee, park)
    in_use(20)
    watch()
    today = timezone.localdate()
    text(
        logged_in(lee),
        f"{page_of(row)}report/",
        {"since": str(today - timedelta(days=1)), "until": str(today)},
    )
    report = PeriodicReport.objects.get()
    row.observations.filter(number=3).update(at=timezone.now() - timedelta(hours=26))

    answer = logged_in(park).get(f"/monitoring/reports/{report.pk}/monitoring.json", follow=True)
    page = answer.content.decode()

    assert "other figures come of this period" in page


@pytest.mark.parametrize(
    "dates",
    [{}, {"since": "yesterday", "until": "today"}, {"since": "2026-01-02", "until": "2026-01-01"}],
)
def test_a_period_that_makes_no_sense_is_refused(
    tmp_path: Path, lee: User, park: User, dates: dict[str, str]
) -> None:
    row = the_plan(tmp_path, lee, park)

    assert "Nothing was changed" in text(logged_in(lee), f"{page_of(row)}report/", dates)
    assert not PeriodicReport.objects.exists()


@pytest.mark.parametrize("role", Role)
def test_monitoring_is_for_who_signs_and_who_audits(role: Role, lee: User) -> None:
    user = person("kim", role)

    status = logged_in(user).get("/monitoring/").status_code

    sees = role in (Role.QUALITY_OFFICER, Role.APPROVER, Role.AUDITOR)
    assert status == (200 if sees else 403)
    assert viewed(user) == (["monitoring"] if sees else [])
    changes = "Register a plan" in text(logged_in(user), "/monitoring/")
    assert changes is (role == Role.QUALITY_OFFICER)


def test_a_model_that_nobody_watches_is_said(lee: User) -> None:
    model_in_use()

    assert "watched by no signed plan" in text(logged_in(lee), "/monitoring/")
