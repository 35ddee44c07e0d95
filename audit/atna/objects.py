"""What an audit message is about: patient, study, model, subject - and the entry of the log itself."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from audit.atna import codes
from audit.atna.codes import Code, ObjectRole, ObjectType
from audit.atna.mapping import Cast
from audit.atna.message import ParticipantObject
from audit.atna.participants import Source
from audit.atna.record import Record

_SECURITY_AUDIT_LOG: Final = "Security Audit Log"  # A.5.3.2 demands this name


def objects(cast: Cast, record: Record, source: Source) -> tuple[ParticipantObject, ...]:
    """Everything that the event names, the parts that its table asks for first."""
    about = {item.identity: item for item in _about(cast, record)}
    first = (_LEADING[cast](record, source),) if cast in _LEADING else ()
    return (*first, *about.values(), _entry(record, source))


def _about(cast: Cast, record: Record) -> Iterator[ParticipantObject]:
    """Subject, model, study and patient; of two with one identity the last, which says more, counts."""
    if record.subject and not (cast in _LEADING and record.subject in {"trail", "worklist"}):
        yield _subject(cast, record)
    if record.model:
        role = ObjectRole.PROCESSING_ELEMENT
        yield ParticipantObject(record.model, codes.OWN_MODEL, record.model, ObjectType.SYSTEM, role)
    yield from _study(record)
    if record.patient:
        role = ObjectRole.PATIENT
        yield ParticipantObject(record.patient, codes.PATIENT_NUMBER, record.patient, ObjectType.PERSON, role)


def _study(record: Record) -> Iterator[ParticipantObject]:
    uids = record.uids("study_instance_uid")
    identity, kind = (uids[0], codes.STUDY_INSTANCE_UID) if uids else (record.study, codes.OWN_STUDY)
    if identity:
        instances = record.uids("objects")
        yield ParticipantObject(
            identity,
            kind,
            record.study or identity,
            ObjectType.SYSTEM,
            ObjectRole.REPORT,
            instances=instances,
            number=len(instances) if instances else record.number("recorded", "instances"),
        )


def _subject(cast: Cast, record: Record) -> ParticipantObject:
    """The row that the event is about: a user, a node, the log, or anything else by its own name."""
    said = record.reason or f"{record.event} {record.subject}"
    identity, kind, type_, role = _nature(record)
    return ParticipantObject(
        identity,
        kind,
        record.subject,
        type_,
        role,
        details={"Alert Description": _utf8(said)} if cast is Cast.ALERT else None,
        number=None if record.study else record.number("recorded", "instances"),
    )


def _nature(record: Record) -> tuple[str, Code, ObjectType, ObjectRole]:
    subject, resource = record.subject, ObjectRole.SECURITY_RESOURCE
    node = record.fact("calling_ae")  # of somebody who was not let in, as it called itself
    match subject.partition("/")[0]:
        case "user":
            return subject, codes.USER_IDENTIFIER, ObjectType.PERSON, ObjectRole.USER
        case "peer" | "repository":
            return subject, codes.NODE_ID, ObjectType.SYSTEM, resource
        case "refusal" if node:
            return node, codes.NODE_ID, ObjectType.SYSTEM, resource
        case "trail":
            return subject, codes.URI, ObjectType.SYSTEM, resource
    return subject, codes.OWN_SUBJECT, ObjectType.SYSTEM, ObjectRole.JOB


def _log(_record: Record, source: Source) -> ParticipantObject:
    role = ObjectRole.SECURITY_RESOURCE
    return ParticipantObject(source.origin, codes.URI, _SECURITY_AUDIT_LOG, ObjectType.SYSTEM, role)


def _query(record: Record, _source: Source) -> ParticipantObject:
    """What was asked, in our own form, which A.5.3.10 permits for a query that is not of DICOM."""
    return ParticipantObject(
        record.subject or record.event,
        codes.SEARCH_CRITERIA,
        "",
        ObjectType.SYSTEM,
        ObjectRole.REPORT,
        query=json.dumps(record.facts, sort_keys=True).encode("ascii"),
    )


_LEADING: Final[Mapping[Cast, Callable[[Record, Source], ParticipantObject]]] = {
    Cast.AUDIT_LOG: _log,
    Cast.QUERY: _query,
}


def _entry(record: Record, source: Source) -> ParticipantObject:
    """The entry of the log, whole: its RFC 6962 leaf is SHA-256 of a zero byte and `canonical`.

    So the repository is a second copy of the trail, which its checkpoints and anchors can be held against.
    """
    return ParticipantObject(
        str(record.seq),
        codes.OWN_ENTRY,
        f"Entry of {source.origin}",
        ObjectType.SYSTEM,
        details={"canonical": record.canonical.encode("utf-8", errors="surrogatepass")},
    )


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", errors="replace")
