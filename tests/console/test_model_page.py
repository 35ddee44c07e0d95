"""What a model version shows of itself."""

from pathlib import Path

import pytest

from samd.console.model_page import model_page
from tests.console import rows as build

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("WEB-01", "MOD-01")]


def test_the_input_that_a_model_accepts_is_said_and_nothing_that_it_leaves_open() -> None:
    page = model_page(build.imported_bundle())

    assert [(str(name), text) for name, text in page.accepts] == [
        ("modality", "CR, DX"),
        ("body part", "CHEST"),
        ("view", "AP, PA"),
        ("planes", "1 – 1"),
        ("patient age", "≤ 6 years"),
        ("compression", "with or without loss"),
    ]


def test_the_bundle_is_verified_at_each_look(device: Path) -> None:
    model = build.imported_bundle()
    assert model_page(model).bundle is not None

    (device / "models" / model.digest / "weights.safetensors").write_bytes(b"something else")

    page = model_page(model)
    assert page.bundle is None
    assert "weights.safetensors" in page.refused


def test_a_bundle_whose_files_are_gone_is_refused() -> None:
    page = model_page(build.model())

    assert (page.bundle, page.accepts) == (None, ())
    assert page.refused
