"""Builders of entries of the log."""

from datetime import UTC, datetime
from typing import Any

from audit.atna.participants import Source
from audit.entry import VERSION, canonical

SOURCE = Source(
    name="SAMD", site="hospital.example", ae_title="SAMD", host="samd-1", origin="hospital.example/samd"
)
MOMENT = datetime(2027, 3, 1, 8, 30, 0, 250000, tzinfo=UTC)


def entry(event: str, subject: str = "analysis/17", **said: Any) -> str:
    """The canonical text of an event, as audit.trail.append writes it; `said` are fields, or else facts."""
    fields = {
        "actor": "device",
        "address": "",
        "study": "",
        "patient": "",
        "model": "",
        "outcome": 0,
        "reason": "",
        "changes": {},
    }
    facts = {name: value for name, value in said.items() if name not in fields}
    fields |= {name: value for name, value in said.items() if name in fields}
    return canonical(
        {
            **fields,
            "v": VERSION,
            "event": event,
            "subject": subject,
            "at": MOMENT.isoformat(timespec="microseconds"),
            "facts": facts,
        }
    )
