"""Does what was ordered: lays out protocol and manifest, has Celery workers do the cases, closes the run.

A data set of a site is a folder under SAMD_VALIDATION_SETS, with its manifest and its files; the manifests
that are shipped lie beside the shipped protocols, and their files are made.
"""

import hashlib
import logging
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from audit.actors import acting
from audit.verdicts import content_of
from validation import judging, ordering, tasks
from validation.dataset import DataSetRefused
from validation.judging import Places
from validation.models import RunOrder
from validation.protocol import Protocol, ProtocolRefused, parse

logger = logging.getLogger(__name__)

SHIPPED = Path(__file__).parent / "protocols"


def conduct(order: RunOrder) -> None:
    """Do the order, from the beginning or from where it was stopped; what cannot be done is refused."""
    with acting(order.by, address=order.address):
        try:
            protocol, places = laid_out(order)
            opened = judging.open_protocol(protocol, places, say=logger.info)
            ordering.begun(order, opened.run)
            tasks.work_off(opened, protocol, places, tick=lambda _done, _all: None)
            judging.close(opened)
        except judging.REFUSALS as refusal:
            ordering.refuse(order, str(refusal), now=timezone.now())
            return
        ordering.done(order, now=timezone.now())


def laid_out(order: RunOrder) -> tuple[Path, Places]:
    """Where the protocol of `order` now lies, with its manifest, and where its data are.

    Raises ProtocolRefused, DataSetRefused.
    """
    text = str(content_of(order.record.content).get("text", "")).encode()
    protocol = parse(text, name=order.record.subject)
    if protocol.digest != ordering.digest_of(order):
        raise ProtocolRefused(f"{order.record.subject} is not the protocol that was registered")
    manifest = manifest_of(protocol)
    folder = Path(settings.SAMD_HOME) / "validation" / "ordered" / protocol.digest[:16]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / manifest.name).write_bytes(manifest.read_bytes())
    (folder / "protocol.toml").write_bytes(text)
    data = None if manifest.parent == SHIPPED else manifest.parent
    return folder / "protocol.toml", Places(data, originals=Path(settings.SAMD_VALIDATION_ORIGINALS))


def manifest_of(protocol: Protocol) -> Path:
    """The manifest that `protocol` names, by its digest. Raises DataSetRefused, saying where it may lie."""
    name, wanted = protocol.data.manifest, protocol.data.digest
    if Path(name).name != name:
        raise DataSetRefused(f"{name}: a manifest is named by its file alone, not by a path")
    for place in _places():
        if (place / name).is_file() and hashlib.sha256((place / name).read_bytes()).hexdigest() == wanted:
            return place / name
    raise DataSetRefused(
        f"no manifest {name} with the SHA-256 {wanted} is here. Nothing was run. Put it and its files "
        "into a folder of their own under SAMD_VALIDATION_SETS, and order the run again"
    )


def _places() -> Iterator[Path]:
    sets = Path(settings.SAMD_VALIDATION_SETS)
    yield from sorted(place for place in sets.glob("*") if place.is_dir())
    yield SHIPPED
