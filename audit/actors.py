"""Who acts, and from where: set once at the edge, a request or a command, and taken up by every event."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """A user name, or "device" for what the device does by itself; and the address of the workstation."""

    name: str
    address: str = ""


DEVICE = Actor("device")

# What no account may be called: the trail would say that the device, or nobody, had done what a person did.
RESERVED = frozenset({"device", "nobody"})

_current: ContextVar[Actor] = ContextVar("actor", default=DEVICE)


def current() -> Actor:
    """Who acts now."""
    return _current.get()


@contextmanager
def acting(name: str, *, address: str = "") -> Iterator[None]:
    """Within the block, events name this actor unless they name another."""
    token = _current.set(Actor(name, address))
    try:
        yield
    finally:
        _current.reset(token)
