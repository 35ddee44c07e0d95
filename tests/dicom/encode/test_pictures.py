"""The layers of the key plane: which plane it is, and that nothing is moved or lost."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from samd.dicom.encode.context import Case
from samd.dicom.encode.pictures import heat_colours, key_plane, layers
from samd.domain.finding import Volume
from tests.builders import ct_image
from tests.dicom.encode.cases import Arguments, ct, explanation, file_of, headers, radiograph

pytestmark = pytest.mark.requirement("WEB-01")


def _case(arguments: Arguments) -> Case:
    return Case(arguments.outcome, arguments.card, arguments.context, headers(arguments.files))


def _volume(arguments: Arguments) -> Volume:
    assert arguments.volume is not None
    return arguments.volume


def test_the_key_plane_is_the_one_that_is_explained_best() -> None:
    arguments = ct(planes=5)
    shown = explanation(planes=(0, 4), shape=(8, 10), target="adipose")
    assert shown.attribution is not None
    weaker = replace(shown, attribution=shown.attribution * np.array([1, 2], np.float32)[:, None, None])

    assert key_plane(_case(arguments.changed(explanation=weaker)), 5) == 4


def test_without_an_explanation_it_is_the_one_with_most_labels() -> None:
    arguments = ct(planes=5).withheld()
    labels = arguments.labels.copy()
    labels[1] = 1

    assert key_plane(_case(arguments.changed(labels=labels)), 5) == 1


def test_with_neither_it_is_the_middle_one() -> None:
    arguments = ct(planes=5).changed(explanation=None, labels=None)

    assert key_plane(_case(arguments), 5) == 2


def test_segments_are_painted_where_the_labels_are() -> None:
    arguments = ct(planes=1)
    picture = layers(_case(arguments), _volume(arguments))

    assert picture.segments is not None
    rows, columns = (
        np.arange(size) * full // size for size, full in zip(picture.image.shape, (8, 10), strict=True)
    )
    expected = arguments.labels[0][np.ix_(rows, columns)]
    painted = picture.segments[..., 3] > 0
    assert (painted == (expected > 0)).mean() > 0.99
    assert {tuple(colour) for colour in picture.segments[painted][:, :3]} == {
        (250, 220, 100),
        (100, 150, 250),
    }


def test_pixels_that_are_not_square_are_shown_in_proportion() -> None:
    file = file_of(ct_image(pixels=np.zeros((20, 40), np.uint16), PixelSpacing=[2.0, 1.0]))
    arguments = ct(files=[file])

    picture = layers(_case(arguments), _volume(arguments))

    height, width = picture.image.shape
    assert (height, width) == (512, 512)


def test_a_huge_image_is_shown_smaller() -> None:
    arguments = radiograph(file=file_of(ct_image(pixels=np.zeros((1500, 3000), np.uint16), Modality="DX")))

    picture = layers(_case(arguments), _volume(arguments))

    assert picture.image.shape == (512, 1024)
    assert picture.heat is not None
    assert picture.heat.shape == (512, 1024, 4)


@pytest.mark.parametrize(
    ("window", "black", "white"),
    [
        ({"WindowCenter": 50, "WindowWidth": 100}, 0, 100),
        ({"WindowCenter": [50, 300], "WindowWidth": [100, 2000]}, 0, 100),
        ({"WindowCenter": None, "WindowWidth": None}, -160, 240),
        ({"WindowCenter": 40, "WindowWidth": 0}, -160, 240),
    ],
)
def test_ct_is_shown_in_the_window_of_the_scanner_or_of_soft_tissue(
    window: dict[str, Any], black: int, white: int
) -> None:
    arguments = ct(files=[file_of(ct_image(**window))])
    values = np.full((1, 8, 10), black, np.float32)
    values[0, 4:] = white

    picture = layers(_case(arguments), Volume(values, arguments.outcome.frames))

    assert (picture.image[0, 0], picture.image[-1, 0]) == (0, 255)


def test_other_images_are_shown_over_nearly_all_their_values() -> None:
    arguments = radiograph()

    picture = layers(_case(arguments), _volume(arguments))

    assert (picture.image.min(), picture.image.max()) == (0, 255)


def test_padding_is_black_and_a_plane_of_nothing_else_is_too() -> None:
    arguments = radiograph()
    empty = Volume(np.full((1, 8, 10), np.nan, np.float32), arguments.outcome.frames)

    assert layers(_case(arguments), empty).image.max() == 0


def test_heat_is_clear_where_there_is_no_influence_and_warm_where_there_is_much() -> None:
    clear, faint, much, against = heat_colours(np.array([0, 0.2, 1, -1], np.float32))

    assert clear[3] == 0
    assert 0 < faint[3] < much[3] == against[3] < 255
    assert much[0] > against[0]
    assert against[2] > against[0]
