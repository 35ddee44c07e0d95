"""The lease of the sealing process: one process numbers and seals, whoever else is there waits.

A lease that is not renewed ends: by the clock on the wall, or when whoever waits has seen it unchanged for
its whole length. So a clock that was set back holds nobody up. That a holder was only asleep does no harm: it
finds the token changed before it writes (a fencing token).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction

from audit.models import Lease

NAME: Final = "sequencer"
LENGTH = timedelta(seconds=5)


@dataclass(slots=True)
class Tenure:
    """The lease as the process `holder` has it, or waits for it.

    `token` is -1 while it has it not; `renewed` is when, by `clock`, it last wrote that it has.
    """

    holder: str
    clock: Callable[[], float] = time.monotonic
    token: int = -1
    renewed: float = 0.0
    _seen: tuple[int, datetime] | None = None
    _seen_since: float = 0.0

    def take(self, now: datetime) -> bool:
        """Whether this process holds the lease, which is taken or renewed where that is due."""
        if self.token >= 0 and self.clock() - self.renewed < LENGTH.total_seconds() / 3:
            return True
        row = Lease.objects.filter(name=NAME).first()
        if row is None:
            row, _ = Lease.objects.get_or_create(name=NAME, defaults={"holder": "", "until": now})
        return (self._is_ours(row) or self._is_free(row, now)) and self._write(row, now)

    def _is_ours(self, row: Lease) -> bool:
        return row.holder == self.holder and row.token == self.token

    def _is_free(self, row: Lease, now: datetime) -> bool:
        self.token = -1
        if self._seen != (row.token, row.until):
            self._seen, self._seen_since = (row.token, row.until), self.clock()
        unchanged = self.clock() - self._seen_since
        nobody = row.holder in ("", self.holder)  # we ourselves, under a token that we do not know any more
        return nobody or row.until <= now or unchanged >= LENGTH.total_seconds()

    def _write(self, seen: Lease, now: datetime) -> bool:
        """Take or renew the lease, unless somebody else did since it was `seen`."""
        token = seen.token if self._is_ours(seen) else seen.token + 1
        with transaction.atomic():
            written = Lease.objects.filter(name=NAME, token=seen.token, until=seen.until).update(
                holder=self.holder, token=token, until=now + LENGTH
            )
        self.token = token if written else -1
        self.renewed = self.clock()
        return bool(written)

    def lock(self) -> bool:
        """Whether this process holds the lease; nobody takes it before the current transaction ends."""
        found = Lease.objects.select_for_update().filter(name=NAME, holder=self.holder, token=self.token)
        if found.first() is None:
            self.token = -1
        return self.token >= 0

    def give_up(self) -> None:
        """Let whoever waits begin at once."""
        if self.token >= 0:
            Lease.objects.filter(name=NAME, holder=self.holder, token=self.token).update(holder="")
            self.token = -1
