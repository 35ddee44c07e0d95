"""The page: it can be drawn for any answer, keeps within its bounds, and shows no patient."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from samd.dicom.encode import pen
from samd.dicom.encode.context import Case
from samd.dicom.encode.pictures import layers
from samd.dicom.encode.poster import HEIGHT, WIDTH, poster
from samd.domain.codes import OBJECT_SET_INCOMPLETE
from samd.domain.finding import Answer, Reason
from tests.builders import ct_image
from tests.dicom.encode.cases import ANSWERS, Arguments, ct, file_of, headers, radiograph, unanswered

pytestmark = pytest.mark.requirement("OUT-01")


def _page(arguments: Arguments) -> Image.Image:
    case = Case(arguments.outcome, arguments.card, arguments.context, headers(arguments.files))
    picture = layers(case, arguments.volume) if arguments.volume is not None else None
    return poster(case, picture)


def _part(page: Image.Image, left: int, top: int, right: int, bottom: int) -> bytes:
    return page.crop((left, top, right, bottom)).tobytes()


@pytest.mark.parametrize("answer", Answer)
def test_a_page_of_every_answer_warns_at_its_foot(answer: Answer) -> None:
    pages = [_page(ANSWERS[answer]()), _page(ct())]

    assert {page.size for page in pages} == {(WIDTH, HEIGHT)}
    assert len({_part(page, 0, 850, WIDTH, HEIGHT) for page in pages}) == 1
    assert pages[0].getpixel((5, 880)) == pen.CAUTION


def test_the_patient_is_not_on_the_page() -> None:
    one, other = (
        _page(ct(files=[file_of(ct_image(PatientName=name, PatientID=name))])) for name in ("Kim^A", "Lee^B")
    )

    assert one.tobytes() == other.tobytes()


def test_the_score_and_the_answer_change_the_page() -> None:
    pages = [_page(radiograph(score)).tobytes() for score in (0.1, 0.5, 0.81, 0.82)]

    assert len(set(pages)) == 4


def test_a_withheld_explanation_leaves_no_heat_on_the_page() -> None:
    shown, withheld = _page(radiograph()), _page(radiograph().withheld())

    image = (100, 200, 700, 700)
    pixels = np.asarray(withheld.crop(image)).astype(int)
    assert _part(shown, *image) != _part(withheld, *image)
    assert np.ptp(pixels, axis=2).max() == 0  # grey


@pytest.mark.parametrize("findings", [0, 1, 8, 40])
def test_any_number_of_findings_keeps_above_the_foot(findings: int) -> None:
    arguments = ct()

    page = _page(arguments.changed(findings=arguments.outcome.findings[:1] * findings))

    assert _part(page, 0, 850, WIDTH, HEIGHT) == _part(_page(ct()), 0, 850, WIDTH, HEIGHT)


def test_findings_that_have_no_room_are_counted() -> None:
    arguments = ct()
    many = [_page(arguments.changed(findings=arguments.outcome.findings[:1] * n)) for n in (30, 31)]

    assert _part(many[0], 790, 100, WIDTH, 700) != _part(many[1], 790, 100, WIDTH, 700)


@settings(max_examples=15, deadline=None)
@given(words=st.text(max_size=400), count=st.integers(min_value=0, max_value=30))
def test_any_reasons_can_be_drawn_and_keep_above_the_foot(words: str, count: int) -> None:
    reason = Reason("spacing", words, OBJECT_SET_INCOMPLETE)
    arguments = unanswered(Answer.NOT_ANALYSABLE).changed(reasons=(reason,) * count)

    page = _page(arguments)

    assert _part(page, 0, 846, WIDTH, 855) == bytes(pen.CAUTION) * WIDTH * 9


def test_long_names_are_shortened_and_wrapped_within_their_width() -> None:
    title = "A title that goes on " * 20

    short = pen.shortened(title, 32, 500)

    assert short.endswith("...")
    assert pen.length(short, 32) <= 500
    assert all(pen.length(line, 20) <= 300 for line in pen.wrapped(title, 20, 300))
    assert " ".join(pen.wrapped(title, 20, 300)) == title.strip()


def test_text_stops_at_the_bottom_of_its_column() -> None:
    page = Image.new("RGB", (200, 200))
    column = pen.Pen(ImageDraw.Draw(page), left=0, top=0, width=200, bottom=100)

    column.write("word " * 200, 20)

    assert np.asarray(page)[:100].any()
    assert not np.asarray(page)[100:].any()


def test_a_long_title_does_not_run_into_the_name_of_the_product() -> None:
    card = replace(ct().card, title="W" * 200)

    short, long = _page(ct()), _page(ct().changed(card=card))

    assert _part(short, 1080, 0, WIDTH, 50) == _part(long, 1080, 0, WIDTH, 50)
