"""`manage.py patient`: from a Patient ID to the surrogate that the trail names, and forgetting one."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from audit import trail
from audit.events import Event
from audit.sealing import NotSealed
from samd.records import surrogates


class Command(BaseCommand):
    help = "Find the surrogate of a patient, or remove what leads from a surrogate to a person."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        find = actions.add_parser("find", help="the surrogate under which the trail tells of a patient")
        find.add_argument("patient_id")
        find.add_argument("--issuer", default="", help="Issuer of Patient ID, where the studies state one")
        find.add_argument("--reason", required=True, help="why you look; it is recorded")
        forget = actions.add_parser("forget", help="remove what leads from a surrogate to a person, for good")
        forget.add_argument("surrogate")
        forget.add_argument("--reason", required=True, help="who asked for it; it is recorded")

    def handle(self, *args: Any, **options: Any) -> None:
        {"find": self._find, "forget": self._forget}[options["action"]](options)

    def _find(self, options: dict[str, Any]) -> None:
        surrogate = surrogates.known_surrogate(f"{options['issuer']}\\{options['patient_id']}".encode())
        if not surrogate:
            raise CommandError("no study of a patient with this ID was received")
        with transaction.atomic():
            trail.append(Event.PATIENT_LOOKED_UP, surrogate, patient=surrogate, reason=options["reason"])
        self.stdout.write(surrogate)

    def _forget(self, options: dict[str, Any]) -> None:
        try:
            surrogates.forget(options["surrogate"], reason=options["reason"])
        except surrogates.UnknownSurrogate as problem:
            raise CommandError(str(problem)) from problem
        except NotSealed as problem:
            raise CommandError("not yet: the link is removed as soon as the trail is sealed") from problem
        self.stdout.write(
            f"nothing leads from {options['surrogate']} to a person any more; the trail is whole"
        )
