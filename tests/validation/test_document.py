"""A report that is kept as a text is the same report again."""

import pytest

from tests.validation.report import example
from validation.document import Document, content_digest, kept, restored

pytestmark = pytest.mark.requirement("VAL-08")


@pytest.mark.parametrize("document", [example.document(), example.empty()], ids=["full", "empty"])
def test_what_was_kept_is_restored(document: Document) -> None:
    again = restored(kept(document))

    assert again == document
    assert content_digest(again) == content_digest(document)


def test_a_bound_that_is_infinite_stays_so() -> None:
    open_above = example.figure(4.4, 3.3, float("inf"))
    document = example.document(explanations=(("Ratio", open_above),))

    assert restored(kept(document)).explanations == (("Ratio", open_above),)


def test_what_is_no_report_is_refused() -> None:
    with pytest.raises(ValueError, match="Expecting value"):
        restored("")
