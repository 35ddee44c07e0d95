"""`manage.py listen`: the DICOM node, until SIGTERM."""

import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError

from audit.group import CommitLost, GroupWriter
from samd.dicom.journal import MayBeRecorded
from samd.dicom.receive import Arrival, CannotListen, Refusal, serve
from samd.dicom.storage import DiskFull
from samd.records import reception


def is_full(error: OperationalError) -> bool:
    """Whether the database has no room, as SQLite and PostgreSQL say it."""
    return any(words in str(error).lower() for words in ("disk is full", "no space left", "disk full"))


class NodeJournal:
    """Writes what the node sees, in order, on one database connection; what comes together commits together.

    The association threads wait for the commit before they answer their peer.
    """

    def __init__(self) -> None:
        self._writer = GroupWriter()

    def _do(self, function: Callable[..., Any], **arguments: Any) -> Any:
        return self._writer.run(partial(function, **arguments))

    def close(self) -> None:
        """Write what waits, then end."""
        self._writer.close()

    def find_peer(self, calling_ae: str, address: str) -> str | None:
        found: str | None = self._do(reception.find_peer, calling_ae=calling_ae, address=address)
        return found

    def opened(self, association: str, peer: str) -> None:
        self._do(reception.association_opened, key=association, peer=peer)

    def closed(self, association: str, *, accepted: int) -> None:
        self._do(reception.association_closed, key=association, accepted=accepted)

    def stored(self, arrival: Arrival) -> None:
        try:
            self._do(
                reception.instance_stored,
                association=arrival.association,
                study_instance_uid=arrival.study_instance_uid,
                series_instance_uid=arrival.series_instance_uid,
                sop_instance_uid=arrival.sop_instance_uid,
                sop_class_uid=arrival.sop_class_uid,
                transfer_syntax_uid=arrival.transfer_syntax_uid,
                modality=arrival.modality,
                patient=arrival.patient,
                sha256=arrival.file.sha256,
                path=str(arrival.file.path),
                size=arrival.file.size,
            )
        except CommitLost as error:
            raise MayBeRecorded from error
        except OperationalError as error:
            if not is_full(error):
                raise
            raise DiskFull("no room is left for the database; nothing was kept of this object") from error

    def refused(self, refusal: Refusal) -> None:
        self._do(
            reception.refused,
            calling_ae=refusal.calling_ae,
            called_ae=refusal.called_ae,
            address=refusal.address,
            reason=refusal.reason,
            association=refusal.kind == "association",
            at=datetime.fromtimestamp(refusal.at, UTC),
        )


class Command(BaseCommand):
    help = "Run the DICOM node: C-ECHO and C-STORE from known peers, until it is told to stop."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        last = reception.last_association()
        journal = NodeJournal()
        ae_title, port = settings.SAMD_AE_TITLE, settings.SAMD_DICOM_PORT
        try:
            with serve(
                ae_title=ae_title,
                host=settings.SAMD_DICOM_HOST,
                port=port,
                root=Path(settings.SAMD_STORE),
                find_peer=journal.find_peer,
                journal=journal,
            ):
                # Only now: had the port been taken, these could be of a node that is at work.
                reception.close_left_open(up_to=last)
                self.stdout.write(f"{ae_title} listens on {settings.SAMD_DICOM_HOST}, port {port}")
                stop.wait()
        except CannotListen as problem:
            raise CommandError(str(problem)) from problem
        finally:
            journal.close()
