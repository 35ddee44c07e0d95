"""What is shown of one study."""

from dataclasses import replace
from pathlib import Path

import pytest
from pytest_django import DjangoAssertNumQueries

from samd.console.review import preview_path, study_page
from samd.domain.card import ExplanationMethod
from samd.domain.finding import Answer
from samd.domain.lifecycle import Stage
from samd.records.models import ModelVersion, Study
from tests.cards import measuring_card
from tests.console import rows as build

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("WEB-01")]


def tissue_model(version: str) -> ModelVersion:
    """A model with segments; each test has a version, so a digest, of its own, as legends are remembered."""
    explanation = ExplanationMethod("integrated gradients", "adipose", "input", "air", 0.1)
    return build.imported_bundle(
        replace(measuring_card(), version=version, explanation=explanation, fractions=())
    )


def test_a_finding_has_the_colour_that_its_segment_has_in_the_picture() -> None:
    analysis = build.finding(
        build.study(), by=tissue_model("1.0.0"), findings=[build.MEASURED, build.PRESENT]
    )

    (section,) = study_page(analysis.run.study_id).current

    assert [finding.colour for finding in section.findings] == ["#fadc64", ""]


def test_a_bundle_that_was_altered_gives_no_colours(device: Path) -> None:
    model = tissue_model("2.0.0")
    (device / "models" / model.digest / "model.json").write_bytes(b"{}")
    analysis = build.finding(build.study(), by=model, findings=[build.MEASURED])

    (section,) = study_page(analysis.run.study_id).current

    assert [finding.colour for finding in section.findings] == [""]


def test_layers_without_an_image_below_them_are_not_shown() -> None:
    analysis = build.finding(build.study())
    build.previews(analysis, "heat", "segments")

    (section,) = study_page(analysis.run.study_id).current

    assert section.layers == ()


def test_layers_are_in_the_order_in_which_they_lie() -> None:
    analysis = build.finding(build.study())
    build.previews(analysis, "segments", "heat", "image")

    (section,) = study_page(analysis.run.study_id).current

    assert section.layers == ("image", "heat", "segments")


def test_only_the_three_layers_have_a_path(device: Path) -> None:
    analysis = build.finding(build.study())
    build.previews(analysis, "image")
    (device / "secret.png").write_bytes(b"secret")

    assert preview_path(analysis, "image") == device / "previews" / str(analysis.pk) / "image.png"
    assert preview_path(analysis, "heat") is None
    assert preview_path(analysis, "../../secret") is None


def test_of_two_analyses_by_one_model_only_the_later_counts() -> None:
    first = build.study()
    before = build.finding(first)
    after = build.analysis(build.next_run(first.study), Answer.NOTHING_FOUND, supersedes=before)

    page = study_page(first.study_id)

    assert [(section.pk, section.supersedes) for section in page.current] == [(after.pk, before.pk)]
    assert [(section.pk, section.superseded_by) for section in page.earlier] == [(before.pk, after.pk)]


def test_each_delivery_has_its_peer_and_the_peers_words() -> None:
    analysis = build.finding(build.study(), stage=Stage.REPORTED)
    build.delivery(analysis, build.peer("archive"), delivered_at=build.NOON)
    build.delivery(analysis, build.peer("pacs"), remark="connection refused")

    (section,) = study_page(analysis.run.study_id).current

    assert [(line.peer, line.delivered_at, line.remark) for line in section.deliveries] == [
        ("archive", build.NOON, ""),
        ("pacs", None, "connection refused"),
    ]


def test_an_unknown_study_has_no_page() -> None:
    with pytest.raises(Study.DoesNotExist):
        study_page(4711)


def test_the_number_of_queries_does_not_grow(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    run = build.study()
    for name in ("cxr", "tissue", "bleed"):
        analysis = build.finding(run, by=build.model(name))
        build.result_object(analysis)
        build.delivery(analysis, build.peer("archive"), delivered_at=build.NOON)

    # the study; runs, analyses and assessments; its images and first file; analyses, objects and deliveries,
    # and assessments
    with django_assert_num_queries(10):
        assert len(study_page(run.study_id).current) == 3
