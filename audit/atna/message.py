"""An audit message as PS3.15 A.5.1 draws it, and its XML."""

import base64
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from audit.atna.codes import Action, Code, ObjectRole, ObjectType

_DECLARATION: Final = b'<?xml version="1.0" encoding="UTF-8"?>'
_APPLICATION_SERVER: Final = "4"  # AuditSourceTypeCode
# XML 1.0 section 2.2 has no way to write these, not even as references.
_NOT_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Participant:
    """Who took part: `address` and its type, "1" a name or "2" an IP address, come together or not at all."""

    user: str
    requestor: bool
    roles: tuple[Code, ...] = ()
    alternative: str = ""
    address: str = ""
    address_type: str = ""
    media: Code | None = None


@dataclass(frozen=True, slots=True)
class ParticipantObject:
    """What it was about. `query`, where there is one, stands in the place of `name`.

    `details` are written in base64; `instances` are SOP Instance UIDs, `number` how many instances.
    """

    identity: str
    kind: Code
    name: str
    type: ObjectType
    role: ObjectRole | None = None
    query: bytes | None = None
    details: Mapping[str, bytes] | None = None
    instances: tuple[str, ...] = ()
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One audit message. `at` is an xsd:dateTime with its zone, `outcome` 0, 4, 8 or 12."""

    event: Code
    types: tuple[Code, ...]
    action: Action
    at: str
    outcome: int
    description: str
    participants: tuple[Participant, ...]
    source: str
    site: str
    objects: tuple[ParticipantObject, ...]

    def xml(self) -> bytes:
        """The message in UTF-8, with its declaration; characters that XML cannot write become U+FFFD."""
        root = ET.Element("AuditMessage")
        identification = _element(
            root,
            "EventIdentification",
            EventActionCode=self.action,
            EventDateTime=self.at,
            EventOutcomeIndicator=str(self.outcome),
        )
        _coded(identification, "EventID", self.event)
        for code in self.types:
            _coded(identification, "EventTypeCode", code)
        if self.description:
            _element(identification, "EventOutcomeDescription").text = _clean(self.description)
        for participant in self.participants:
            _write_participant(root, participant)
        source = _element(
            root, "AuditSourceIdentification", AuditEnterpriseSiteID=self.site, AuditSourceID=self.source
        )
        _element(source, "AuditSourceTypeCode", **{"csd-code": _APPLICATION_SERVER})
        for item in self.objects:
            _write_object(root, item)
        return _DECLARATION + ET.tostring(root, encoding="unicode").encode()


def _write_participant(root: ET.Element, participant: Participant) -> None:
    element = _element(
        root,
        "ActiveParticipant",
        UserID=participant.user,
        AlternativeUserID=participant.alternative,
        UserIsRequestor="true" if participant.requestor else "false",
        NetworkAccessPointID=participant.address,
        NetworkAccessPointTypeCode=participant.address_type,
    )
    for role in participant.roles:
        _coded(element, "RoleIDCode", role)
    if participant.media is not None:
        _coded(_element(element, "MediaIdentifier"), "MediaType", participant.media)


def _write_object(root: ET.Element, item: ParticipantObject) -> None:
    element = _element(
        root,
        "ParticipantObjectIdentification",
        ParticipantObjectID=item.identity,
        ParticipantObjectTypeCode=str(int(item.type)),
        ParticipantObjectTypeCodeRole=str(int(item.role)) if item.role else "",
    )
    _coded(element, "ParticipantObjectIDTypeCode", item.kind)
    if item.query is not None:
        _element(element, "ParticipantObjectQuery").text = _base64(item.query)
    else:
        _element(element, "ParticipantObjectName").text = _clean(item.name)
    for name, value in (item.details or {}).items():
        if not value:
            continue
        _element(element, "ParticipantObjectDetail", type=name, value=_base64(value))
    if item.number is not None:
        description = _element(element, "ParticipantObjectDescription")
        sop_class = _element(description, "SOPClass", NumberOfInstances=str(item.number))
        for uid in item.instances:
            _element(sop_class, "Instance", UID=uid)


def _coded(parent: ET.Element, name: str, code: Code) -> None:
    attributes = {"csd-code": code.value, "codeSystemName": code.scheme, "originalText": code.meaning}
    _element(parent, name, **attributes)


def _element(parent: ET.Element, name: str, **attributes: str) -> ET.Element:
    """A new child with those attributes that have a value."""
    return ET.SubElement(parent, name, {key: _clean(value) for key, value in attributes.items() if value})


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()
