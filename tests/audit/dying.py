"""A process that forks others, on a database of their own, to be killed. Speaks JSON, a line each way.

    {"verb": "seal", "home": folder, "database": name, "die_at": step, "background": bool, ...}

answers {"pid": …} in the background, else {"status": wait status, "said": what the verb gave}.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import django


def main() -> None:
    django.setup()
    for line in sys.stdin:
        order = json.loads(line)
        answer = Path(order["home"]) / "answer"
        answer.unlink(missing_ok=True)
        child = os.fork()
        if child == 0:
            _obey(order, answer)
        if order.get("background"):
            print(json.dumps({"pid": child}), flush=True)  # noqa: T201
            continue
        _, status = os.waitpid(child, 0)
        said = json.loads(answer.read_text()) if answer.exists() else None
        print(json.dumps({"status": status, "said": said}), flush=True)  # noqa: T201


def _obey(order: dict[str, Any], answer: Path) -> None:
    from django.db import connections

    try:
        _settle(order)
        said = VERBS[order["verb"]](order)
        connections.close_all()
        answer.with_suffix(".part").write_text(json.dumps(said))
        answer.with_suffix(".part").replace(answer)
    except BaseException as problem:  # noqa: BLE001 the parent goes on
        print(f"{order['verb']}: {problem!r}", file=sys.stderr, flush=True)  # noqa: T201
        os._exit(1)
    os._exit(0)


def _settle(order: dict[str, Any]) -> None:
    from django.conf import settings
    from django.db import connection

    from audit import faults, tenure

    home = Path(order["home"])
    connection.settings_dict["NAME"] = order["database"]
    settings.AUDIT_KEY = home / "seal" / "key"
    settings.AUDIT_ANCHOR_FILE = home / "anchor" / "checkpoints"
    faults.DIE_AT = order.get("die_at")
    if "lease" in order:
        tenure.LENGTH = timedelta(seconds=order["lease"])


def _now(order: dict[str, Any]) -> datetime:
    """Late enough for the lease of whoever died to have ended."""
    from django.utils import timezone

    return timezone.now() + timedelta(seconds=order["later"])


def _migrate(order: dict[str, Any]) -> None:
    from django.core.management import call_command

    from audit import keys

    call_command("migrate", verbosity=0)
    keys.prepare("hospital.example/samd")


def _write(order: dict[str, Any]) -> int:
    """Transactions of a change and its event; without a count, until killed."""
    from django.db import transaction

    from audit import trail
    from audit.events import Event
    from audit.models import Forwarding

    number = 0
    while number < order.get("count", sys.maxsize):
        name = f"{order['name']}-{number}"
        with transaction.atomic():
            Forwarding.objects.create(name=name)
            trail.append(Event.PEER_CHANGED, name)
        number += 1
    return number


def _seal(order: dict[str, Any]) -> None:
    """What the sealing process does: hand over where a successor waits, then number and seal all there is."""
    from audit import keys

    sequencer = keys.configured_sequencer(f"process {os.getpid()}")
    following = keys.successor()
    if following is not None and sequencer.rotate(following, _now(order)):
        keys.take_over()
    while sequencer.step(_now(order)):
        pass
    sequencer.seal(_now(order))


def _keep_sealing(order: dict[str, Any]) -> None:
    from django.utils import timezone

    from audit import keys

    sequencer = keys.configured_sequencer(f"process {os.getpid()}")
    while True:
        if not sequencer.step(timezone.now()):
            time.sleep(0.02)


def _make_successor(order: dict[str, Any]) -> None:
    from audit import keys

    keys.make_successor()


def _recover(order: dict[str, Any]) -> None:
    from audit import keys
    from audit.recovery import recover

    sequencer = keys.configured_sequencer(f"process {os.getpid()}")
    recover(sequencer, reason="restored after a fire", actor="os/root", now=_now(order))


def _tell(order: dict[str, Any]) -> dict[str, Any]:
    """Everything that tests/audit/wholeness.py asks of a trail, and the names of the changes."""
    from audit import keys
    from audit.models import AuditEvent, Entry, Forwarding, Heading, Seal

    return {
        "events": list(AuditEvent.objects.values_list("pk", "canonical")),
        "entries": list(Entry.objects.order_by("seq").values_list("event_id", "leaf", "chain")),
        "seals": list(Seal.objects.values_list("size", "note")),
        "headings": list(Heading.objects.values_list("pk", flat=True)),
        "changes": list(Forwarding.objects.values_list("name", flat=True)),
        "keys": [str(key) for key in keys.known()],
    }


VERBS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "migrate": _migrate,
    "write": _write,
    "seal": _seal,
    "keep sealing": _keep_sealing,
    "make successor": _make_successor,
    "recover": _recover,
    "tell": _tell,
}

if __name__ == "__main__":
    main()
