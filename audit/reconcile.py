"""Whether what was transferred is what was begun (PS3.15 A.5.3.7): a disagreement may be a breach.

Pure decisions, in words: an empty text says that both agree.
"""

from collections import Counter
from collections.abc import Iterable

_SHOWN = 3  # UIDs that a sentence names


def receiving(*, accepted: int, recorded: int) -> str:
    """How the objects whose sender was told that they are stored differ from those that were written down."""
    if accepted == recorded:
        return ""
    which = "accepted but not written down" if accepted > recorded else "written down but never accepted"
    both = f"{accepted} objects were accepted, {recorded} were written down"
    return f"{both}: {abs(accepted - recorded)} {which}"


def sending(*, begun: Iterable[str], transferred: Iterable[str]) -> str:
    """How the objects that were accepted differ from those that were to be sent, by SOP Instance UID."""
    expected, accepted = Counter(begun), Counter(transferred)
    differences = (
        ("not accepted", expected - accepted),
        ("accepted but never begun", accepted - expected),
    )
    return "; ".join(f"{what}: {_named(uids)}" for what, uids in differences if uids)


def _named(uids: Counter[str]) -> str:
    """The number of objects, and the first few."""
    listed = sorted(uids.elements())
    more = ", ..." if len(listed) > _SHOWN else ""
    return f"{len(listed)} ({', '.join(listed[:_SHOWN])}{more})"
