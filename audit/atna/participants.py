"""The participants of an audit message, and which of them asked for what happened."""

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from audit.atna import codes
from audit.atna.codes import Code
from audit.atna.mapping import Cast
from audit.atna.message import Participant
from audit.atna.record import DEVICE, Record

_UNKNOWN: Final = "unknown"
_NAME, _IP = "1", "2"  # NetworkAccessPointTypeCode


@dataclass(frozen=True, slots=True)
class Source:
    """Who reports: `name` of this device, `site` of the enterprise, its AE title, host name, and the log."""

    name: str
    site: str
    ae_title: str
    host: str
    origin: str


def participants(cast: Cast, record: Record, source: Source) -> tuple[Participant, ...]:
    """Those that the table of this message asks for. Exactly one of them is the requestor."""
    return _CASTS[cast](record, source)


def _activity(record: Record, source: Source) -> tuple[Participant, ...]:
    if record.actor == DEVICE:
        return (_device(source, codes.APPLICATION, requestor=True),)
    return (_device(source, codes.APPLICATION), _person(record, source, codes.LAUNCHER))


def _reading(record: Record, source: Source) -> tuple[Participant, ...]:
    if record.actor == DEVICE:
        return (_device(source, requestor=True),)
    return (_person(record, source), _device(source))


def _incoming(record: Record, source: Source) -> tuple[Participant, ...]:
    sender = _peer(record, codes.SOURCE, requestor=True)
    return (sender, _device(source, codes.DESTINATION))


def _outgoing(record: Record, source: Source) -> tuple[Participant, ...]:
    receiver = _peer(record, codes.DESTINATION)
    if record.actor == DEVICE:
        return (_device(source, codes.SOURCE, requestor=True), receiver)
    return (_device(source, codes.SOURCE), receiver, _person(record, source))


def _export(record: Record, source: Source) -> tuple[Participant, ...]:
    by_person = record.actor != DEVICE
    process = _device(source, codes.SOURCE, codes.APPLICATION, requestor=not by_person)
    person = (_person(record, source, codes.SOURCE),) if by_person else ()
    medium = Participant(
        user=record.fact("file", "format") or "download",
        requestor=False,
        roles=(codes.DESTINATION, codes.DESTINATION_MEDIA),
        media=codes.URI_MEDIA,
    )
    return (*person, process, medium)


def _query(record: Record, source: Source) -> tuple[Participant, ...]:
    return (_person(record, source, codes.SOURCE), _device(source, codes.DESTINATION))


def _alert(record: Record, source: Source) -> tuple[Participant, ...]:
    """This device reports; who did it is named beside, never as the requestor (A.5.3.11)."""
    performing = []
    if record.actor not in {DEVICE, ""}:
        performing.append(_person(record, source, requestor=False))
    if record.fact("peer", "calling_ae", "association"):
        performing.append(_peer(record))
    return (_device(source, requestor=True), *performing)


def _authentication(record: Record, source: Source) -> tuple[Participant, ...]:
    """The person with a network access point, which A.5.3.12 demands: this host where none was said."""
    return (_person(record, source, fallback=source.host), _device(source))


_CASTS: Final[Mapping[Cast, Callable[[Record, Source], tuple[Participant, ...]]]] = {
    Cast.ACTIVITY: _activity,
    Cast.AUDIT_LOG: _reading,
    Cast.INCOMING: _incoming,
    Cast.OUTGOING: _outgoing,
    Cast.ACCESS: _reading,
    Cast.EXPORT: _export,
    Cast.PATIENT: _reading,
    Cast.QUERY: _query,
    Cast.ALERT: _alert,
    Cast.AUTHENTICATION: _authentication,
}


def _person(
    record: Record, source: Source, *roles: Code, requestor: bool = True, fallback: str = ""
) -> Participant:
    """The user as loginName@domain-name (A.5.2.1)."""
    user = record.actor or _UNKNOWN
    address, kind = _access_point(record.address or fallback)
    return Participant(
        user=f"{user}@{source.site}" if source.site and user != DEVICE else user,
        requestor=requestor,
        roles=roles,
        address=address,
        address_type=kind,
    )


def _device(source: Source, *roles: Code, requestor: bool = False) -> Participant:
    address, kind = _access_point(source.host)
    return Participant(
        user=source.name,
        requestor=requestor,
        roles=roles,
        alternative=f"AETITLES={source.ae_title}",
        address=address,
        address_type=kind,
    )


def _peer(record: Record, *roles: Code, requestor: bool = False) -> Participant:
    """The other node, by the name that it has here; a refused one by what it called itself."""
    ae_title = record.fact("calling_ae", "ae_title")
    address, kind = _access_point(record.fact("from_address", "peer_address"))
    return Participant(
        user=record.fact("peer", "calling_ae", "association") or record.subject or _UNKNOWN,
        requestor=requestor,
        roles=roles,
        alternative=f"AETITLES={ae_title}" if ae_title else "",
        address=address,
        address_type=kind,
    )


def _access_point(address: str) -> tuple[str, str]:
    """The network access point and its type, or two empty texts."""
    if not address:
        return "", ""
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return address, _NAME
    return address, _IP
