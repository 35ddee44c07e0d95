"""A small stand-in for a PACS: it keeps what it is sent, counts it, and refuses when told to.

For demonstrations and tests. It has no database and gives nothing back over the network.
"""

import threading
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from pydicom.dataset import Dataset
from pynetdicom import AE, _config, evt
from pynetdicom.events import Event

from samd.dicom.contexts import SOP_CLASSES, acceptable
from samd.dicom.storage import part10
from samd.domain.identity import is_uid

_config.LOG_HANDLER_LEVEL = "none"


class StandInArchive:
    """A storage SCP that keeps every object as `<sop uid>.dcm` in `folder`; leaving its context stops it.

    `receipts` counts the arrivals of each SOP Instance UID. Two attributes may be changed at any time:
    `answer`, the status (and comment) of C-STORE responses, None to hang up instead of answering; and
    `rejection`, the result, source and reason (PS3.8 Table 9-21) to reject associations with. An object
    is kept whenever the status is a success or a warning, and also before hanging up.
    """

    def __init__(
        self,
        folder: Path,
        *,
        ae_title: str = "ARCHIVE",
        host: str = "127.0.0.1",
        port: int = 0,
        sop_classes: Iterable[str] = SOP_CLASSES,
    ) -> None:
        self.folder = folder
        self.receipts: Counter[str] = Counter()
        self.answer: tuple[int, str] | None = (0x0000, "")
        self.rejection: tuple[int, int, int] | None = None
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        ae = AE(ae_title)
        ae.maximum_pdu_size = 128 * 1024
        handlers = [(evt.EVT_REQUESTED, self._on_request), (evt.EVT_C_STORE, self._on_store)]
        self._server = ae.start_server(
            (host, port), block=False, contexts=acceptable(sop_classes), evt_handlers=handlers
        )

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._server.server_address[1])

    def stop(self) -> None:
        """Close the port and abort what is open."""
        associations = self._server.active_associations
        self._server.shutdown()
        for association in associations:
            association.abort()
            association.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _on_request(self, event: Event) -> None:
        if self.rejection is not None:
            event.assoc.acse.send_reject(*self.rejection)
            event.assoc.kill()

    def _on_store(self, event: Event) -> Dataset:
        response = Dataset()
        response.Status, response.ErrorComment = self.answer or (0x0000, "")
        if not is_uid(str(event.request.AffectedSOPInstanceUID)):
            response.Status, response.ErrorComment = 0xA900, "the SOP Instance UID breaks the UID grammar"
        if response.Status == 0x0000 or response.Status & 0xF000 == 0xB000:
            self._keep(event)
        if self.answer is None:
            event.assoc.abort()
        return response

    def _keep(self, event: Event) -> None:
        uid = str(event.request.AffectedSOPInstanceUID)
        content = part10(
            event.request.DataSet.getvalue(),
            sop_class_uid=str(event.request.AffectedSOPClassUID),
            sop_instance_uid=uid,
            transfer_syntax_uid=str(event.context.transfer_syntax),
        )
        with self._lock:
            self.receipts[uid] += 1
            unfinished = self.folder / f".{uid}.part"
            unfinished.write_bytes(content)
            unfinished.replace(self.folder / f"{uid}.dcm")
