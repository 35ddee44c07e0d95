"""`manage.py setup`: everything a new installation needs, and nothing an old one would lose."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand

from audit import keys
from audit.signer import public_part
from samd.console.importing import import_reference_bundles


class Command(BaseCommand):
    help = "Bring the database up to date and import the reference models that are not there yet."

    def handle(self, *args: Any, **options: Any) -> None:
        for folder in (settings.SAMD_STORE, settings.SAMD_RESULTS, settings.SAMD_PREVIEWS):
            Path(folder).mkdir(parents=True, exist_ok=True)
        call_command("migrate", verbosity=0)
        opened = keys.prepare()
        if opened is not None:
            self.stdout.write(f"opened the audit trail {opened.name}")
            self.stdout.write(f"its public key, for whoever verifies it: {public_part(settings.AUDIT_KEY)}")
        for model in import_reference_bundles():
            self.stdout.write(f"imported {model} ({model.digest[:12]})")
        self.stdout.write("the database is up to date")
