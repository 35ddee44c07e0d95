"""From an entry of the log to its audit messages: a pure function (PS3.15 A.5)."""

from audit.atna.codes import own_event
from audit.atna.mapping import Rule, rules
from audit.atna.message import Message
from audit.atna.objects import objects
from audit.atna.participants import Source, participants
from audit.atna.record import Record

UNREADABLE = "trail:unreadable entry"


def messages(record: Record, source: Source) -> tuple[Message, ...]:
    """Every audit message of this entry, at least one and always as many."""
    return tuple(_message(rule, record, source) for rule in rules(record.event))


def _message(rule: Rule, record: Record, source: Source) -> Message:
    outcome = max(record.outcome, rule.least)
    return Message(
        event=rule.event,
        types=(*rule.types, own_event(record.event or UNREADABLE)),
        action=rule.action,
        at=record.at.isoformat(timespec="microseconds"),
        outcome=outcome,
        description=record.reason if outcome else "",
        participants=participants(rule.cast, record, source),
        source=source.name,
        site=source.site,
        objects=objects(rule.cast, record, source),
    )
