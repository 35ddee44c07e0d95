"""Audit messages of entries: golden ones for every kind, valid ones for anything.

To write the golden files anew: `GOLDEN=write pytest tests/audit/atna`, then read the difference.
"""

import base64
import json
import os
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.atna.mapping import RULES
from audit.atna.record import Record
from audit.atna.translation import messages
from audit.entry import canonical, leaf_hash
from audit.events import Event
from tests.audit.atna.entries import SOURCE, entry
from tests.audit.atna.profile import parsed, violations

GOLDEN = Path(__file__).with_name("golden")

OF_STUDY = {"study": "study/17", "patient": "patient/5f0c2d9a11e04b7d"}
OF_MODEL = {**OF_STUDY, "model": "9f" * 32}

# One or more for every EventID.
CASES = {
    "110100-process-started": entry("process:started", "process/node", version="1.0"),
    "110100-run-opened": entry("run:opened", "run/4", **OF_STUDY, number=2),
    "110100-model-imported": entry("model:imported", "model/2", actor="kim", model="9f" * 32, version="1.2"),
    "110101-trail-viewed": entry("trail:viewed", "trail", actor="lee", address="10.0.0.7", filter="study/17"),
    "110101-110106-trail-exported": entry(
        "trail:exported", "trail", actor="lee", address="10.0.0.7", reason="inspection", format="jsonl"
    ),
    "110102-association-opened": entry("association:opened", "association/5", peer="pacs"),
    "110102-delivery-started": entry(
        "delivery:started", "delivery/3", **OF_MODEL, peer="pacs", attempt=1, objects=["1.2.3", "1.2.4"]
    ),
    "110103-study-viewed": entry("study:viewed", "study/17", **OF_STUDY, actor="kim", address="10.0.0.8"),
    "110103-analysis-reported": entry("analysis:reported", "analysis/17", **OF_MODEL),
    "110104-instance-stored": entry(
        "instance:stored", "instance/99", **OF_STUDY, association="association/5", sha256="ab" * 32
    ),
    "110104-association-closed": entry("association:closed", "association/5", accepted=12, recorded=12),
    "110104-report-refused": entry(
        "report:refused", "delivery/3", **OF_MODEL, outcome=8, reason="0x0122: not supported", peer="pacs"
    ),
    "110110-patient-unlinked": entry(
        "patient:unlinked", "patient/5f0c2d9a11e04b7d", patient="patient/5f0c2d9a11e04b7d", actor="park"
    ),
    "110112-worklist-searched": entry("worklist:searched", "worklist", actor="kim", search="patient/5f0c"),
    "110113-association-refused": entry(
        "association:refused",
        "refusal/1",
        outcome=4,
        reason="the calling AE title is not known",
        calling_ae="EVIL",
        called_ae="SAMD",
        from_address="10.9.9.9",
    ),
    "110113-counts-disagree": entry(
        "association:counts disagree", "association/5", outcome=8, accepted=3, recorded=2
    ),
    "110113-role-granted": entry(
        "role:granted", "user/4", actor="park", address="10.0.0.2", role="physician"
    ),
    "110114-logged-in": entry("user:logged in", "user/4", actor="kim", address="10.0.0.8"),
    "110114-login-failed": entry(
        "user:login failed", "user/4", actor="nobody", outcome=4, address="10.0.0.8"
    ),
    "unreadable": "this was an entry once",
}


def translated(text: str, seq: int = 41) -> list[bytes]:
    return [message.xml() for message in messages(Record.of(seq, text), SOURCE)]


@pytest.mark.requirement("AUD-08")
@pytest.mark.parametrize("name", CASES)
def test_the_messages_are_the_golden_ones(name: str) -> None:
    readable = b"\n".join(_readable(xml) for xml in translated(CASES[name]))
    path = GOLDEN / f"{name}.xml"
    if os.environ.get("GOLDEN") == "write":
        path.write_bytes(readable)

    assert readable == path.read_bytes()


def _readable(xml: bytes) -> bytes:
    tree = parsed(xml)
    ET.indent(tree)
    return ET.tostring(tree, encoding="utf-8") + b"\n"


@pytest.mark.requirement("AUD-08")
@pytest.mark.parametrize("event", RULES)
@pytest.mark.parametrize("actor", ["device", "kim"])
def test_every_event_gives_messages_that_the_standard_allows(event: Event, actor: str) -> None:
    texts = [
        entry(event, "trail", actor=actor),
        entry(event, "user/7", actor=actor, **OF_MODEL, address="::1", peer="pacs", reason="so", recorded=2),
    ]

    assert [violations(xml) for text in texts for xml in translated(text)] == [
        [] for text in texts for _rule in RULES[event]
    ]


# Anything that a text can hold, and more: control characters, markup, what is no character at all.
ANYTHING = st.text(max_size=20) | st.sampled_from(["<b a='\"'>&amp;]]>", "\x00\x1b", "\ud800", " ", "한글\n"])
VALUE = st.none() | st.booleans() | st.integers() | ANYTHING | st.lists(ANYTHING, max_size=3)
FACTS = st.dictionaries(
    st.sampled_from(["peer", "calling_ae", "recorded", "objects", "study_instance_uid", "format"]) | ANYTHING,
    VALUE,
    max_size=5,
)


@pytest.mark.requirement("AUD-08")
@given(
    event=st.sampled_from(list(Event)),
    texts=st.fixed_dictionaries(
        dict.fromkeys(("subject", "actor", "address", "study", "patient", "model", "reason"), ANYTHING)
    ),
    facts=FACTS,
    outcome=st.sampled_from([0, 4, 8, 12]),
)
def test_whatever_an_event_says_its_messages_are_in_the_schema(
    event: Event, texts: dict[str, str], facts: dict[str, object], outcome: int
) -> None:
    content = json.loads(entry(event)) | texts | {"facts": facts, "outcome": outcome}

    assert [violations(xml) for xml in translated(canonical(content))] == [[] for _rule in RULES[event]]


@pytest.mark.requirement("AUD-08")
@given(
    text=ANYTHING | st.recursive(VALUE, lambda v: st.lists(v) | st.dictionaries(ANYTHING, v)).map(json.dumps)
)
def test_what_is_no_event_of_ours_is_passed_on_as_an_alarm(text: str) -> None:
    (xml,) = translated(text)

    assert violations(xml) == []
    assert b'EventOutcomeIndicator="12"' in xml


@pytest.mark.requirement("AUD-08")
def test_the_repository_holds_the_bytes_that_are_sealed() -> None:
    text = CASES["110113-role-granted"]

    (xml,) = translated(text, seq=7)

    item = parsed(xml).find("ParticipantObjectIdentification[@ParticipantObjectID='7']")
    assert item is not None
    detail = item.find("ParticipantObjectDetail")
    assert detail is not None
    sealed = base64.b64decode(detail.attrib["value"]).decode()
    assert leaf_hash(sealed) == leaf_hash(text)


@pytest.mark.requirement("AUD-08")
@pytest.mark.parametrize(
    ("event", "outcome", "said"),
    [
        (Event.REPORT_DELIVERED, 0, "0"),
        (Event.REPORT_DELIVERED, 4, "4"),
        (Event.ANALYSIS_STARTED, 12, "12"),
        (Event.USER_LOGIN_FAILED, 0, "4"),
        (Event.USER_LOGIN_FAILED, 8, "8"),
        (Event.INSTANCE_CONFLICTED, 0, "8"),
        (Event.USER_LOCKED, 4, "12"),
    ],
)
def test_the_outcome_is_that_of_the_event_and_a_refusal_is_never_a_success(
    event: Event, outcome: int, said: str
) -> None:
    (xml,) = translated(entry(event, outcome=outcome))

    identification = parsed(xml).find("EventIdentification")
    assert identification is not None
    assert identification.get("EventOutcomeIndicator") == said


@pytest.mark.requirement("AUD-08")
def test_a_study_is_named_by_its_uid_only_where_the_event_says_it() -> None:
    with_uid = entry("study:viewed", "study/17", **OF_STUDY, actor="kim", study_instance_uid="1.2.840.1")
    without = entry("study:viewed", "study/17", **OF_STUDY, actor="kim")

    studies = [_studies(translated(text)[0]) for text in (with_uid, without)]

    assert studies == [[("1.2.840.1", "110180", "DCM")], [("study/17", "study", "99SAMD")]]


def _studies(xml: bytes) -> list[tuple[str | None, str | None, str | None]]:
    found = []
    for item in parsed(xml).iterfind("ParticipantObjectIdentification"):
        kind = item.find("ParticipantObjectIDTypeCode")
        if item.get("ParticipantObjectTypeCodeRole") == "3" and kind is not None:
            found.append((item.get("ParticipantObjectID"), kind.get("csd-code"), kind.get("codeSystemName")))
    return found


@pytest.mark.requirement("AUD-08")
def test_a_patient_is_named_by_the_surrogate_alone() -> None:
    (xml,) = translated(CASES["110103-study-viewed"])

    patient = parsed(xml).find("ParticipantObjectIdentification[@ParticipantObjectTypeCode='1']")
    assert patient is not None
    name = patient.find("ParticipantObjectName")
    assert name is not None
    assert (patient.get("ParticipantObjectID"), name.text) == (OF_STUDY["patient"], OF_STUDY["patient"])
