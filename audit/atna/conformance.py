"""The section of the conformance statement about audit messages, from the table that makes them."""

from collections.abc import Iterator

from audit.atna.codes import OWN_SCHEME
from audit.atna.mapping import RULES, Rule
from audit.events import Event

_BEFORE = f"""## Audit messages

Every entry of the audit trail is sent as one or more audit messages of PS3.15 A.5 (2025e), by a process of
its own (`manage.py relay`), in the order of the entries. Where no repository is set, nothing is sent and the
trail is kept all the same.

- **Identifiers.** AuditSourceID is AUDIT_SOURCE, AuditEnterpriseSiteID is AUDIT_SITE. People are
  `login@AUDIT_SITE`, this device is AUDIT_SOURCE with its AE title as AlternativeUserID (`AETITLES=...`), a
  peer has the name that it was given here. Patients are named by their surrogate as (2, RFC-3881, "Patient
  Number"), never by an ID or a name. Studies are named as this device numbers them, with an ID type of the
  scheme {OWN_SCHEME}, and by Study Instance UID (110180) only where the event states it.
- **Types.** Beside the codes below each message has the name of our event as an EventTypeCode of the scheme
  {OWN_SCHEME}. EventOutcomeIndicator is the outcome of the event, and at least that of the table.
- **The entry itself.** Each message names the entry of the trail (ID type `entry`, {OWN_SCHEME}) and carries
  its canonical text as the ParticipantObjectDetail `canonical`. SHA-256 over a zero byte and that text is the
  RFC 6962 leaf of the entry, so the repository holds a second copy of the trail that checkpoints can be held
  against.
- **Deviations.** An association is opened before anything is known of patient or study, and may bring
  several: its 110102 and its closing 110104 name the association, and the number of objects, in their place;
  each object received has a 110104 of its own with patient and study. Application Activity (A.5.3.1) is also
  used for steps that have no message of their own, Security Alert (A.5.3.11) without a type of CID 403 where
  none fits. A query of the worklist carries its conditions as JSON, in base64.
- **Reconciliation.** At the end of each association and each delivery what was begun is held against what
  was transferred; a disagreement is a Security Alert (note of A.5.3.7).

| event | EventID | action | EventTypeCode | at least |
| --- | --- | --- | --- | --- |
"""

_AFTER = """
### Transport

PS3.15 A.6 and IHE ITI-20: syslog (RFC 5424) over TLS (RFC 5425), 1.2 or 1.3, port 6514 (AUDIT_SYSLOG_PORT),
with certificates on both sides and a check of the repository's host name. Facility 10, severity 5, or 4
where the outcome is not 0. MSGID is `IHE+RFC-3881` or `DICOM+RFC3881` (AUDIT_SYSLOG_MSGID). The message is
UTF-8 after a byte order mark, of any length, and never cut.

STRUCTURED-DATA holds `origin` (RFC 5424 7.2) and `trail@N`, N being AUDIT_SYSLOG_ENTERPRISE: `origin` is the
name of the log, `seq` the entry, `part` which of its messages this is. Syslog has no acknowledgement, so a
message may come twice; it is the same where these three are the same.

The trail is the spool: the position of the repository in it moves on only after a batch was followed by an
orderly end of TLS and of TCP, with every octet acknowledged. A repository that is down, hangs, is not who it
should be or dies within a batch gets the batch again, after pauses of 1 s to 60 s. An outage of more than
30 s is an event of the trail, once. What a repository loses after it has taken a batch is sent again with
`manage.py relay --from SEQ`.
"""


def statement() -> str:
    """The section, in Markdown."""
    rows = (row for event, rules in RULES.items() for row in _rows(event, rules))
    return _BEFORE + "".join(rows) + _AFTER


def _rows(event: Event, rules: tuple[Rule, ...]) -> Iterator[str]:
    for rule in rules:
        types = ", ".join(f"{code.value} {code.meaning}" for code in rule.types)
        cells = (event, f"{rule.event.value} {rule.event.meaning}", rule.action, types, str(rule.least))
        yield f"| {' | '.join(cells)} |\n"
