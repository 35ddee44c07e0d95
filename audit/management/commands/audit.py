"""`manage.py audit`: verify and export the trail, prove one event, keys, the restricted role, legal holds."""

import argparse
import getpass
import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from audit import export, inspection, keys, proof, retention, roles
from audit.actors import acting
from audit.models import Entry, Seal
from audit.retention import HoldRefused
from audit.signer import KeyRefused
from audit.verification.findings import plain
from audit.verification.words import report, tell
from audit.verify import NotAnExport


class Command(BaseCommand):
    help = "The audit trail: verify, export, prove, and keep it."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        verify = actions.add_parser("verify", help="check everything; exit code 1 where something is wrong")
        verify.add_argument(
            "--anchor",
            type=Path,
            action="append",
            default=[],
            metavar="FILE",
            help="checkpoints from outside, a report out of the archive for example",
        )
        exporting = actions.add_parser("export", help="write everything to a file, for others to verify")
        exporting.add_argument("file", type=Path)
        exporting.add_argument("--reason", required=True, help="what it is for; recorded in the trail")
        proving = actions.add_parser("proof", help="write the proof that one event is in the sealed log")
        proving.add_argument("seq", type=int, help="the number of the event")
        proving.add_argument("file", type=Path)
        growth = actions.add_parser(
            "consistency", help="write the proof that one checkpoint continues another"
        )
        growth.add_argument("first", type=int, help="the number of events of the earlier checkpoint")
        growth.add_argument("second", type=int)
        growth.add_argument("file", type=Path)
        _add_key(actions)
        role = actions.add_parser(
            "role", help="print the SQL of a PostgreSQL role that may only add and read"
        )
        role.add_argument("name")
        _add_hold(actions)

    def handle(self, *args: Any, **options: Any) -> None:
        act = {
            "verify": self._verify,
            "export": self._export,
            "proof": self._proof,
            "consistency": self._consistency,
            "key": self._key,
            "role": self._role,
            "hold": self._hold,
        }[options["action"]]
        try:
            with acting(_operator()):
                act(options)
        except HoldRefused as problem:
            raise CommandError(str(problem)) from problem
        except (KeyRefused, OSError) as problem:
            raise CommandError(str(problem), returncode=2) from problem

    def _verify(self, options: dict[str, Any]) -> None:
        anchors = [(str(path), path.read_bytes()) for path in options["anchor"]]
        try:
            result = inspection.inspect(anchors=anchors)
        except (DatabaseError, NotAnExport) as problem:
            raise CommandError(f"the trail cannot be read: {problem}", returncode=2) from problem
        tell(report(result), self.stdout)
        try:
            inspection.record(result)
        except DatabaseError as problem:
            self.stderr.write(f"the result is not in the trail: {type(problem).__name__}")
        if not result.ok:
            raise CommandError("the trail is not intact", returncode=1)

    def _export(self, options: dict[str, Any]) -> None:
        if not options["reason"].strip():
            raise CommandError("say what the export is for: it is recorded in the trail")
        digest = export.write(options["file"], reason=options["reason"].strip())
        self.stdout.write(
            f"{options['file']} (SHA-256 {digest})\n"
            f"to be verified anywhere: python -m audit.verify {options['file']} --key PUB --anchor FILE"
        )

    def _proof(self, options: dict[str, Any]) -> None:
        entry = Entry.objects.select_related("event").filter(seq=options["seq"]).first()
        seal = Seal.objects.filter(size__gt=options["seq"]).order_by("size").first()
        if entry is None or seal is None:
            raise CommandError(f"event {options['seq']} is not in the sealed log")
        text = proof.inclusion(
            seq=entry.seq, canonical=entry.event.canonical, leaves=_leaves(seal.size), note=seal.note
        )
        self._prove(text, options["file"])

    def _consistency(self, options: dict[str, Any]) -> None:
        first, second = (Seal.objects.filter(size=options[name]).first() for name in ("first", "second"))
        if first is None or second is None or not 0 < first.size <= second.size:
            raise CommandError("two checkpoints are needed, by their numbers of events, the earlier first")
        text = proof.consistency(
            first=first.note, second=second.note, leaves=_leaves(second.size), size=first.size
        )
        self._prove(text, options["file"])

    def _prove(self, text: str, file: Path) -> None:
        """Write the proof, if it is one: the database may have been altered."""
        try:
            words = proof.checked(text, keys.known())
        except proof.Refused as problem:
            raise CommandError(
                f"nothing is proven: {problem}. Look into it: manage.py audit verify", returncode=1
            ) from problem
        file.write_text(text)
        tell(f"{words}written to {file}; to be checked: python -m audit.verify {file} --key PUB", self.stdout)

    def _key(self, options: dict[str, Any]) -> None:
        if options["step"] == "rotate":
            key = keys.make_successor(options["public"])
            self.stdout.write(
                f"{key}\nthe sealing process lets it take over; give it to whoever verifies the trail"
            )
            return
        made = keys.prepare(options["origin"])
        if made is None:
            raise CommandError("the trail has a key; `audit key rotate` makes the next one")
        self.stdout.write(f"{made}\ngive it to whoever verifies the trail")

    def _role(self, options: dict[str, Any]) -> None:
        self.stdout.write(roles.script(options["name"]))

    def _hold(self, options: dict[str, Any]) -> None:
        if options["step"] == "list":
            for hold in retention.holds().values():
                line = f"{hold.since:%Y-%m-%d %H:%M} {hold.subject} by {hold.actor}: {hold.reason}"
                tell(plain(line), self.stdout)
            return
        change = retention.place if options["step"] == "place" else retention.lift
        change(options["subject"], reason=options["reason"])
        self.stdout.write(
            f"{options['subject']} is {'held' if options['step'] == 'place' else 'held no longer'}"
        )


def _add_key(actions: "argparse._SubParsersAction[Any]") -> None:
    steps = actions.add_parser("key", help="the key that signs checkpoints").add_subparsers(
        dest="step", required=True
    )
    new = steps.add_parser("new", help="make the first one, and open the trail")
    new.add_argument("--origin", help="the name of the log, hospital.example/samd for example")
    rotate = steps.add_parser("rotate", help="make the next one; the sealing process lets it take over")
    rotate.add_argument(
        "--public", type=_public, metavar="HEX", help="the public key, where a token holds the private one"
    )


def _public(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise argparse.ArgumentTypeError("a public key is 32 bytes in hex") from None


def _add_hold(actions: "argparse._SubParsersAction[Any]") -> None:
    steps = actions.add_parser("hold", help="legal holds").add_subparsers(dest="step", required=True)
    for step, what in (("place", "hold something"), ("lift", "hold it no longer")):
        parser = steps.add_parser(step, help=what)
        parser.add_argument("subject", help='study/17, a surrogate of a patient, or "everything"')
        parser.add_argument("--reason", required=True)
    steps.add_parser("list", help="what is held now")


def _operator() -> str:
    try:
        return f"os/{getpass.getuser()}"
    except (KeyError, OSError):  # an account without a name, in a container
        return f"os/{os.getuid()}"


def _leaves(size: int) -> list[bytes]:
    leaves = Entry.objects.filter(seq__lt=size).order_by("seq").values_list("leaf", flat=True)
    try:
        return [bytes.fromhex(leaf) for leaf in leaves.iterator(chunk_size=10_000)]
    except ValueError:
        raise CommandError(
            "a stored leaf is no hash: manage.py audit verify says which", returncode=1
        ) from None
