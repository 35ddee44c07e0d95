"""`manage.py model import|list|show|verify`: the model versions of this device."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from samd.console.importing import import_bundle, kept_bundle
from samd.inference.bundle import BundleRefused
from samd.records.models import ModelVersion
from samd.records.registry import Suspended


class Command(BaseCommand):
    help = "Import model bundles and look at those that were imported."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        importing = actions.add_parser("import", help="verify a bundle, keep it and put it in force")
        importing.add_argument("path", type=Path)
        actions.add_parser("list", help="list all versions; * marks those in force")
        for name, does in (("show", "print the card"), ("verify", "check signature and hashes again")):
            action = actions.add_parser(name, help=f"{does} of a model in force, or of a digest")
            action.add_argument("name")

    def handle(self, *args: Any, **options: Any) -> None:
        actions = {"import": self._import, "list": self._list, "show": self._show, "verify": self._verify}
        try:
            actions[options["action"]](options)
        except (BundleRefused, Suspended) as refusal:
            raise CommandError(str(refusal)) from refusal

    def _import(self, options: dict[str, Any]) -> None:
        model = import_bundle(options["path"])
        self.stdout.write(f"{model} is in force, digest {model.digest}")

    def _list(self, options: dict[str, Any]) -> None:
        for model in ModelVersion.objects.all():
            mark = "*" if model.in_force else " "
            self.stdout.write(f"{mark} {model.name:24} {model.version:10} {model.digest[:16]}  {model.title}")

    def _model(self, name: str) -> ModelVersion:
        found = (
            ModelVersion.objects.filter(name=name, in_force=True).first()
            or ModelVersion.objects.filter(digest__startswith=name).first()
        )
        if found is None:
            raise CommandError(f"no model is called {name}; see `manage.py model list`")
        return found

    def _show(self, options: dict[str, Any]) -> None:
        card = kept_bundle(self._model(options["name"]).digest).card
        lines = [
            f"{card.title} {card.version}, by {card.manufacturer}",
            f"intended use: {card.intended_use}",
            *(f"it is not: {limit}" for limit in card.limits_of_use),
            *(f"{name}: {value}" for name, value in card.facts),
            f"manifest SHA-256: {card.digest}",
            f"weights SHA-256: {card.weights_digest}",
        ]
        self.stdout.write("\n".join(lines))

    def _verify(self, options: dict[str, Any]) -> None:
        model = self._model(options["name"])
        kept_bundle(model.digest)
        self.stdout.write(f"{model}: signature and every hash are right")
