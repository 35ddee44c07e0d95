"""The protocol: read whole or refused, with the place and what is needed there."""

from pathlib import Path

import pytest

from tests.validation.builders import protocol, protocol_text
from validation.endpoints import METRICS
from validation.protocol import Goal, Jurisdiction, Population, ProtocolRefused, parse, read_protocol
from validation.template import missing

pytestmark = pytest.mark.requirement("VAL-01")

SHIPPED = sorted((Path(__file__).parents[2] / "validation" / "protocols").glob("*.toml"))


def test_a_protocol_says_what_is_measured_and_when_it_is_good_enough() -> None:
    read = protocol()

    assert (read.name, read.dated.isoformat(), read.jurisdictions) == (
        "test",
        "2026-01-05",
        (Jurisdiction.FDA,),
    )
    (endpoint,) = read.primary
    assert (endpoint.metric, endpoint.goal, endpoint.limit) == ("AUC", Goal.AT_LEAST, 0.6)
    assert endpoint.population is Population.INTENTION_TO_DIAGNOSE


def test_another_byte_is_another_protocol() -> None:
    text = protocol_text()

    assert parse(text.encode(), name="a").digest != parse((text + "# \n").encode(), name="a").digest


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("limit = 0.6", 'limit = "0.6"'), "limit: float is needed"),
        (('goal = "at least"', 'goal = "about"'), "goal: one of"),
        (("primary = true", ""), "one at least is primary"),
        (('rationale = "as the tests need it"', ""), "rationale"),
        (('goal = "at least"', 'goal = "described"'), "what is primary has a goal"),
        (('goal = "at least"', 'goal = "superior"'), "need a comparator"),
        (("seed = 7", ""), "missing: seed"),
        (("seed = 7", "seed = 7\nsead = 8"), "unknown: sead"),
        (("seed = 7", 'seed = 7\ndigest = "0"'), "cannot hold the digest of itself"),
        (('jurisdictions = ["FDA"]', "jurisdictions = []"), "jurisdictions: at least one"),
        (("replicates = 1000", "replicates = 10"), "at least 1000"),
        (("[model]", "[model"), "is not TOML"),
        (("dated = 2026-01-05", 'dated = "yesterday"'), "a date is needed"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(change: tuple[str, str], words: str) -> None:
    text = protocol_text()
    assert change[0] in text

    with pytest.raises(ProtocolRefused, match=words):
        parse(text.replace(*change).encode(), name="test.toml")


def test_two_endpoints_of_one_name_are_refused() -> None:
    again = '\n[[endpoints]]\nname = "Area"\nmetric = "AUC"\nof = "finding"\n'

    with pytest.raises(ProtocolRefused, match="no name twice"):
        protocol(more=again)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProtocolRefused, match="cannot be read"):
        read_protocol(tmp_path / "none.toml")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_shipped_protocols_are_complete_and_ask_for_figures_that_there_are(path: Path) -> None:
    read = read_protocol(path)

    assert missing(read) == []
    assert {endpoint.metric for endpoint in read.endpoints} <= METRICS.keys()
    assert (path.parent / read.data.manifest).exists()


def test_a_statement_that_the_jurisdiction_asks_for_is_missed() -> None:
    text = protocol_text().replace('"Limitations" = "Everything."', "")

    assert missing(parse(text.encode(), name="t")) == ["Limitations"]
