"""Builders of what the node writes down."""

from typing import Any

from samd.records import reception
from samd.records.models import Peer, Run


def peer(name: str = "ct1", **changes: object) -> Peer:
    defaults = {"ae_title": name.upper(), "host": "127.0.0.1", "port": 104, "quiet_seconds": 60}
    return Peer.objects.create(name=name, **{**defaults, **changes})


def sending(key: str = "a1") -> str:
    """An open association of the peer ct1."""
    if not Peer.objects.filter(name="ct1").exists():
        peer()
    reception.association_opened(key=key, peer="ct1")
    return key


def arrive(
    association: str, sop: str = "1.2.3.1", *, study: str = "1.2", sha256: str = "", **changes: Any
) -> None:
    """An instance of `study` arrives over `association`."""
    values: dict[str, Any] = {
        "series_instance_uid": "1.2.3",
        "sop_class_uid": "1.2.840.10008.5.1.4.1.1.2",
        "transfer_syntax_uid": "1.2.840.10008.1.2.1",
        "modality": "CT",
        "patient": b"\\4711",
        "path": f"{study}/{sop}.{sha256[:16]}.dcm",
        **changes,
    }
    reception.instance_stored(
        association=association,
        study_instance_uid=study,
        sop_instance_uid=sop,
        sha256=sha256 or sop.ljust(64, "0"),
        size=1000,
        **values,
    )


def run_of(study: str = "1.2") -> Run:
    """The latest run of `study`."""
    return Run.objects.filter(study__study_instance_uid=study).latest("number")
