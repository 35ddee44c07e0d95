"""`manage.py demo`: what `make run` runs. Starts the device, shows it at work, and checks the results."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from samd.accounts.visitor import Invitation, invite
from samd.console import demonstration
from samd.console.supervisor import PortTaken, Supervisor, demand_free_ports, services
from samd.dicom.archive import StandInArchive
from samd.dicom.deliver import PeerRefused, send
from samd.records.models import Peer

START_PATIENCE = 90.0  # seconds
RESULT_PATIENCE = 240.0


class Command(BaseCommand):
    help = "Start the whole device beside a small stand-in archive, send two studies, show what came back."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="in a fresh folder, verify, then exit")
        parser.add_argument("--leave", action="store_true", help="verify and exit, in this installation")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            sys.exit(_once())
        # Whoever ends the demonstration, in whatever moment, ends its services too.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        try:
            demand_free_ports()
        except PortTaken as problem:
            raise CommandError(str(problem)) from problem
        call_command("setup", stdout=self.stdout)
        invitation = invite(now=timezone.now())
        archive_folder = Path(settings.SAMD_HOME) / "archive"
        supervisor = Supervisor(services())
        with StandInArchive(archive_folder) as archive:
            self._introduce(archive.port)
            supervisor.start()
            try:
                right = self._show(archive_folder)
                if options["leave"]:
                    if not right:
                        raise CommandError("what came back is not what was expected; see above")
                    return
                self._stay(invitation)
            finally:
                self.stdout.write("stopping")
                supervisor.stop()
                # The archive ends here; what comes later is not to wait for it.
                Peer.objects.filter(name="archive").update(gets_results=False)

    def _introduce(self, archive_port: int) -> None:
        here = {"host": "127.0.0.1", "stdout": self.stdout}
        call_command("peer", "add", "archive", ae="ARCHIVE", port=archive_port, results=True, **here)
        call_command("peer", "add", "modality", ae=demonstration.MODALITY, port=104, quiet=2, **here)

    def _show(self, archive: Path) -> bool:
        """Send, wait, print the table; whether everything is as it should be."""
        with tempfile.TemporaryDirectory() as scratch:
            studies = demonstration.make_studies(Path(scratch))
            self.stdout.write("starting the device")
            try:
                demonstration.wait_for_node(patience=START_PATIENCE)
                for study in studies:
                    self.stdout.write(f"sending {study.title}: {len(study.files)} images")
                    send(study.files, peer=demonstration.node(), calling_ae=demonstration.MODALITY)
            except PeerRefused as problem:
                raise CommandError(f"the node did not take the studies: {problem}") from problem
        finished = demonstration.wait_for_results(studies, patience=RESULT_PATIENCE, tell=self.stdout.write)
        if not finished:
            self.stdout.write(f"not everything was delivered within {RESULT_PATIENCE:.0f} s")
        right = [self._print_results(archive, study) for study in studies]
        return finished and all(right)

    def _print_results(self, archive: Path, study: demonstration.Sent) -> bool:
        objects = demonstration.came_back(archive, study)
        findings = demonstration.report_of(objects)
        self.stdout.write(f"\n{study.title}: {len(objects)} objects came back to the archive")
        for kept in objects:
            self.stdout.write(f"  {kept.kind:4} {kept.series_description}")
        comparisons = demonstration.compare(study, findings)
        known = {comparison.finding: comparison for comparison in comparisons}
        for finding in findings:
            values = ", ".join(f"{name} {value:.4g} {unit}" for name, value, unit in finding.measurements)
            words = "; ".join(filter(None, [*finding.evaluations, values]))
            self.stdout.write(f"  {finding.finding or 'analysis':36} {words}")
            comparison = known.get(finding.finding)
            if comparison is not None:
                verdict = "right" if comparison.holds else "WRONG"
                self.stdout.write(f"  {'':36} known: {comparison.known:.4g} cm3: {verdict}")
        missing = demonstration.EVERY_KIND - {kept.kind for kept in objects}
        if missing:
            self.stdout.write(f"  MISSING: {', '.join(sorted(missing))}")
        return not missing and bool(findings) and all(comparison.holds for comparison in comparisons)

    def _stay(self, invitation: Invitation) -> None:
        codes = " ".join(invitation.codes[:5])
        self.stdout.write(
            f"\nThe console is at http://{settings.SAMD_HTTP_HOST}:{settings.SAMD_HTTP_PORT}/\n"
            f"  user {invitation.name}, password {invitation.password} (new at every start)\n"
            f"  and one of these codes as second factor, each good for one login: {codes}\n"
            f"Send more to {settings.SAMD_AE_TITLE} on port {settings.SAMD_DICOM_PORT}, "
            f"from a node that `manage.py peer add` made known.\nCtrl-C stops everything."
        )
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


def _once() -> int:
    """Run the demonstration in a folder and on ports of its own; keep the folder where it failed."""
    home = tempfile.mkdtemp(prefix="samd-once-")
    ports = {"SAMD_DICOM_PORT": _free_port(), "SAMD_HTTP_PORT": _free_port()}
    elsewhere = {"DATABASE_URL", "CELERY_BROKER_URL"}  # of an installation that this is not
    inherited = {name: value for name, value in os.environ.items() if name not in elsewhere}
    environment = inherited | {name: str(port) for name, port in ports.items()} | {"SAMD_HOME": home}
    command = [sys.executable, "manage.py", "demo", "--leave"]
    code = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, check=False).returncode
    if code == 0:
        shutil.rmtree(home)
        print("everything came back as it should")
    else:
        print(f"the demonstration failed; what it left is in {home}", file=sys.stderr)
    return code


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
