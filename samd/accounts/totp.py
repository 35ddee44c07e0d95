"""Codes of an authenticator app (RFC 6238: SHA-1, 6 digits, 30 seconds), each good for one use."""

import base64
import hmac
import struct
from datetime import datetime
from typing import Final

PERIOD: Final = 30  # seconds
TOLERANCE: Final = 1  # steps that the clock of a telephone may be off, either way


def step_at(now: datetime) -> int:
    """The number of the time step that `now` lies in."""
    return int(now.timestamp()) // PERIOD


def code_at(secret: str, step: int) -> str:
    """The six digits that belong to `step`; `secret` is base32 (RFC 4226 5.3)."""
    key = base64.b32decode(secret, casefold=True)
    digest = hmac.digest(key, struct.pack(">Q", step), "sha1")
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**6:06}"


def matching_step(secret: str, code: str, *, now: datetime, after: int) -> int | None:
    """The step that `code` belongs to, near `now` and later than `after`, the last that was used.

    None where there is no such step: a code that has been used, and any older one, is refused (RFC 6238 5.2).
    """
    middle = step_at(now)
    for step in range(middle - TOLERANCE, middle + TOLERANCE + 1):
        if step > after and hmac.compare_digest(code_at(secret, step).encode(), code.encode()):
            return step
    return None
