"""Monthly reviews as they stand: due, opened, reviewed, approved, overdue."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.test.utils import CaptureQueriesContext

from audit import reviews
from audit.reviews import State
from audit.signing import SignatureRefused
from audit.turn import Refusal
from tests.audit.months import NOW, OCTOBER, PATIENCE, SEOUL, opened, overdue, state
from tests.audit.months import at as at
from tests.audit.months import october as october
from tests.audit.signers import KIM, LEE, PARK, Site
from tests.audit.signers import site as site
from tests.audit.signers import staffed as staffed

pytestmark = pytest.mark.requirement("SIG-03")


def test_a_month_is_due_when_it_is_over(october: Site) -> None:
    last_moment = datetime(2026, 10, 31, 14, 59, 59, tzinfo=UTC)

    assert state(last_moment).state == State.RUNNING
    assert state(last_moment + timedelta(seconds=1)).state == State.DUE


@pytest.mark.requirement("SIG-02")
@pytest.mark.part11("11.10(e)", "11.10(g)")
def test_two_people_review_and_approve_a_month(october: Site) -> None:
    record = opened()
    assert state().state == State.OPENED

    october.sign(record.subject, LEE, "reviewed")
    assert state().state == State.REVIEWED
    assert not state().overdue

    october.sign(record.subject, PARK, "approved")
    assert state().state == State.APPROVED
    assert [one.manifest.name for one in state().verdicts if one.manifest] == ["Lee Min-ji", "Park Seo-jun"]


@pytest.mark.requirement("SIG-02")
@pytest.mark.part11("11.10(g)")
def test_who_wrote_the_comments_does_not_approve_them(october: Site) -> None:
    october.enrol(KIM, confirmed_by="quality_officer")
    october.confirm(KIM, by=LEE)
    record = opened(person=KIM)
    october.sign(record.subject, LEE, "reviewed")

    with pytest.raises(SignatureRefused) as refused:
        october.sign(record.subject, KIM, "approved")

    assert refused.value.refusal == Refusal.BY_AUTHOR


def test_a_month_that_is_not_approved_is_overdue_after_a_while(october: Site) -> None:
    end = OCTOBER.ends(SEOUL)

    assert overdue(end + PATIENCE - timedelta(seconds=1)) == []
    assert overdue(end + PATIENCE) == ["2026-10"]
    assert state(end + PATIENCE).overdue

    record = opened()
    october.sign(record.subject, LEE, "reviewed")
    assert overdue(end + PATIENCE) == ["2026-10"]

    october.sign(record.subject, PARK, "approved")
    assert overdue(end + PATIENCE) == []
    assert not state(end + PATIENCE).overdue


def test_a_month_without_events_is_not_asked_for(october: Site) -> None:
    next_year = datetime(2027, 3, 1, tzinfo=UTC)

    listed = reviews.reviews(zone=SEOUL, now=next_year, patience=PATIENCE)

    months = {str(one.month) for one in listed}
    assert "2026-10" in months
    assert not {"2026-12", "2027-01", "2027-02"} & months
    assert not {"2026-12", "2027-01"} & set(overdue(next_year))


def test_a_device_without_events_asks_for_no_review(db: None) -> None:
    assert overdue(NOW) == []
    assert reviews.reviews(zone=SEOUL, now=NOW, patience=PATIENCE) == []


def test_months_are_listed_with_the_newest_first(october: Site) -> None:
    listed = [one.month for one in reviews.reviews(zone=SEOUL, now=NOW, patience=PATIENCE)]

    assert listed == sorted(listed, reverse=True)
    assert OCTOBER in listed


def test_the_alarm_asks_the_database_little_however_many_months_are_approved(
    october: Site, django_assert_max_num_queries: Callable[[int], CaptureQueriesContext]
) -> None:
    record = opened()
    october.sign(record.subject, LEE, "reviewed")
    october.sign(record.subject, PARK, "approved")

    with django_assert_max_num_queries(8):
        assert overdue(OCTOBER.ends(SEOUL) + PATIENCE) == []
