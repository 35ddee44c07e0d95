"""What PS3.15 A.5 demands of an audit message, beyond and including its schema: written without our code.

`violations` says in words what is wrong with the XML of a message; nothing where it is in order.
"""

import functools
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import xmlschema

SCHEMA = Path(__file__).with_name("audit-message.xsd")

SOURCE, DESTINATION, APPLICATION, MEDIA = "110153", "110152", "110150", "110154"

# EventID: the actions, the roles that exactly one or (with "+") one or more participants have, and whether a
# type code of DICOM is mandatory.
TABLES: dict[str, tuple[str, tuple[str, ...], bool]] = {
    "110100": ("E", (APPLICATION,), False),  # A.5.3.1; the types are Defined Terms, so ours may stand alone
    "110101": ("R", (), False),  # A.5.3.2
    "110102": ("E", (SOURCE, DESTINATION), False),  # A.5.3.3
    "110103": ("CRUD", (), False),  # A.5.3.6
    "110104": ("CRU", (SOURCE, DESTINATION), False),  # A.5.3.7
    "110106": ("R", (f"{SOURCE}+", MEDIA), False),  # A.5.3.4
    "110110": ("CRUD", (), False),  # A.5.3.14
    "110112": ("E", (SOURCE, DESTINATION), False),  # A.5.3.10
    "110113": ("E", (), False),  # A.5.3.11
    "110114": ("E", (), True),  # A.5.3.12
}


@functools.cache
def schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(SCHEMA)


def parsed(xml: bytes) -> ET.Element:
    return ET.fromstring(xml)  # noqa: S314 - the messages of a test, made by ourselves


def violations(xml: bytes) -> list[str]:
    found = [f"{error.path}: {error.reason}" for error in schema().iter_errors(xml.decode())]
    return found or list(_of_the_profile(parsed(xml)))


def _of_the_profile(message: ET.Element) -> Iterator[str]:
    event = message.find("EventIdentification")
    assert event is not None
    identity = event.find("EventID")
    assert identity is not None
    code = identity.get("csd-code", "")
    if identity.get("codeSystemName") != "DCM" or code not in TABLES:
        yield f"{code} is no Audit Event ID of CID 400 that is used here"
        return
    actions, roles, needs_type = TABLES[code]
    if event.get("EventActionCode", "-") not in actions:
        yield f"{code} has the action {event.get('EventActionCode')}"
    types = [item.get("codeSystemName") for item in event.iterfind("EventTypeCode")]
    if not types or (needs_type and "DCM" not in types):
        yield f"{code} lacks its type code"
    yield from _of_participants(message.findall("ActiveParticipant"), code, roles)
    yield from _of_objects(message.findall("ParticipantObjectIdentification"), code)


def _of_participants(participants: list[ET.Element], code: str, roles: tuple[str, ...]) -> Iterator[str]:
    # A.5.2: several requestors shall not be identified.
    if sum(item.get("UserIsRequestor") == "true" for item in participants) != 1:
        yield "not exactly one participant is the requestor"
    if any(
        (item.get("NetworkAccessPointID") is None) != (item.get("NetworkAccessPointTypeCode") is None)
        for item in participants
    ):
        yield "a network access point without its type, or the reverse"
    played = [role.get("csd-code") for item in participants for role in item.iterfind("RoleIDCode")]
    for role in roles:
        number = played.count(role.rstrip("+"))
        if number == 0 or (number > 1 and not role.endswith("+")):
            yield f"{code} has the role {role} {number} times"
    if code == "110114" and participants[0].get("NetworkAccessPointID") is None:
        yield "110114 lacks the network access point of the person"


def _of_objects(objects: list[ET.Element], code: str) -> Iterator[str]:
    kinds = [
        (item.get("ParticipantObjectTypeCode"), item.get("ParticipantObjectTypeCodeRole"), _kind(item))
        for item in objects
    ]
    if sum((type_, role) == ("1", "1") for type_, role, _kind in kinds) > 1:
        yield "more than one patient"
    if any((type_, role) == ("1", "1") and kind != ("2", "RFC-3881") for type_, role, kind in kinds):
        yield "the patient is not identified by a patient number"
    if code == "110101" and kinds.count(("2", "13", ("12", "RFC-3881"))) != 1:
        yield "110101 does not name the one audit log"
    if code == "110112" and sum(item.find("ParticipantObjectQuery") is not None for item in objects) != 1:
        yield "110112 lacks the query"


def _kind(item: ET.Element) -> tuple[str | None, str | None]:
    kind = item.find("ParticipantObjectIDTypeCode")
    assert kind is not None
    return kind.get("csd-code"), kind.get("codeSystemName")
