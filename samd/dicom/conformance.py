"""The DICOM conformance statement, written from the tables that the code runs by (PS3.2).

`manage.py conformance` prints it; a test holds the copy in docs/regulatory/conformance to it.
"""

from collections.abc import Iterable

from pydicom.uid import UID

from audit.atna.conformance import statement as audit_messages
from samd import VERSION
from samd.dicom.contexts import SOP_CLASSES, TRANSFER_SYNTAXES
from samd.dicom.deliver import VERDICTS
from samd.dicom.intake import (
    CANNOT_UNDERSTAND,
    DATA_SET_DOES_NOT_MATCH,
    OUT_OF_RESOURCES,
    PROCESSING_FAILURE,
)
from samd.dicom.read import DECODABLE

_RECEIVED = (
    (0x0000, "the object is durable: file, folder and database row are on disk"),
    (PROCESSING_FAILURE, "the object could not be recorded; nothing was kept, send it again"),
    (OUT_OF_RESOURCES, "no room on the disk; nothing was kept, send it again later"),
    (DATA_SET_DOES_NOT_MATCH, "a UID is missing, breaks the grammar or is not that of the request"),
    (CANNOT_UNDERSTAND, "the data set cannot be parsed"),
)

_CREATED = (
    ("1.2.840.10008.5.1.4.1.1.88.34", "the report, TID 1500, for every answer"),
    ("1.2.840.10008.5.1.4.1.1.66.4", "segments, where the model segments"),
    ("1.2.840.10008.5.1.4.1.1.30", "the explanation, unless it was withheld"),
    ("1.2.840.10008.5.1.4.1.1.7", "a colour picture of the result, for every answer"),
)

_TEXT = """\
# DICOM conformance statement

samd {version}. Printed by `python manage.py conformance`; do not edit.

## Overview

samd is a Storage SCP that receives studies, a Storage SCU that returns results, and a Verification SCP and
SCU. It has no query, retrieve, worklist or commitment service. Associations are accepted from known peers
alone: calling AE title and address must be those of a peer, and the called AE title ours; others are
rejected (result 1, source 1, reason 3 or 7) and recorded.

## Storage SCP

Objects are stored as received: no element is coerced and no pixel is decoded or encoded. The same object
again answers success; other content under a known UID is kept beside the first and alarmed.

{received}

### SOP classes

{sop_classes}

### Transfer syntaxes

All are accepted for every SOP class, in this order of preference. Objects in those not marked are stored,
and answered as not analysable.

{syntaxes}

## Storage SCU

Each object is proposed with its own SOP class, in Explicit VR Little Endian, and sent as it was made.

{created}

The answer of the peer decides what follows: a refusal for now is tried again with growing pauses, a refusal
for good becomes a dead letter for the operator, with the peer's own words.

{verdicts}

## Character sets

Every character set that the study states is kept, and patient and study attributes are returned byte for
byte. Text of our own is ASCII.

## Security

Associations are not encrypted. Put the device into a protected network segment.

Every report carries, as a text item (audit-checkpoint, 99SAMD, "Checkpoint of the audit trail"), the newest
signed checkpoint of the device's audit trail, so that the archive is a witness of the trail.

{audit}"""


def statement() -> str:
    """The whole statement in Markdown."""
    return _TEXT.format(
        version=VERSION,
        audit=audit_messages(),
        received=_table(("status", "meaning"), ((f"0x{status:04X}", text) for status, text in _RECEIVED)),
        sop_classes=_table(("SOP class", "UID"), sorted((UID(uid).name, uid) for uid in SOP_CLASSES)),
        syntaxes=_table(
            ("transfer syntax", "UID", "decoded"),
            ((UID(uid).name, str(uid), "yes" if uid in DECODABLE else "") for uid in TRANSFER_SYNTAXES),
        ),
        created=_table(("SOP class", "UID", "what"), ((UID(uid).name, uid, what) for uid, what in _CREATED)),
        verdicts=_table(
            ("status", "verdict"),
            ((f"0x{first:04X} to 0x{last:04X}", verdict.value) for first, last, verdict in VERDICTS),
        ),
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
