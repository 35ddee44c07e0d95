"""The report as JSON: everything in it, in one form only."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.validation.report.example import ENDPOINTS, document, figure
from validation.document import Curve, Document
from validation.report import to_json

pytestmark = pytest.mark.requirement("VAL-08")


def read(given: Document) -> Any:
    return json.loads(to_json(given))


def test_the_same_document_gives_the_same_bytes() -> None:
    assert to_json(document()) == to_json(document())


def test_it_is_utf_8_with_sorted_keys_and_ends_with_a_newline() -> None:
    content = to_json(document())

    again = json.dumps(json.loads(content), sort_keys=True, ensure_ascii=False, indent=1)
    assert content.decode() == again + "\n"
    assert "서울 A병원" in content.decode()


def test_every_field_of_the_document_is_there() -> None:
    assert read(document()).keys() == set(Document.__dataclass_fields__)


def test_an_endpoint_lies_flat_with_n_method_interval_and_seed() -> None:
    found = read(document())["endpoints"][3]

    assert found == {
        "name": "Difference to the previous version",
        "metric": "auc difference",
        "of": "pneumonia",
        "where": {},
        "population": "per protocol",
        "goal": "non-inferior",
        "limit": 0.05,
        "primary": False,
        "estimate": -0.0042,
        "low": -0.0199,
        "high": 0.0115,
        "level": 0.95,
        "n": 612,
        "method": "bootstrap of cases, BCa, 2,000 replicates",
        "seed": 20260301,
        "reason": "",
        "verdict": "met",
        "sentence": "The lower bound -0.0199 lies above -0.05.",
    }


def test_what_is_not_estimable_is_null_with_its_reason_and_never_a_number() -> None:
    found = read(document())["endpoints"][5]

    assert [found[key] for key in ("estimate", "low", "high")] == [None, None, None]
    assert found["reason"] == "no case has a true volume"


def test_a_side_without_a_bound_is_null_beside_its_estimate() -> None:
    found = read(document())["endpoints"][4]

    assert (found["estimate"], found["low"], found["high"]) == (4.413, 3.362, None)


def test_an_explanation_lies_flat_too() -> None:
    found = read(document())["explanations"][0]

    assert (found["name"], found["estimate"], found["level"]) == ("pointing game", 0.731, 0.95)


def test_a_level_of_a_subgroup_is_not_that_of_its_interval() -> None:
    found = read(document())["subgroups"][3]

    assert (found["level"], found["figure"]["level"]) == ("0-17", 0.95)
    assert found["figure"]["reason"] == "fewer than 10 cases"


def test_every_digit_is_kept() -> None:
    line = replace(ENDPOINTS[0], figure=figure(0.1 + 0.2, 1e-17, 0.999999999999999))

    assert read(document(endpoints=(line,)))["endpoints"][0]["estimate"] == 0.1 + 0.2


def test_what_is_no_number_is_refused_with_its_place() -> None:
    with pytest.raises(ValueError, match="document: curves: y: not a number"):
        to_json(document(curves=(Curve("roc", "a", (0.0,), (float("nan"),)),)))
