"""Cases on Celery workers, many at a time. The rows of the run are the queue: a message is only a hint."""

import time
from collections.abc import Callable
from functools import lru_cache
from itertools import count
from pathlib import Path

from celery import shared_task

from samd.dicom.decode import DecodeLimits
from samd.inference.repeatable import single_threaded
from validation import judging, ledger
from validation.execution import Prepared
from validation.judging import Opened, Places
from validation.models import Run
from validation.running import examined

_PAUSE = 0.5  # seconds between two looks
_PATIENCE = 240  # looks without a result before what is left is hinted at again


def work_off(opened: Opened, protocol: Path, places: Places, *, tick: Callable[[int, int], None]) -> None:
    """Let the workers do what is left, and return when it is done.

    The paths must lead to the same files on every worker. A hint that was lost is given again.
    """
    everything = sum(1 for _ in opened.prepared.work())
    before, since = len(opened.left()) + 1, 0
    for _look in count():
        left = opened.left()
        tick(everything - len(left), everything)
        if not left:
            return
        since = 0 if len(left) < before else since + 1
        if _look == 0 or since >= _PATIENCE:
            since = 0
            for work in left:
                examine_one.delay(opened.run.pk, str(protocol), _written(places), list(work.key))
        before = len(left)
        time.sleep(_PAUSE)


@shared_task(name="validation.examine")  # type: ignore[untyped-decorator]
def examine_one(run: int, protocol: str, places: list[str], key: list[str]) -> None:
    """Analyse one case of a run, unless that was done or the run is over."""
    row = Run.objects.get(pk=run)
    if row.finished_at is not None or tuple(key) in ledger.done(row):
        return
    prepared = _prepared(protocol, tuple(places), row.protocol)
    if prepared.protocol.digest != row.protocol:
        return
    single_threaded()
    work = next(work for work in prepared.work() if list(work.key) == key)
    ledger.keep(row, examined(work, folder=prepared.folder, trust=judging.trust(), limits=DecodeLimits()))


def _written(places: Places) -> list[str]:
    return [str(places.data or ""), str(places.originals), *map(str, places.bundles)]


@lru_cache(maxsize=4)
def _prepared(protocol: str, written: tuple[str, ...], _digest: str) -> Prepared:
    """What is prepared is kept for a protocol of this digest: the file may be another one by the next run."""
    data, originals, *bundles = written
    places = Places(Path(data) if data else None, Path(originals), tuple(map(Path, bundles)))
    return judging.prepared_from(Path(protocol), places, say=lambda _words: None)
