"""What a record asks for, and what is wrong with a signature on it."""

from dataclasses import replace
from typing import Any

import pytest

from audit.entry import canonical
from audit.manifest import Meaning, digest_of
from audit.verdicts import (
    Asked,
    Problem,
    Verdict,
    against_record,
    asked,
    author_of,
    content_of,
    in_effect,
    is_complete,
)
from tests.audit.signers import content
from tests.audit.test_manifest import MANIFEST

TEXT = canonical(content())
SIGNED = replace(MANIFEST, subject="report/1", digest=digest_of(TEXT))

pytestmark = pytest.mark.requirement("SIG-02")


def test_a_record_says_which_signatures_it_asks_for_in_their_order() -> None:
    assert asked(content()) == (
        Asked(Meaning.REVIEWED, "quality_officer"),
        Asked(Meaning.APPROVED, "approver"),
    )


@pytest.mark.parametrize(
    "wanted",
    [
        None,
        7,
        "reviewed",
        [7],
        ["reviewed"],
        [{"meaning": "admired", "role": "x"}],
        [{}],
        [{"meaning": "reviewed", "role": 7}],
    ],
)
def test_a_record_that_does_not_say_it_as_it_should_asks_for_none(wanted: Any) -> None:
    assert asked({"signatures": wanted}) == ()
    assert not is_complete({"signatures": wanted}, ())


@pytest.mark.parametrize("author", [None, "user/1", [], {}, {"signer": 7}])
def test_a_record_without_an_author_has_none(author: Any) -> None:
    assert author_of({"author": author}) == ""
    assert author_of({}) == ""


@pytest.mark.parametrize("text", ["", "{", "[]", "7", "null", "[" * 100_000])
def test_what_cannot_be_read_has_no_content(text: str) -> None:
    assert content_of(text) == {}


@pytest.mark.part11("11.70")
def test_a_signature_belongs_to_one_record_and_one_text() -> None:
    changed = canonical(content(text="All is not well."))

    assert list(against_record(SIGNED, "report/1", TEXT)) == []
    assert list(against_record(SIGNED, "report/2", TEXT)) == [Problem.MOVED]
    assert list(against_record(SIGNED, "report/1", changed)) == [Problem.CHANGED]
    assert list(against_record(SIGNED, "report/2", changed)) == [Problem.MOVED, Problem.CHANGED]


def test_only_signatures_without_a_problem_are_in_effect() -> None:
    good, spoilt = Verdict(SIGNED, ()), Verdict(replace(SIGNED, meaning="approved"), (Problem.FORGED,))
    waiting = Verdict(replace(SIGNED, meaning="approved"), (Problem.NOT_SEALED,))

    assert set(in_effect([good, spoilt, waiting, Verdict(None, ())])) == {Meaning.REVIEWED}
    assert (waiting.is_waiting, spoilt.is_waiting, good.is_waiting) == (True, False, False)
    assert not is_complete(content(), [good, waiting])
    assert is_complete(content(), [good, Verdict(replace(SIGNED, meaning="approved"), ())])
