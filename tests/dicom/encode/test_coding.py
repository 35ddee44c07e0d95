"""Coded concepts, and the private scheme that is declared where it is used."""

from dataclasses import replace

import pytest

from samd.dicom.encode.coding import concept
from samd.domain.codes import PRIVATE_SCHEME, Code
from samd.domain.finding import Answer
from tests.dicom.encode.cases import CAPTURE, REPORT, ct, found, radiograph, unanswered

pytestmark = pytest.mark.requirement("OUT-01")


def test_the_private_scheme_is_identified_where_it_is_used() -> None:
    report = found(radiograph().encoded(), REPORT)  # its score is a private concept

    (scheme,) = report.CodingSchemeIdentificationSequence
    assert scheme.CodingSchemeDesignator == PRIVATE_SCHEME
    assert scheme.CodingSchemeResponsibleOrganization == "samd project"


def test_the_private_scheme_is_not_identified_where_it_is_not_used() -> None:
    encoded = unanswered(Answer.FAILED).encoded()

    assert "CodingSchemeIdentificationSequence" not in found(encoded, CAPTURE)


def test_a_meaning_is_ascii_of_at_most_64_characters() -> None:
    coded = concept(Code("x", PRIVATE_SCHEME, "Emphysema index ≤ -950 HU " + "x" * 80))

    assert coded.CodeMeaning.startswith("Emphysema index <= -950 HU xxx")
    assert len(coded.CodeMeaning) == 64


def test_korean_in_a_card_does_not_stop_the_encoding() -> None:
    arguments = ct()
    card = replace(
        arguments.card, title="복부 CT", manufacturer="삼디 주식회사", limits_of_use=("진단용 아님",)
    )

    for dataset in arguments.changed(card=card).encoded().objects:
        assert str(dataset.SeriesDescription).isascii()
        assert str(dataset.Manufacturer).isascii()
