"""Runs a protocol:  python -m validation PROTOCOL --out DIR

DIR gets report.pdf and report.html, both in Korean too, report.json and cases.csv. A run that was stopped
goes on where it was when the same command is given again.
"""

from __future__ import annotations

import argparse
import getpass
import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import django
from django.core.management import call_command

if TYPE_CHECKING:
    from validation.judging import Places

ROOT = Path(__file__).parents[1]


def main(arguments: list[str] | None = None) -> int:
    """Give 0 where every primary endpoint is met, 1 where not, 2 where nothing could be run."""
    options = _parser().parse_args(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "samd.config.settings")
    django.setup()
    if not _is_ready():
        print("Not run: the database waits for: manage.py migrate", file=sys.stderr)  # noqa: T201
        return 2
    from audit.actors import acting
    from validation.judging import REFUSALS, Places

    places = Places(options.data, options.originals, tuple(options.bundles))
    with acting(f"os:{getpass.getuser()}", address=socket.gethostname()):
        try:
            return _validate(options, places)
        except REFUSALS as refusal:
            print(f"Not run: {refusal}", file=sys.stderr)  # noqa: T201
            return 2


def _is_ready() -> bool:
    """Whether the database has its tables; the embedded one is made here, one of a site is its operator's."""
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    if not executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return True
    if connection.vendor == "sqlite":
        call_command("migrate", verbosity=0)
    return connection.vendor == "sqlite"


def _validate(options: argparse.Namespace, places: Places) -> int:
    from validation import judging, tasks

    if options.run:
        opened = judging.reopened(options.run, options.protocol, places, say=_say)
    else:
        opened = judging.open_protocol(options.protocol, places, say=_say)
    left = len(opened.left())
    _say(f"{opened.run} of {opened.run.name}: {left} cases to analyse")
    if options.queue:
        tasks.work_off(opened, options.protocol.resolve(), places, tick=_ticker())
    else:
        judging.work_off(opened, workers=options.workers, tick=_ticker())
    _say("drawing up the report")
    document = judging.close(opened)
    judging.write(opened, document, options.out)
    for line in document.endpoints:
        _say(line.sentence or f"{line.name}: {line.verdict}.")
    for deviation in document.deviations:
        _say(f"Deviation: {deviation}")
    _say(f"{document.conclusion} The report is in {options.out}.")
    return 0 if document.verdict == "met" else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m validation", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("protocol", type=Path, help="TOML file; its manifest lies beside it")
    parser.add_argument("--out", type=Path, required=True, help="folder for the report")
    parser.add_argument("--data", type=Path, help="folder with the files of the data set")
    parser.add_argument(
        "--originals",
        type=Path,
        default=Path(os.environ.get("SAMD_TEST_DATA", ROOT.parent / "shared" / "data")),
        help="folder with what shipped data sets are made from (default: %(default)s)",
    )
    parser.add_argument(
        "--bundles", type=Path, action="append", default=[], help="further folder of model bundles"
    )
    parser.add_argument("--run", type=int, help="draw up this run anew, with the signatures it has now")
    parser.add_argument("--queue", action="store_true", help="let the Celery workers analyse the cases")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="cases at a time")
    return parser


def _say(words: str) -> None:
    print(words, flush=True)  # noqa: T201


def _ticker() -> Callable[[int, int], None]:
    """Tells how far it is, at most every two seconds, and how long it will still take."""
    begun, last = time.monotonic(), [0.0]

    def tick(done: int, all_of_them: int) -> None:
        now = time.monotonic()
        if now - last[0] < 2 and done < all_of_them:
            return
        last[0] = now
        left = (now - begun) / max(done, 1) * (all_of_them - done)
        _say(f"{done} of {all_of_them} analysed; about {left / 60:.0f} min left")

    return tick


if __name__ == "__main__":
    sys.exit(main())
