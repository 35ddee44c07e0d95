"""The `model.json` of a bundle: the model's card, the network it names and how its input is prepared.

The dataclasses of the card are the schema: every field stands in the file under its own name, and
nothing else may stand there. The digests are not in the file; they come from the manifest.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from samd.domain import schema
from samd.domain.card import ModelCard
from samd.domain.codes import Code

_FROM_THE_MANIFEST = {"digest", "weights_digest"}
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class ModelFileRefused(Exception):
    """The file is not a description of a model that this device understands."""


@dataclass(frozen=True, slots=True)
class Component:
    """A registered piece of our own code, by name, with its whole-number parameters."""

    name: str
    parameters: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ModelFile:
    """What `model.json` says: `card`, the `network` to build, and the `preprocessing` of its input."""

    card: ModelCard
    network: Component
    preprocessing: Component


def parse(content: bytes, *, digest: str, weights_digest: str) -> ModelFile:
    """The model described by `content`, UTF-8 JSON; raises ModelFileRefused, naming the field."""
    try:
        document = json.loads(content.decode(), object_pairs_hook=_without_duplicates, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise ModelFileRefused(f"model.json is not JSON in UTF-8: {error}") from error
    if isinstance(document, dict) and isinstance(document.get("card"), dict):
        if _FROM_THE_MANIFEST & document["card"].keys():
            raise ModelFileRefused("model.json: card: the digests belong in the manifest alone")
        document["card"] |= {"digest": digest, "weights_digest": weights_digest}
    try:
        model = schema.read(ModelFile, document, "model.json")
    except schema.Misfit as error:
        raise ModelFileRefused(str(error)) from error
    _check(model.card)
    return model


def render(model: ModelFile) -> bytes:
    """The bytes of `model.json` for `model`, such that `parse` gives it back."""
    document = schema.written(model)
    for key in _FROM_THE_MANIFEST:
        del document["card"][key]
    return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) != len(pairs):
        raise ModelFileRefused("model.json: a name stands twice in one object")
    return content


def _refuse(constant: str) -> None:
    raise ModelFileRefused(f"model.json: {constant} is not a number")


def _check(card: ModelCard) -> None:
    """What the types cannot say: names, numbers and references that agree with each other."""
    numbers = [segment.number for segment in card.segments]
    outputs = [c.name for c in card.classifications] + [s.name for s in card.segments]
    demands = {
        "name: lower-case words joined by hyphens": _NAME.fullmatch(card.name) and len(card.name) <= 64,
        "either classifications or segments": bool(card.classifications) != bool(card.segments),
        "segments: numbered from 1, without gaps": numbers == list(range(1, len(numbers) + 1)),
        "outputs: no name twice": len(set(outputs)) == len(outputs),
        "explanation: target: the name of an output": card.explanation.target in outputs,
        "explanation: faithfulness_limit: above 0, at most 1": 0 < card.explanation.faithfulness_limit <= 1,
        "classifications: 0 <= absent_below <= threshold <= 1": all(
            0 <= c.absent_below <= c.threshold <= 1 for c in card.classifications
        ),
        "segments: colour: 0 to 255": all(0 <= c <= 255 for s in card.segments for c in s.colour),
        "fractions: parts of a whole, of segments of this card": all(
            f.part and f.part <= f.whole <= set(numbers) and f.segment in numbers for f in card.fractions
        ),
        "codes: value of 1 to 16, scheme of 1 to 16, meaning of 1 to 64 characters": all(
            0 < len(c.value) <= 16 and 0 < len(c.scheme) <= 16 and 0 < len(c.meaning) <= 64
            for c in _codes(card)
        ),
    }
    for demand, met in demands.items():
        if not met:
            raise ModelFileRefused(f"model.json: card: {demand}")


def _codes(card: ModelCard) -> list[Code]:
    codes = [card.procedure, *(fraction.name for fraction in card.fractions)]
    for classification in card.classifications:
        codes += [classification.finding, classification.site, classification.score]
    for segment in card.segments:
        codes += [segment.category, segment.type]
    return codes
