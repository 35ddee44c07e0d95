"""Requirements, hazards, code and tests name each other, with no loose ends."""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.guards.source import ROOT

REQUIREMENTS = tomllib.loads((ROOT / "docs/regulatory/requirements.toml").read_text())["requirement"]
HAZARDS = tomllib.loads((ROOT / "docs/regulatory/hazards.toml").read_text())["hazard"]

pytestmark = pytest.mark.requirement("QMS-01")


def _marked_requirements(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("mark.requirement"):
            yield from (ast.literal_eval(argument) for argument in node.args)


def _tested() -> set[str]:
    return {r for path in (ROOT / "tests").rglob("test_*.py") for r in _marked_requirements(path)}


def test_every_requirement_is_tested_and_every_marker_is_a_requirement() -> None:
    assert _tested() == {requirement["id"] for requirement in REQUIREMENTS}


def test_identifiers_are_given_once() -> None:
    identifiers = [item["id"] for item in [*REQUIREMENTS, *HAZARDS]]

    assert len(identifiers) == len(set(identifiers))


def test_code_named_by_requirements_exists() -> None:
    missing = [path for r in REQUIREMENTS for path in r["code"] if not (ROOT / path).exists()]

    assert missing == []


def test_hazards_and_requirements_name_each_other() -> None:
    by_requirement = {(hazard, r["id"]) for r in REQUIREMENTS for hazard in r["hazards"]}
    by_hazard = {(h["id"], control) for h in HAZARDS for control in h["controls"]}

    assert by_requirement == by_hazard


def test_every_hazard_has_a_tested_control() -> None:
    tested = _tested()

    assert [h["id"] for h in HAZARDS if not tested & set(h["controls"])] == []
