"""Which models take which studies."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samd.domain.selection import Declined, Selection, select_models
from samd.domain.study import Frame, Instance, Series, Study
from tests.cards import classifying_card, measuring_card

EXPLICIT, RETIRED = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.53"
DECODABLE = frozenset({EXPLICIT})


def ct(number: int, *, z: float | None = None) -> Instance:
    uid = f"1.2.{number}"
    frame = Frame(
        uid, 1, (0.0, 0.0, 3.0 * number if z is None else z), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.8, 0.8)
    )
    return Instance(
        uid,
        "1.2.840.10008.5.1.4.1.1.2",
        EXPLICIT,
        Path("x"),
        f"{number:064x}",
        64,
        64,
        (frame,),
        "MONOCHROME2",
    )


def series(planes: int = 5, *, uid: str = "1.9", **changes: object) -> Series:
    return replace(Series(uid, "CT", tuple(ct(n) for n in range(planes)), "ABDOMEN"), **changes)  # type: ignore[arg-type]


def radiograph(**changes: object) -> Study:
    image = Instance(
        "1.2.1",
        "1.2.840.10008.5.1.4.1.1.1.1",
        EXPLICIT,
        Path("x"),
        "0" * 64,
        64,
        64,
        (Frame("1.2.1"),),
        "MONOCHROME1",
        view_position="PA",
    )
    return Study("1.1", (Series("1.9", "DX", (replace(image, **changes),), "CHEST"),))  # type: ignore[arg-type]


def decide(study: Study) -> Selection | Declined:
    card = classifying_card() if study.series[0].modality == "DX" else measuring_card()
    (decision,) = select_models(study, [card], decodable=DECODABLE)
    return decision


def failed(study: Study) -> set[str]:
    decision = decide(study)
    assert isinstance(decision, Declined)
    assert decision.concerns
    return {reason.requirement for reason in decision.reasons}


@pytest.mark.requirement("GATE-01")
def test_a_study_within_every_requirement_is_selected() -> None:
    assert isinstance(decide(Study("1.1", (series(),))), Selection)
    assert isinstance(decide(radiograph()), Selection)


@pytest.mark.requirement("GATE-01")
def test_every_model_in_force_answers() -> None:
    decisions = select_models(
        Study("1.1", (series(),)), [measuring_card(), classifying_card()], decodable=DECODABLE
    )

    assert [type(decision) for decision in decisions] == [Selection, Declined]


@pytest.mark.requirement("GATE-01")
def test_a_model_of_another_modality_is_not_concerned() -> None:
    decision = decide(Study("1.1", (series(modality="MR"),)))

    assert isinstance(decision, Declined)
    assert not decision.concerns
    assert decision.reasons[0].message == "the model analyses CT; the modality of this study is MR"


@pytest.mark.requirement("GATE-01")
@pytest.mark.parametrize(
    ("study", "requirement"),
    [
        (Study("1.1", (series(body_part="HEAD"),)), "body part"),
        (Study("1.1", (series(101),)), "planes"),
        (Study("1.1", (series(instances=(replace(ct(0), rows=8),)),)), "matrix"),
        (
            Study("1.1", (series(instances=(replace(ct(0), transfer_syntax_uid=RETIRED),)),)),
            "transfer syntax",
        ),
        (Study("1.1", (series(instances=(replace(ct(0), lossy=True),)),)), "compression"),
        (Study("1.1", (series(instances=(ct(0, z=0.0), ct(1, z=50.0))),)), "plane spacing"),
        (replace(radiograph(), patient_age=58.0), "patient age"),
        (replace(radiograph(), unreadable=1), "readable files"),
        (radiograph(view_position="LL"), "view"),
        (radiograph(photometric_interpretation="RGB"), "photometric interpretation"),
    ],
)
def test_what_fails_is_named(study: Study, requirement: str) -> None:
    assert failed(study) == {requirement}


@pytest.mark.requirement("GATE-01", "GATE-02")
def test_a_model_of_single_images_takes_no_study_with_several() -> None:
    one = radiograph().series[0]
    other = replace(one, series_instance_uid="1.8")

    assert failed(Study("1.1", (one, other))) == {"planes"}


@pytest.mark.requirement("GATE-01")
def test_everything_that_fails_is_named_together() -> None:
    uneven = (ct(0, z=0.0), ct(1, z=3.0), ct(2, z=4.0), ct(3, z=11.0))

    names = failed(Study("1.1", (series(body_part="HEAD", instances=uneven),)))

    assert "body part" in names
    assert len(names) > 1


@pytest.mark.requirement("GATE-01")
def test_what_is_not_stated_is_not_held_against_the_study() -> None:
    assert isinstance(decide(Study("1.1", (series(body_part=""),), patient_age=None)), Selection)
    assert isinstance(decide(radiograph(view_position="")), Selection)


@pytest.mark.requirement("GATE-01")
@given(
    st.permutations(
        [
            series(3, uid="1.8"),
            series(5, uid="1.9"),
            series(5, uid="1.7"),
            series(7, uid="1.6", body_part="HEAD"),
        ]
    )
)
def test_the_choice_of_series_does_not_depend_on_their_order(order: list[Series]) -> None:
    decision = decide(Study("1.1", tuple(order)))

    assert isinstance(decision, Selection)
    assert decision.series.series_instance_uid == "1.7"  # 1.6 is refused; most planes, then lowest UID


@pytest.mark.requirement("FLOW-02")
def test_the_digest_of_the_input_changes_with_its_content_alone() -> None:
    instances = series().instances
    digest: Callable[[Study], str] = lambda study: decide(study).digest  # noqa: E731

    same = digest(Study("1.1", (series(instances=instances[::-1]),)))
    other = digest(
        Study("1.1", (series(instances=(*instances[:-1], replace(instances[-1], sha256="f" * 64))),))
    )

    assert same == digest(Study("1.1", (series(),)))
    assert other != same
