"""Audit messages as syslog (RFC 5424) in the frames of TLS (RFC 5425), as PS3.15 A.6 and IHE ITI-20 ask."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from audit.atna.message import Message

_FACILITY: Final = 10  # security and authorization messages (A.6)
_NOTICE, _WARNING = 5, 4
_BOM: Final = b"\xef\xbb\xbf"  # RFC 5424 6.4: a message in UTF-8 begins with it
_NOT_PRINTABLE: Final = re.compile(r"[^\x21-\x7e]")


@dataclass(frozen=True, slots=True)
class Header:
    """What stands in every message of this sender.

    `application` is its name, `process` its process id, `message_id` what the repository knows our messages
    by, `enterprise` a Private Enterprise Number for our structured data.
    """

    host: str
    application: str
    process: str
    message_id: str
    enterprise: int

    def frame(self, message: Message, *, at: datetime, origin: str, seq: int, part: int) -> bytes:
        """One SYSLOG-FRAME: the count of octets, a space, the message.

        Syslog has no acknowledgement, so a message may come twice. It is the same one where `origin`, the
        name of the log, `seq`, its entry, and `part`, which of the entry's messages this is, are the same.
        """
        priority = _FACILITY * 8 + (_NOTICE if message.outcome == 0 else _WARNING)
        moment = at.isoformat(timespec="microseconds").replace("+00:00", "Z")
        place = f'[trail@{self.enterprise} origin="{_quoted(origin)}" seq="{seq}" part="{part}"]'
        fields = (
            f"<{priority}>1",
            moment,
            _word(self.host, 255),
            _word(self.application, 48),
            _word(self.process, 128),
            _word(self.message_id, 32),
            f'[origin software="{_quoted(self.application)}"]{place}',
        )
        text = " ".join(fields).encode() + b" " + _BOM + message.xml()
        return b"%d " % len(text) + text


def _word(text: str, longest: int) -> str:
    """A field of the header: printable ASCII without spaces, or the NILVALUE."""
    return _NOT_PRINTABLE.sub("_", text)[:longest] or "-"


def _quoted(text: str) -> str:
    """A PARAM-VALUE (RFC 5424 6.3.3)."""
    return re.sub(r'(["\\\]])', r"\\\1", text)
