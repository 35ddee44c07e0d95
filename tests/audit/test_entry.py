"""One event as the bytes that are sealed."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.entry import COLUMNS, EMPTY_CHAIN, FIELDS, canonical, chain_hash, leaf_hash
from tests.audit import independent
from tests.audit.exported import content

pytestmark = pytest.mark.requirement("AUD-02")

values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), values, max_size=6))
def test_a_second_implementation_writes_the_same_canonical_text(said: dict[str, Any]) -> None:
    assert canonical(said) == independent.written(said)


@given(st.dictionaries(st.text(), values, max_size=6))
def test_a_canonical_text_is_ascii_and_says_what_was_said(said: dict[str, Any]) -> None:
    text = canonical(said)

    assert text.isascii()
    assert json.loads(text) == said
    assert canonical(json.loads(text)) == text


def test_the_order_of_writing_does_not_matter() -> None:
    assert canonical({"b": 1, "a": [2]}) == canonical({"a": [2], "b": 1}) == '{"a":[2],"b":1}'


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_json_has_no_word_for_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical({"a": value})


def test_a_leaf_is_that_of_rfc_6962() -> None:
    assert leaf_hash("") == hashlib.sha256(b"\x00").digest()
    assert leaf_hash("abc") == independent.leaf(b"abc")


@pytest.mark.parametrize("text", ["김", "\ud800"])
def test_a_text_that_is_not_canonical_has_a_leaf_too_and_stops_nobody(text: str) -> None:
    assert leaf_hash(text) == hashlib.sha256(b"\x00" + text.encode("utf-8", "surrogatepass")).digest()


def test_a_link_depends_on_everything_before_it() -> None:
    first, second = leaf_hash("a"), leaf_hash("b")

    assert chain_hash(EMPTY_CHAIN, first) == hashlib.sha256(bytes(32) + first).digest()
    assert chain_hash(chain_hash(EMPTY_CHAIN, first), second) != chain_hash(EMPTY_CHAIN, second)


def test_an_event_has_its_columns_and_four_members_more() -> None:
    assert set(content(0)) == FIELDS == {*COLUMNS, "reason", "changes", "facts", "v"}
