"""The console speaks Korean as completely as English."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import polib  # type: ignore[import-untyped]
import pytest

from tests.guards.source import ROOT

PO = ROOT / "samd/locale/ko/LC_MESSAGES/django.po"

pytestmark = pytest.mark.requirement("WEB-01")


def entries(catalogue: polib.POFile | polib.MOFile) -> dict[tuple[str | None, str], object]:
    return {(e.msgctxt, e.msgid): e.msgstr_plural or e.msgstr for e in catalogue if not e.obsolete}


def test_every_string_is_translated_and_none_is_a_guess() -> None:
    catalogue = polib.pofile(str(PO))

    assert [entry.msgid for entry in catalogue.untranslated_entries()] == []
    assert [entry.msgid for entry in catalogue.fuzzy_entries()] == []
    assert [entry.msgid for entry in catalogue.obsolete_entries()] == []


def test_the_compiled_catalogue_is_that_of_the_source() -> None:
    assert entries(polib.mofile(str(PO.with_suffix(".mo")))) == entries(polib.pofile(str(PO)))


def test_placeholders_survive_the_translation() -> None:
    for entry in polib.pofile(str(PO)):
        for placeholder in ("%(n)s", "%(found)s", "%(searched)s", "%(number)s", "%(pages)s"):
            if placeholder in entry.msgid:
                texts = entry.msgstr_plural.values() if entry.msgstr_plural else [entry.msgstr]
                assert all(placeholder in text for text in texts), entry.msgid


@pytest.mark.skipif(shutil.which("xgettext") is None, reason="GNU gettext is not installed")
def test_the_catalogue_holds_exactly_the_strings_of_the_console(tmp_path: Path) -> None:
    sources = tmp_path / "samd"
    for folder in (ROOT / "samd/console", ROOT / "samd/accounts", ROOT / "validation"):
        shutil.copytree(
            folder, sources / folder.name, ignore=shutil.ignore_patterns("candidates", "protocols")
        )
    shutil.copytree(ROOT / "samd/locale", sources / "locale")

    # Without settings Django extracts into the folder it runs in, and nowhere else.
    environment = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    command = [sys.executable, "-m", "django", "makemessages", "--locale=ko", "--no-location"]
    subprocess.run(command, cwd=sources, env=environment, check=True, capture_output=True)

    extracted = polib.pofile(str(sources / "locale/ko/LC_MESSAGES/django.po"))
    assert {(e.msgctxt, e.msgid) for e in extracted if not e.obsolete} == set(entries(polib.pofile(str(PO))))
