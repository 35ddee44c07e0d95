"""Appends one event of every kind, again and again, to the trail that the environment names; for processes.

`python -m tests.audit.atna.seeding NUMBER` runs beside the services that a test has started.
"""

import itertools
import sys

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import transaction  # noqa: E402

from audit import keys, trail  # noqa: E402
from audit.events import Event  # noqa: E402

# Events that only their own code may write, because it stands on what they say.
_SPECIAL = {Event.TRAIL_OPENED, Event.TRAIL_KEY_ROTATED}


def main(number: int) -> None:
    call_command("migrate", verbosity=0)
    keys.prepare("hospital.example/samd")
    kinds = itertools.cycle(event for event in Event if event not in _SPECIAL)
    for index, event in zip(range(number), kinds, strict=False):
        with transaction.atomic():
            trail.append(
                event,
                f"analysis/{index}",
                actor="kim" if index % 3 else "",
                study=f"study/{index % 7}",
                patient=f"patient/{index % 5:016x}",
                outcome=trail.Outcome(index % 4 * 4),
                reason="검사 <기록> & more",
                peer="pacs",
            )
    call_command("seal", "--once")


if __name__ == "__main__":
    main(int(sys.argv[1]))
