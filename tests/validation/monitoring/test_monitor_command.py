"""Monitoring from the rows of the device to the signed report, as people and the scheduler do it."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management.base import CommandError
from django.utils import timezone
from pytest_django import Settings

from audit.events import Event
from audit.models import AuditEvent, Record
from audit.records import verify_record
from audit.verdicts import is_complete
from samd.records import registry
from samd.records.models import ModelVersion
from tests.audit.signers import LEE, PARK, Site, site, superuser
from tests.cards import measuring_card
from tests.validation.monitoring.builders import DIGEST, MAKER, NOT_ANALYSABLE, ROWS, SCORE, draft_text
from tests.validation.monitoring.site import analysed, author, model_in_use, monitor, period, planned, signed
from validation.management.commands.watch import watch
from validation.monitoring import reporting
from validation.monitoring.rounds import plans_in_force, watch_on
from validation.monitoring_models import Breach, ChartState, Observed, PeriodicReport, Problem

pytestmark = [pytest.mark.requirement("VAL-11"), pytest.mark.django_db]
__all__ = ["site"]

STREAMS = (SCORE, NOT_ANALYSABLE, MAKER.replace("size = 100", "size = 20"), ROWS)
SMALL = {"studies": 100, "runs": 500}


@pytest.fixture(autouse=True)
def _device(settings: Settings, tmp_path: Path) -> None:
    settings.SAMD_STORE = tmp_path / "store"
    settings.SAMD_STORE.mkdir()


def in_use(count: int, **changes: float | str | None) -> None:
    for number in range(count):
        score = 0.2 + 0.02 * (number % 10)
        analysed(ModelVersion.objects.get(digest=DIGEST), **{"score": score, **changes})  # type: ignore[arg-type]


def events(event: Event) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(event=event))


def watched(site: Site, folder: Path, *streams: str) -> None:
    """A site with a signed plan, limits from 30 clean studies."""
    model_in_use()
    site.staff()
    in_use(30)
    signed(site, planned(folder, *(streams or STREAMS), **SMALL))


def test_clean_studies_are_counted_once_and_breach_nothing(site: Site, tmp_path: Path) -> None:
    watched(site, tmp_path)
    in_use(20)

    first, second = monitor("run"), monitor("run")

    assert "20 new, 0 breaches" in first
    assert "0 new, 0 breaches" in second
    assert Observed.objects.count() == 20
    assert Problem.objects.count() == 0
    everything = ChartState.objects.get(stream="Score", attribute="")
    assert everything.content["seen"] == 20


def test_studies_from_before_the_signatures_are_not_counted(site: Site, tmp_path: Path) -> None:
    watched(site, tmp_path)

    assert "0 new" in monitor("run")


def test_a_report_that_becomes_visible_late_is_counted(site: Site, tmp_path: Path) -> None:
    watched(site, tmp_path)
    in_use(3)
    monitor("run")
    early = Observed.objects.order_by("number").first()
    assert early is not None
    ChartState.objects.all().delete()
    Observed.objects.filter(pk=early.pk).delete()  # as if its transaction had committed last

    assert "1 new" in monitor("run")


def test_a_breach_opens_one_problem_and_is_in_the_trail(site: Site, tmp_path: Path) -> None:
    watched(site, tmp_path, SCORE.replace('"version", "site"', '"version"'))
    in_use(60, score=0.9)

    said = monitor("run")

    breaches = list(Breach.objects.all())
    assert len(breaches) > 1
    (problem,) = Problem.objects.all()
    assert {breach.problem for breach in breaches} == {problem}
    assert "problem/" in said
    assert len(events(Event.MONITORING_BREACHED)) == len(breaches)
    assert len(events(Event.PROBLEM_OPENED)) == 1
    assert ModelVersion.objects.get(digest=DIGEST).in_force


def test_another_scanner_is_found_in_the_stored_headers(site: Site, tmp_path: Path) -> None:
    watched(site, tmp_path, MAKER.replace("size = 100", "size = 20"))
    in_use(20, maker="Other")

    monitor("run")

    (breach,) = Breach.objects.all()
    assert breach.chart.stream == "Manufacturer"
    assert breach.problem is None  # the plan only records it


def test_a_plan_that_says_so_suspends_the_version_and_only_a_person_puts_it_back(
    site: Site, tmp_path: Path
) -> None:
    watched(site, tmp_path, NOT_ANALYSABLE)
    in_use(30, score=None)

    said = monitor("run")

    assert "taken out of force" in said
    assert registry.models_in_force() == []
    (suspended,) = events(Event.MODEL_SUSPENDED)
    assert suspended.actor == "device"
    assert registry.is_suspended(DIGEST)

    monitor("resume", DIGEST[:8], "--reason", "the detector was repaired")

    (model,) = registry.models_in_force()
    (resumed,) = events(Event.MODEL_RESUMED)
    assert resumed.actor.startswith("os:")
    assert json.loads(resumed.canonical)["reason"] == "the detector was repaired"
    assert not registry.is_released(model)
    site.seal()
    assert registry.is_released(model)


def test_a_problem_is_linked_and_closed_by_people(site: Site, tmp_path: Path) -> None:
    said = monitor("problem", "open", "Wrongly called infants", "--complaint", "C-12")
    number = re.findall(r"problem/(\d+)", said)[0]
    monitor("problem", "link", number, "capa", "CAPA-2026-7")
    monitor("problem", "link", number, "change", "CR-31")
    monitor("problem", "close", number, "--reason", "the card now says that infants are outside")

    listed = monitor("problems")

    assert "closed" in listed
    assert "complaint C-12 -> CAPA CAPA-2026-7 -> change request CR-31" in listed
    assert len(events(Event.PROBLEM_LINKED)) == 3
    (closed,) = events(Event.PROBLEM_CLOSED)
    assert json.loads(closed.canonical)["reason"] == "the card now says that infants are outside"


def test_nothing_is_watched_without_a_signed_plan() -> None:
    with pytest.raises(CommandError, match="no plan is signed"):
        monitor("run")


def test_a_plan_holds_only_when_both_have_signed(site: Site, tmp_path: Path) -> None:
    model_in_use()
    site.staff()
    in_use(30)
    path = planned(tmp_path, SCORE, **SMALL)
    author()
    subject = monitor("plan", "register", str(path), "--author", "author").split()[0]
    site.sign(subject, LEE, "reviewed")

    assert plans_in_force() == []
    assert "not signed" in monitor("plan", "list")

    site.sign(subject, PARK, "approved")

    assert len(plans_in_force()) == 1


def test_a_draft_is_not_registered(site: Site, tmp_path: Path) -> None:
    author()
    (tmp_path / "draft.toml").write_text(draft_text())

    with pytest.raises(CommandError, match="is a draft"):
        monitor("plan", "register", str(tmp_path / "draft.toml"), "--author", "author")


def test_check_says_what_is_watched() -> None:
    said = monitor("plan", "check", "validation/plans/cxr-pneumonia.toml")

    assert "Not analysable: rate cusum, by version, site; no limit yet; problem" in said
    assert "Overridden by physicians: rate cusum, by version, site; no limit yet; problem" in said
    assert "a draft" in said


def test_the_service_counts_what_is_new_without_anybody_asking(site: Site, tmp_path: Path) -> None:
    watched(site, tmp_path)
    in_use(12)

    watch()
    watch()

    assert Observed.objects.count() == 12


def test_a_version_that_no_plan_watches_is_named(site: Site, tmp_path: Path) -> None:
    watched(site, tmp_path, SCORE)
    registry.put_in_force(measuring_card(digest="b" * 64))

    assert "is in force, and no plan watches it" in monitor("run")


def test_the_periodic_report_is_kept_to_be_signed_and_shows_who_signed(site: Site, tmp_path: Path) -> None:
    watched(site, tmp_path)
    in_use(12, maker="ACME")
    in_use(30, score=None)
    monitor("run")
    monitor("problem", "link", str(Problem.objects.get().pk), "capa", "CAPA-2026-7")
    (holding,) = plans_in_force()
    since, until = period()
    later = timezone.now() + timedelta(days=3)

    record, document = reporting.report(holding, since=since, until=until, now=later)
    site.sign(record.subject, LEE, "reviewed")
    site.sign(record.subject, PARK, "approved")
    again, after = reporting.report(holding, since=since, until=until, now=later)
    reporting.write(after, tmp_path / "out")

    assert again == record
    assert is_complete(json.loads(record.content), verify_record(record.subject, record.content))
    assert [one.name for one in after.signatures] == [LEE.name, PARK.name]
    assert document.observations == 42
    overall = {one.name: one for one in document.rates if not one.group.attribute}
    assert (overall["not analysable"].count, overall["not analysable"].figure.n) == (30, 42)
    assert overall["score Pneumonia"].figure.n == 12
    assert len(document.breaches) >= 1
    assert document.problems[0].links == (("CAPA", "CAPA-2026-7"),)
    assert [one.what for one in document.force] == [Event.MODEL_SUSPENDED]
    assert not any("are not as the device keeps them" in one for one in document.remarks)
    page = (tmp_path / "out" / "monitoring.html").read_text()
    assert "CAPA-2026-7" in page
    assert "Clopper-Pearson" in page
    assert "<svg" in page
    assert LEE.name in page
    assert "정기" in (tmp_path / "out" / "monitoring.ko.html").read_text()
    assert (tmp_path / "out" / "monitoring.pdf").read_bytes().startswith(b"%PDF")
    assert len(events(Event.MONITORING_REPORTED)) == 1


def test_a_chart_that_was_altered_shows_in_the_report(site: Site, tmp_path: Path) -> None:
    watched(site, tmp_path, SCORE)
    in_use(5)
    monitor("run")
    state = ChartState.objects.get(stream="Score", attribute="")
    state.content = {**state.content, "chart": [0.0, 0.0]}
    state.save()
    (holding,) = plans_in_force()
    since, until = period()

    later = timezone.now() + timedelta(days=3)
    _, document = reporting.report(holding, since=since, until=until, now=later)

    assert any("are not as the device keeps them" in one for one in document.remarks)


def test_other_figures_for_the_same_period_are_another_record(site: Site, tmp_path: Path) -> None:
    watched(site, tmp_path, SCORE)
    in_use(5)
    monitor("run")
    (holding,) = plans_in_force()
    since, until = period()
    later = timezone.now() + timedelta(days=3)
    first, _ = reporting.report(holding, since=since, until=until, now=later)
    in_use(1)
    watch_on(holding, now=timezone.now())

    second, _ = reporting.report(holding, since=since, until=until, now=later)

    assert json.loads(second.content)["replaces"] == first.subject
    assert PeriodicReport.objects.count() == 2


def test_a_period_that_is_not_over_has_no_report(site: Site, tmp_path: Path) -> None:
    watched(site, tmp_path, SCORE)
    since, until = period()

    with pytest.raises(CommandError, match="is over"):
        monitor(
            *("report", "test-plan", "--since", str(since), "--until", str(until)),
            *("--out", str(tmp_path)),
        )


def test_a_plan_whose_record_was_altered_watches_nothing(site: Site, tmp_path: Path) -> None:
    watched(site, tmp_path, SCORE)
    record = Record.objects.get(subject__startswith="monitoring-plan/")
    with superuser():
        Record.objects.filter(pk=record.pk).update(content=record.content.replace("0.05", "0.95"))

    with pytest.raises(CommandError, match="no plan is signed"):
        monitor("run")


def test_a_study_whose_file_is_gone_still_counts(site: Site, tmp_path: Path, settings: Settings) -> None:
    watched(site, tmp_path)
    in_use(1)
    for path in Path(settings.SAMD_STORE).iterdir():
        path.unlink()

    assert "1 new" in monitor("run")
    kept = Observed.objects.get()
    assert "tag Manufacturer" not in kept.content["values"]
    assert "score Pneumonia" in kept.content["values"]
