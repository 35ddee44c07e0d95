"""The names of a log that had to begin anew: `hospital.example/samd`, then `hospital.example/samd~2`, …

After the database was restored from an older copy, what was signed beyond it is lost. To go on under the
same name would be to sign two trees of one log; so the log goes on under its next name, with the same key.
"""

import re
from typing import Final

_NAME: Final = re.compile(r"(?P<base>.+?)~(?P<number>[1-9][0-9]{0,8})")


def base_of(origin: str) -> str:
    """The name that a log had at first."""
    match = _NAME.fullmatch(origin)
    return match["base"] if match else origin


def number_of(origin: str) -> int:
    """1 for a log under its first name, then 2, 3, …"""
    match = _NAME.fullmatch(origin)
    return int(match["number"]) if match else 1


def following(origin: str) -> str:
    """The next name of the log `origin`."""
    return f"{base_of(origin)}~{number_of(origin) + 1}"
