"""The list: newest first, a page at a time, narrowed by what people look for, and honest."""

import itertools

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from audit.events import Event
from audit.sequencer import Sequencer
from audit.trail import Outcome
from samd.console.trail_filter import TrailFilter
from samd.console.trail_line import Line
from samd.console.trail_page import following, is_known, newest, trail_page
from tests.accounts.people import person
from tests.console import rows as build
from tests.console import trail as told

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("AUD-09")]


def shown(wanted: TrailFilter | None = None) -> list[str]:
    return [line.subject for line in trail_page(wanted or TrailFilter()).lines]


def only() -> Line:
    (line,) = trail_page(TrailFilter()).lines
    return line


@pytest.fixture(params=["sealed", "waiting", "half"])
def log(request: pytest.FixtureRequest, sequencer: Sequencer) -> None:
    """Ten events, sealed, waiting, or some of both: the list is the same."""
    for number in range(1, 11):
        told.event(Event.ANALYSIS_STARTED, f"analysis/{number}")
        if request.param == "sealed" or (request.param == "half" and number == 5):
            told.seal(sequencer)


@pytest.mark.usefixtures("log")
def test_the_newest_event_comes_first() -> None:
    assert shown() == [f"analysis/{number}" for number in range(10, 0, -1)]


@pytest.mark.usefixtures("log")
def test_the_pages_follow_each_other_without_gap_or_overlap_in_both_directions() -> None:
    pages = [trail_page(TrailFilter(), size=4)]
    while pages[-1].older is not None:
        pages.append(trail_page(TrailFilter(), before=pages[-1].older, size=4))
    back = [pages[-1]]
    while back[-1].newer is not None:
        back.append(trail_page(TrailFilter(), after=back[-1].newer, size=4))

    older_way = [line.pk for page in pages for line in page.lines]
    newer_way = [line.pk for page in reversed(back) for line in page.lines]
    assert [len(page.lines) for page in pages] == [4, 4, 2]
    assert older_way == newer_way == sorted(older_way, reverse=True)
    assert pages[0].newer is None


def test_each_filter_lets_through_what_it_names(sequencer: Sequencer) -> None:
    told.event(Event.STUDY_VIEWED, "study/1", by="kim", study="study/1", patient=f"patient/{'a' * 16}")
    told.event(Event.STUDY_VIEWED, "study/2", by="lee", study="study/2", patient=f"patient/{'b' * 16}")
    told.seal(sequencer)
    told.event(Event.ANALYSIS_STARTED, "analysis/1", study="study/1", model="c" * 64)
    told.event(Event.ASSOCIATION_REFUSED, "refusal/1", outcome=Outcome.MINOR_FAILURE)

    assert shown(TrailFilter(person="kim")) == ["study/1"]
    assert shown(TrailFilter(study="1")) == ["analysis/1", "study/1"]
    assert shown(TrailFilter(patient="b" * 16)) == ["study/2"]
    assert shown(TrailFilter(model="c" * 64)) == ["analysis/1"]
    assert shown(TrailFilter(what="reading")) == ["study/2", "study/1"]
    assert shown(TrailFilter(what="association:refused")) == ["refusal/1"]
    assert shown(TrailFilter(outcome="problems")) == ["refusal/1"]
    assert shown(TrailFilter(outcome="0", what="analysing")) == ["analysis/1"]
    assert shown(TrailFilter(since="2001-01-01", until="2001-12-31")) == []
    assert shown(TrailFilter(person="nobody")) == []


def test_the_oldest_first_for_whoever_takes_all(sequencer: Sequencer) -> None:
    for what, number in itertools.product((Event.STUDY_VIEWED, Event.PICTURE_VIEWED), range(3)):
        told.event(what, f"study/{number}")
        told.seal(sequencer)

    rows = following(TrailFilter(what="reading"), count=4, after=0)

    assert rows == sorted(newest(TrailFilter(), count=6))[:4]


def test_who_and_whom_the_trail_knows(sequencer: Sequencer) -> None:
    told.event(Event.STUDY_VIEWED, "study/1", by="kim")
    told.seal(sequencer)
    told.event(Event.STUDY_VIEWED, "study/1", by="lee")

    assert is_known("actor", "kim")
    assert is_known("actor", "lee")
    assert not is_known("actor", "hong")


def test_a_line_says_who_what_why_from_where_and_what_changed() -> None:
    model = build.model(title="Chest radiograph", version="2.1.0")
    told.event(
        Event.REPORT_REFUSED,
        "delivery/3",
        by="kim",
        at="10.0.0.7",
        study="study/5",
        model=model.digest,
        outcome=Outcome.SERIOUS_FAILURE,
        reason="0xA700: out of resources",
        changes={"stage": ("reported", "undelivered")},
        peer="archive",
    )

    line = only()

    assert line.words == "archive refused the results"
    assert (line.person, line.address, line.study) == ("kim", "10.0.0.7", 5)
    assert (line.model_name, line.reason) == ("Chest radiograph 2.1.0", "0xA700: out of resources")
    assert [(str(c.label), c.old, c.new) for c in line.changes] == [("stage", "reported", "not delivered")]
    assert (line.outcome.slug, line.intact) == ("serious", True)


def test_an_account_is_called_by_its_user_name() -> None:
    told.event(Event.USER_LOCKED, f"user/{person('lee').pk}", by="admin")

    line = trail_page(TrailFilter(what="user:locked")).lines[0]

    assert line.words == "Account locked: lee"


def test_a_refused_peer_stands_with_its_address() -> None:
    told.event(Event.ASSOCIATION_REFUSED, "refusal/1", calling_ae="STRANGER", from_address="10.9.9.9")

    assert (only().address, str(only().person)) == ("10.9.9.9", "the device")


def test_a_line_says_whether_it_waits_is_numbered_or_sealed(sequencer: Sequencer) -> None:
    told.event(Event.TRAIL_OPENED, "first")
    told.seal(sequencer)
    told.event(Event.STUDY_VIEWED, "second")
    sequencer.step(timezone.now())  # numbered; a checkpoint is not due so soon
    told.event(Event.STUDY_VIEWED, "third")

    third, second, first = trail_page(TrailFilter()).lines

    assert (first.seq, first.sealed_by) == (0, 1)
    assert (second.seq, second.sealed_by) == (1, None)
    assert (third.seq, third.sealed_by) == (None, None)


@pytest.mark.parametrize(
    "columns",
    [
        {"actor": "lee"},
        {"study": "study/9"},
        {"outcome": 8},
        {"canonical": '{"facts":{},"changes":{},"reason":"nothing happened"}'},
        {"canonical": "no text of ours"},
        {"canonical": "[]"},
        {"canonical": '{"facts":[1],"changes":3,"reason":null}'},
        {"canonical": '{"facts":{},"changes":{},"reason":"이름"}'},
    ],
)
def test_a_row_that_was_altered_is_shown_as_altered(sequencer: Sequencer, columns: dict[str, str]) -> None:
    told.event(Event.STUDY_VIEWED, "study/1", by="kim")
    told.seal(sequencer)
    assert only().intact

    told.forge(**columns)

    assert not only().intact


def test_an_event_whose_text_and_columns_were_changed_together_is_found_by_its_leaf(
    sequencer: Sequencer,
) -> None:
    event = told.event(Event.STUDY_VIEWED, "study/1", by="kim")
    told.seal(sequencer)

    told.forge(actor="lee", canonical=event.canonical.replace('"kim"', '"lee"'))

    assert not only().intact


def test_a_page_costs_the_same_however_much_is_on_it(
    sequencer: Sequencer, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    model = build.model()
    for number in range(30):
        told.event(Event.USER_LOCKED, f"user/{number}", model=model.digest)
    told.seal(sequencer)

    with django_assert_max_num_queries(6):
        assert len(trail_page(TrailFilter()).lines) == 30
