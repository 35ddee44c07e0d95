"""The relay as it runs in production, a process of its own, against a repository that comes and goes."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.audit.atna.certificates import Identity
from tests.audit.atna.contents import sealed_in
from tests.audit.atna.profile import violations
from tests.audit.atna.receiver import Receiver, deaf, dies_after, distinct, orderly
from tests.guards.source import ROOT

pytestmark = pytest.mark.requirement("AUD-08")

PATIENCE = 60.0  # seconds until something that must happen counts as never


class Trail:
    """A trail in a folder of its own, and a relay process that can be started and killed."""

    def __init__(self, folder: Path, receiver: Receiver, ours: Identity) -> None:
        self.home, self.log = folder / "home", folder / "relay.log"
        self.receiver = receiver
        inherited = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
        self.environment = inherited | {
            "DJANGO_SETTINGS_MODULE": "samd.config.settings",
            "SAMD_HOME": str(self.home),
            "AUDIT_SYSLOG_HOST": "localhost",
            "AUDIT_SYSLOG_PORT": str(receiver.port),
            "AUDIT_SYSLOG_CA": str(receiver.authority),
            "AUDIT_SYSLOG_CERT": str(ours.certificate),
            "AUDIT_SYSLOG_KEY": str(ours.key),
        }
        self.relay: subprocess.Popen[bytes] | None = None

    def seed(self, number: int) -> None:
        command = [sys.executable, "-m", "tests.audit.atna.seeding", str(number)]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr

    def start(self) -> None:
        with self.log.open("ab") as log:
            command = [sys.executable, "manage.py", "relay"]
            self.relay = subprocess.Popen(command, cwd=ROOT, env=self.environment, stdout=log, stderr=log)

    def kill(self, number: signal.Signals = signal.SIGKILL) -> int:
        assert self.relay is not None
        self.relay.send_signal(number)
        code = self.relay.wait(timeout=PATIENCE)
        self.relay = None
        return code

    def entries(self) -> list[str]:
        """The canonical text of every entry, in order."""
        query = "SELECT canonical FROM audit_entry JOIN audit_auditevent ON event_id = id ORDER BY seq"
        database = sqlite3.connect(f"file:{self.home / 'samd.sqlite3'}?mode=ro", uri=True)
        try:
            return [text for (text,) in database.execute(query)]
        finally:
            database.close()

    def wait_until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)

    def wait_until_all_arrived(self) -> None:
        self.wait_until(lambda: last_of(self.receiver) == len(self.entries()) - 1)


def last_of(receiver: Receiver) -> int:
    return max((message.place[0] for message in receiver.messages), default=-1)


@pytest.fixture
def running(tmp_path: Path, receiver: Receiver, ours: Identity) -> Iterator[Trail]:
    trail = Trail(tmp_path, receiver, ours)
    trail.seed(120)
    trail.start()
    yield trail
    if trail.relay is not None:
        trail.kill()


def assert_everything_arrived(trail: Trail) -> None:
    messages = distinct(trail.receiver.messages)
    entries = trail.entries()
    assert sorted({message.place[0] for message in messages}) == list(range(len(entries)))
    assert [message.place for message in messages] == sorted(message.place for message in messages)
    assert [violations(message.text) for message in messages] == [[]] * len(messages)
    assert [sealed_in(message.text) for message in messages if message.place[1] == 0] == entries


def test_a_repository_that_was_away_has_everything_in_the_end(running: Trail) -> None:
    running.wait_until_all_arrived()

    running.receiver.stop()
    running.seed(300)
    running.wait_until(lambda: "none is lost" in running.log.read_text())
    running.receiver.start()
    running.wait_until_all_arrived()

    assert running.kill(signal.SIGTERM) == 0
    assert_everything_arrived(running)
    assert running.receiver.faults == []
    assert "takes messages again" in running.log.read_text()


def test_a_relay_and_a_repository_that_are_killed_within_a_batch_lose_nothing(running: Trail) -> None:
    running.wait_until_all_arrived()
    before = running.receiver.connections
    running.receiver.behaviour = deaf

    running.seed(300)
    running.wait_until(lambda: running.receiver.connections > before)
    running.kill()
    running.receiver.stop()
    running.receiver.behaviour = dies_after(40_000)
    running.receiver.start()
    running.start()
    running.wait_until(lambda: "went away" in running.log.read_text())
    running.receiver.behaviour = orderly
    running.wait_until_all_arrived()

    assert_everything_arrived(running)
    assert len(running.receiver.messages) > len(distinct(running.receiver.messages))
