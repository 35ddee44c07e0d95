"""`manage.py conformance`: prints the DICOM conformance statement of this version."""

from typing import Any

from django.core.management.base import BaseCommand

from samd.dicom.conformance import statement


class Command(BaseCommand):
    help = "Print the DICOM conformance statement."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(statement(), ending="")
