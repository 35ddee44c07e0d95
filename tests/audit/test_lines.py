"""The lines of an export."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.entry import COLUMNS, canonical, leaf_hash
from audit.lines import BEFORE_TEXT, SHAPES, Unreadable, begun, line, read, rendered
from tests.audit.exported import content

pytestmark = pytest.mark.requirement("AUD-05")

facts = st.dictionaries(
    st.text(), st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.text()), max_size=5
)
events = st.builds(
    lambda text, **members: content(1, **dict.fromkeys(("reason", "actor", "patient"), text), **members),
    text=st.text(),
    facts=facts,
    changes=st.dictionaries(st.text(), st.lists(st.text(), min_size=2, max_size=2), max_size=2),
    outcome=st.sampled_from([0, 4, 8, 12]),
    subject=st.text(),
)


@given(events)
def test_an_event_is_rendered_as_its_canonical_text(said: dict[str, Any]) -> None:
    assert rendered(said)[0] == canonical(said)


@given(events, st.integers(0, 10**12))
def test_the_parts_of_a_line_are_those_of_the_whole(said: dict[str, Any], seq: int) -> None:
    text = canonical(said)
    leaf, chain = leaf_hash(text), leaf_hash(text + "x")

    whole = line(
        "event",
        seq=seq,
        leaf=leaf.hex(),
        chain=chain.hex(),
        canonical=text,
        **{name: said[name] for name in COLUMNS},
    )

    begin = begun(seq, leaf, chain)
    assert whole.startswith(begin)
    assert len(begin) == BEFORE_TEXT + len(str(seq)) + 1  # and the quotation mark
    assert whole == begin + json.dumps(text)[1:] + rendered(said)[1]


def test_a_line_says_what_it_was_made_of() -> None:
    assert read(line("record", subject="review/3", content="{}")) == {
        "kind": "record",
        "subject": "review/3",
        "content": "{}",
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "null",
        "[]",
        "{}",
        '{"kind":"spectre"}',
        '{"kind":["event"]}',
        '{"kind":"record","subject":"a"}',
        '{"kind":"record","subject":"a","content":"b","more":1}',
        '{"kind":"record","subject":1,"content":"b"}',
        '{"kind":"checkpoint","size":true,"root":"","note":""}',
        '{"kind":"checkpoint","size":1.0,"root":"","note":""}',
        "[" * 100_000,
        '{"kind":"checkpoint","size":' + "9" * 5000 + ',"root":"","note":""}',
    ],
)
def test_what_is_no_line_of_an_export_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        read(text)


def test_every_kind_of_line_says_its_kind() -> None:
    assert all(shape["kind"] is str for shape in SHAPES.values())
