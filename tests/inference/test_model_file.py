"""`model.json`: read strictly, written back the same."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from samd.inference.model_file import ModelFile, ModelFileRefused, parse, render
from tests.inference.builders import CLASSIFIER, TISSUE


def parsed(document: Any) -> ModelFile:
    return parse(json.dumps(document).encode(), digest="d", weights_digest="w")


def changed(model: ModelFile, change: Callable[[Any], None]) -> Any:
    document = json.loads(render(model))
    change(document)
    return document


@pytest.mark.requirement("MOD-01")
@pytest.mark.parametrize("model", [CLASSIFIER, TISSUE], ids=["classifier", "tissue"])
def test_what_is_written_is_read_back(model: ModelFile) -> None:
    with_digests = replace(model, card=replace(model.card, digest="d", weights_digest="w"))

    assert parse(render(model), digest="d", weights_digest="w") == with_digests


@pytest.mark.requirement("MOD-01")
@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda d: d.pop("network"), "missing: network"),
        (lambda d: d.update(hook="x"), "unknown: hook"),
        (lambda d: d["card"].update(digest="0" * 64), "the digests belong in the manifest"),
        (lambda d: d["card"].pop("gate"), "card: missing: gate"),
        (lambda d: d["card"]["gate"].update(modality="CR"), "gate: unknown: modality"),
        (lambda d: d["card"].update(version=1), "version: str is needed, not int"),
        (lambda d: d["card"]["gate"].update(lossy=1), "lossy: bool is needed, not int"),
        (lambda d: d["card"]["gate"].update(modalities="CR"), "modalities: a list is needed"),
        (lambda d: d["card"]["gate"].update(planes=3), "planes: an object is needed"),
        (lambda d: d["network"].update(parameters=[]), "parameters: an object is needed"),
        (lambda d: d["network"]["parameters"].update(width=1.5), "width: int is needed, not float"),
        (lambda d: d["card"].update(facts=[["only a name"]]), "2 values are needed, not 1"),
        (lambda d: d["card"].update(name="a/../b"), "lower-case words"),
        (lambda d: d["card"].update(classifications=[]), "either classifications or segments"),
        (lambda d: d["card"]["explanation"].update(target="x"), "the name of an output"),
        (lambda d: d["card"]["explanation"].update(faithfulness_limit=0), "above 0, at most 1"),
        (lambda d: d["card"]["classifications"][0].update(absent_below=0.9), "absent_below <= threshold"),
        (lambda d: d["card"]["procedure"].update(value="1" * 17), "value of 1 to 16"),
    ],
)
def test_a_classifier_card_that_is_not_understood_is_refused(
    change: Callable[[Any], None], complaint: str
) -> None:
    with pytest.raises(ModelFileRefused, match=complaint):
        parsed(changed(CLASSIFIER, change))


@pytest.mark.requirement("MOD-01")
@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda d: d["card"]["segments"][0].update(number=2), "numbered from 1"),
        (lambda d: d["card"]["segments"][0].update(colour=[256, 0, 0]), "0 to 255"),
        (lambda d: d["card"]["segments"][0].update(name="bone"), "no name twice"),
        (lambda d: d["card"]["fractions"][0].update(part=[9]), "parts of a whole"),
        (lambda d: d["card"]["fractions"][0].update(part=[]), "parts of a whole"),
        (lambda d: d["card"]["segments"][0]["type"].update(meaning=""), "meaning of 1 to 64"),
    ],
)
def test_a_segment_card_that_is_not_understood_is_refused(
    change: Callable[[Any], None], complaint: str
) -> None:
    with pytest.raises(ModelFileRefused, match=complaint):
        parsed(changed(TISSUE, change))


@pytest.mark.requirement("MOD-01")
@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"\xff", "not JSON in UTF-8"),
        (b"[" * 100_000, "not JSON in UTF-8"),
        (b'{"a": 1, "a": 2}', "stands twice"),
        (b'{"card": NaN}', "NaN is not a number"),
        (b'{"card": 1e999}', "model.json"),
        (b"[]", "an object is needed"),
    ],
)
def test_what_is_not_plain_json_is_refused(content: bytes, complaint: str) -> None:
    with pytest.raises(ModelFileRefused, match=complaint):
        parse(content, digest="d", weights_digest="w")


@pytest.mark.requirement("MOD-01")
def test_a_number_beyond_all_numbers_is_refused() -> None:
    content = render(CLASSIFIER).replace(b'"threshold": 0.5', b'"threshold": 1e999')

    with pytest.raises(ModelFileRefused, match="threshold: a finite number is needed"):
        parse(content, digest="d", weights_digest="w")
