"""One study's whole story: in clinical order, whoever read it, and nothing of another study."""

import pytest
from pytest_django import DjangoAssertNumQueries

from audit.events import Event
from audit.sequencer import Sequencer
from audit.trail import Outcome
from samd.console import trail_story
from samd.console.trail_story import story_of
from samd.records.models import Run, Study
from tests.console import rows as build
from tests.console import trail as told

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("AUD-09")]


@pytest.fixture
def run() -> Run:
    """A study of three images over one association, with its journey in the trail."""
    run = build.study(images=3)
    sender = f"association/{run.instances.all()[0].association_id}"
    study = str(run.study)
    told.event(Event.ASSOCIATION_OPENED, sender, peer="ct1")
    for instance in run.instances.all():
        told.event(Event.INSTANCE_STORED, str(instance), study=study)
    told.event(Event.ASSOCIATION_CLOSED, sender, recorded=3)
    told.event(Event.RUN_COMPLETED, str(run), study=study, instances=3)
    told.event(Event.STUDY_VIEWED, study, by="kim", at="10.0.0.1", study=study)
    told.event(Event.ANALYSIS_REPORTED, "analysis/1", study=study, answer="finding")
    told.event(Event.REPORT_DELIVERED, "delivery/1", study=study)
    told.event(Event.STUDY_VIEWED, study, by="lee", at="10.0.0.2", study=study)
    told.event(Event.PICTURE_VIEWED, "analysis/1", by="kim", at="10.0.0.3", study=study)
    told.event(Event.RECORD_SIGNED, "assessment/1", by="kim", study=study, meaning="reviewed")
    return run


def test_the_chapters_stand_in_clinical_order(run: Run) -> None:
    assert [chapter.slug for chapter in story_of(run.study_id).chapters] == [
        "receiving",
        "analysing",
        "delivering",
        "reading",
        "signing",
    ]


def test_it_begins_with_the_association_that_brought_the_images(run: Run) -> None:
    receiving = story_of(run.study_id).chapters[0]

    assert [(told.line.event, told.count) for told in receiving.told] == [
        ("association:opened", 1),
        ("instance:stored", 3),
        ("association:closed", 1),
    ]


def test_whoever_looked_at_it_stands_first_the_last_reader_on_top(run: Run) -> None:
    kim, lee = story_of(run.study_id).readers

    assert (kim.actor, kim.times, kim.addresses) == ("kim", 2, ("10.0.0.1", "10.0.0.3"))
    assert (lee.actor, lee.times, lee.addresses) == ("lee", 1, ("10.0.0.2",))
    assert kim.first < lee.first < kim.last


def test_nothing_of_another_study_is_in_it(run: Run) -> None:
    other = build.study()
    told.event(Event.STUDY_VIEWED, str(other.study), by="hong", study=str(other.study))

    assert "hong" not in {reader.actor for reader in story_of(run.study_id).readers}
    assert story_of(other.study_id).events == 1


def test_the_story_of_a_study_that_nobody_read_says_so() -> None:
    assert story_of(build.study().study_id).readers == ()


def test_images_that_somebody_must_see_to_are_not_passed_over_in_a_sum(run: Run) -> None:
    study = str(run.study)
    told.event(Event.INSTANCE_CONFLICTED, "instance/9", study=study, outcome=Outcome.SERIOUS_FAILURE)
    told.event(Event.INSTANCE_CONFLICTED, "instance/9", study=study, outcome=Outcome.SERIOUS_FAILURE)

    receiving = story_of(run.study_id).chapters[0]

    assert [told.count for told in receiving.told if told.line.event == "instance:conflicted"] == [1, 1]


def test_altered_events_are_counted_and_stand_alone(run: Run, sequencer: Sequencer) -> None:
    told.seal(sequencer)
    told.forge(address="10.66.6.6")

    story = story_of(run.study_id)

    assert story.altered == story.events == 12
    assert all(told.count == 1 for chapter in story.chapters for told in chapter.told)


def test_a_story_too_long_for_a_page_says_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trail_story, "MOST", 5)

    story = story_of(run.study_id)

    assert (story.events, story.cut) == (5, True)


def test_a_study_that_there_is_not_has_no_story() -> None:
    with pytest.raises(Study.DoesNotExist):
        story_of(4711)


def test_a_long_story_costs_as_many_queries_as_a_short_one(
    run: Run, sequencer: Sequencer, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(60):
        told.event(Event.STUDY_VIEWED, str(run.study), by="kim", study=str(run.study))
    told.seal(sequencer)

    with django_assert_max_num_queries(9):
        assert story_of(run.study_id).events == 72
