"""Three candidates and one plan in the console: inside, outside, deviated; decided by code, signed by two."""

import hashlib

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile

from audit.events import Event
from audit.models import AuditEvent, Record
from samd.accounts.roles import Role
from samd.domain.change_plan import parse
from tests.accounts.people import logged_in, person
from tests.console.signers import form, text
from tests.console.signers import lee as lee
from tests.console.signers import park as park
from tests.console.signers import sealing_goes_on as sealing_goes_on
from tests.guards.source import ROOT
from tests.validation.changes_files import (
    DEVIATED,
    INSIDE,
    LAST,
    ORIGINAL,
    OUTSIDE,
    plan_text,
    validated,
)
from validation.endpoints import METRICS
from validation.models import Run

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("sealing_goes_on"),
    pytest.mark.requirement("CHG-04"),
]


def uploaded(user: User, content: bytes) -> str:
    file = SimpleUploadedFile("plan.toml", content)
    return str(logged_in(user).post("/changes/", {"plan": file}, follow=True).content.decode())


def address(record: Record) -> str:
    kind, key = record.subject.split("/")
    return {
        "change-plan": f"/changes/plans/{key}/",
        "plan-decision": f"/changes/decisions/{key}/",
        "validation": f"/validations/{key}/",
    }[kind]


def sign(record: Record, *people: User) -> None:
    for user, meaning in zip(people, ("reviewed", "approved"), strict=False):
        text(logged_in(user), f"{address(record)}sign/", form(user, record, meaning))


def the_plan(lee: User, park: User) -> Record:
    """A plan that two people have signed."""
    uploaded(lee, plan_text().encode())
    record = Record.objects.get(subject__startswith="change-plan/")
    sign(record, lee, park)
    return record


def reports(model: str, *people: User, **changes: object) -> list[Run]:
    """The candidate against the original and the last version, the reports signed by `people`."""
    runs = [validated(model, comparator, **changes) for comparator in (ORIGINAL, LAST)]  # type: ignore[arg-type]
    for run in runs:
        assert run.record is not None
        sign(run.record, *people)
    return runs


def decided(user: User, plan: Record, candidate: str, runs: list[Run], **changes: str) -> str:
    """`user` asks for the decision; the page that says it."""
    said = {
        "modification": "M1",
        "candidate": candidate,
        "last": LAST,
        "reports": [str(run.pk) for run in runs],
    } | changes
    return str(logged_in(user).post(f"{address(plan)}decide/", said, follow=True).content.decode())


def standings() -> list[str]:
    events = AuditEvent.objects.filter(event=Event.CHANGE_DECIDED).order_by("pk")
    words = ("inside", "outside", "deviated")
    return [next(w for w in words if f'"standing":"{w}"' in e.canonical) for e in events]


def test_three_candidates_are_decided_with_their_reasons(lee: User, park: User) -> None:
    plan = the_plan(lee, park)

    inside = decided(lee, plan, INSIDE, reports(INSIDE, lee, park))
    outside = decided(lee, plan, OUTSIDE, reports(OUTSIDE, lee, park, women="not met"))
    deviated = decided(
        lee, plan, DEVIATED, reports(DEVIATED, lee, park, deviations=("2 cases were not run.",))
    )

    assert "inside the plan" in inside
    assert "every criterion is met" in inside
    assert "outside the plan" in outside
    assert "Women: not met." in outside
    assert "the modification is not implemented" in outside
    assert "its protocol was not followed" in deviated
    assert "2 cases were not run." in deviated
    assert standings() == ["inside", "outside", "deviated"]


def test_a_decision_is_signed_by_two_and_stays_as_it_is(lee: User, park: User) -> None:
    plan = the_plan(lee, park)
    runs = reports(OUTSIDE, lee, park, women="not met")
    decided(lee, plan, OUTSIDE, runs)
    record = Record.objects.get(subject__startswith="plan-decision/")

    sign(record, lee, park)
    again = decided(lee, plan, OUTSIDE, runs)

    assert again.count("in effect") == 2
    assert Record.objects.filter(subject__startswith="plan-decision/").count() == 1


def test_a_report_that_nobody_signed_decides_nothing_in_favour(lee: User, park: User) -> None:
    page = decided(lee, the_plan(lee, park), INSIDE, reports(INSIDE, lee))

    assert "its protocol was not followed" in page
    assert "is not signed by everybody whom it asks for" in page


def test_by_a_plan_that_is_not_signed_nothing_is_decided(lee: User, park: User) -> None:
    uploaded(lee, plan_text().encode())
    plan = Record.objects.get(subject__startswith="change-plan/")
    sign(plan, lee)

    page = decided(lee, plan, INSIDE, reports(INSIDE, lee, park))

    assert "the plan is not signed" in page
    assert standings() == []


def test_a_validation_that_is_not_there_is_asked_for(lee: User, park: User) -> None:
    plan = the_plan(lee, park)

    page = str(
        logged_in(lee)
        .post(f"{address(plan)}decide/", {"modification": "M1", "reports": ["4711"]}, follow=True)
        .content.decode()
    )

    assert "no finished validation has the number 4711" in page


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff", "Nothing was changed"),
        (
            plan_text().replace('comparator = "last"', 'comparator = "original"').encode(),
            "none compares with",
        ),
        (plan_text().replace("As there.", " ").encode(), "methods: none for data management"),
    ],
)
def test_a_plan_that_lacks_something_is_refused(lee: User, content: bytes, said: str) -> None:
    assert said in uploaded(lee, content)
    assert not Record.objects.filter(subject__startswith="change-plan/").exists()


@pytest.mark.parametrize("role", Role)
def test_changes_are_for_who_signs_and_who_audits(role: Role, lee: User, park: User) -> None:
    plan, user = the_plan(lee, park), person("kim", role)
    sees = role in (Role.QUALITY_OFFICER, Role.APPROVER, Role.AUDITOR)

    statuses = {logged_in(user).get(page).status_code for page in ("/changes/", address(plan))}

    assert statuses == ({200} if sees else {403})
    page = decided(user, plan, INSIDE, [])
    assert ("None of your roles" in page) is (role != Role.QUALITY_OFFICER)


def test_the_shipped_plan_is_complete_and_for_the_shipped_model() -> None:
    path = ROOT / "validation/plans/change/cxr-pneumonia.toml"
    bundle = ROOT / "samd/inference/bundles/chest-xray-pneumonia/manifest.json"

    plan = parse(path.read_bytes(), name=path.name)

    assert plan.original == hashlib.sha256(bundle.read_bytes()).hexdigest()
    for modification in plan.modifications:
        assert {criterion.metric for criterion in modification.criteria} <= set(METRICS)
