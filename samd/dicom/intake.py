"""Step 1 for one object: its bytes become a durable, recorded file, or a status that says why not."""

import threading
from collections.abc import Callable
from pathlib import Path

from samd.dicom.header import Header, UnreadableHeader, read_header
from samd.dicom.journal import MayBeRecorded
from samd.dicom.storage import DiskFull, StoredFile, StoredFileDiffers, discard, part10, store
from samd.domain.identity import is_uid

# C-STORE response status (PS3.4 Table B.2-1, PS3.7 Annex C).
PROCESSING_FAILURE = 0x0110
OUT_OF_RESOURCES = 0xA700
DATA_SET_DOES_NOT_MATCH = 0xA900
CANNOT_UNDERSTAND = 0xC000


class NotStored(Exception):
    """Why an object was refused, without identifiers, and the C-STORE status that says so."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Intake:
    """Takes objects in under one root, from many threads.

    One study is stored by one thread at a time, so that undoing a failed store never takes away the
    file or the folder of another. Studies that share a lock by chance only wait for each other.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._study_locks = tuple(threading.Lock() for _ in range(64))

    def take_in(
        self,
        data_set: bytes,
        *,
        sop_class_uid: str,
        sop_instance_uid: str,
        transfer_syntax_uid: str,
        record: Callable[[Header, StoredFile], None],
    ) -> None:
        """Store a data set that was sent as this SOP instance, and `record` it once it is durable.

        Raises NotStored; then neither a new file nor a new folder is left, unless it may have been recorded.
        """
        try:
            header = read_header(data_set, transfer_syntax_uid=transfer_syntax_uid)
        except UnreadableHeader as error:
            raise NotStored(CANNOT_UNDERSTAND, str(error)) from error
        _check(header, sop_class_uid=sop_class_uid, sop_instance_uid=sop_instance_uid)
        content = part10(
            data_set,
            sop_class_uid=sop_class_uid,
            sop_instance_uid=sop_instance_uid,
            transfer_syntax_uid=transfer_syntax_uid,
        )
        with self._study_locks[hash(header.study_instance_uid) % len(self._study_locks)]:
            try:
                self._keep(header, content, record)
            except DiskFull as error:
                # PS3.4 Table B.2-1: out of resources; the sender may try again.
                raise NotStored(OUT_OF_RESOURCES, "no room is left; nothing of it was kept") from error
            except StoredFileDiffers as error:
                raise NotStored(PROCESSING_FAILURE, str(error)) from error
            except MayBeRecorded as error:
                raise NotStored(
                    PROCESSING_FAILURE, "whether it was recorded is not known: send it again"
                ) from error
            except Exception as error:
                # Not its text, which may hold what the database or the file system was told.
                cause = error.strerror if isinstance(error, OSError) else type(error).__name__
                raise NotStored(PROCESSING_FAILURE, f"nothing of it was kept, for {cause}") from error

    def _keep(self, header: Header, content: bytes, record: Callable[[Header, StoredFile], None]) -> None:
        file = store(
            self._root,
            study_instance_uid=header.study_instance_uid,
            sop_instance_uid=header.sop_instance_uid,
            content=content,
        )
        try:
            record(header, file)
        except MayBeRecorded:
            raise  # a row may lead to the file; without one it is harmless, and the next sending finds it
        except BaseException:
            if file.is_new:
                discard(self._root, file)
            raise


def _check(header: Header, *, sop_class_uid: str, sop_instance_uid: str) -> None:
    """Raise NotStored unless every UID is one, and the data set is what the request says."""
    uids = {
        "SOP Class UID": header.sop_class_uid,
        "SOP Instance UID": header.sop_instance_uid,
        "Study Instance UID": header.study_instance_uid,
        "Series Instance UID": header.series_instance_uid,
    }
    for name, uid in uids.items():
        if not is_uid(uid):
            raise NotStored(
                DATA_SET_DOES_NOT_MATCH, f"its {name} {'breaks the UID grammar' if uid else 'is missing'}"
            )
    if header.sop_class_uid != sop_class_uid:
        raise NotStored(DATA_SET_DOES_NOT_MATCH, "its SOP Class UID is not that of the request")
    if header.sop_instance_uid != sop_instance_uid:
        raise NotStored(DATA_SET_DOES_NOT_MATCH, "its SOP Instance UID is not that of the request")
