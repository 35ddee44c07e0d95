"""What differs from the protocol is a deviation, in plain words."""

from dataclasses import replace
from typing import Any

import pytest

from tests.validation.builders import case, manifest, protocol, result
from validation.document import Signed
from validation.drawing_up import Circumstances, deviations
from validation.protocol import SampleSize

pytestmark = pytest.mark.requirement("VAL-01")

SIGNED = (Signed("Dr. Kim", "approved", "2026-01-06T10:00:00+00:00", "0" * 64),)


def around(**changes: Any) -> Circumstances:
    given: dict[str, Any] = {
        "protocol_signatures": SIGNED,
        "signed_before": True,
        "report_signatures": (),
        "uses": 0,
        "code": "",
        "checkpoint": "",
        "made": "",
    }
    return Circumstances(**(given | changes))


def said(circumstances: Circumstances, *, size: SampleSize | None = None, done: bool = True) -> list[str]:
    asked = replace(protocol(), sample_size=size or SampleSize())
    results = {"one": result("one")} if done else {}
    return list(deviations(asked, manifest(case("one")), results, circumstances))


def test_a_run_as_the_protocol_has_it_has_none() -> None:
    assert said(around()) == []


@pytest.mark.parametrize(
    ("circumstances", "words"),
    [
        (around(protocol_signatures=()), "is not signed"),
        (around(signed_before=False), "signed after the run had started"),
    ],
)
def test_a_protocol_that_was_not_signed_before_is_one(circumstances: Circumstances, words: str) -> None:
    (one,) = said(circumstances)

    assert words in one


def test_fewer_cases_than_planned_are_one_for_each_kind() -> None:
    assert said(around(), size=SampleSize(positive=2, negative=1, total=1)) == [
        "1 positive cases, fewer than the 2 that the protocol asks for.",
        "0 negative cases, fewer than the 1 that the protocol asks for.",
    ]


def test_a_case_that_was_not_run_is_one() -> None:
    assert said(around(), done=False) == ["1 cases were not run."]
