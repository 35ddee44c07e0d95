"""kill -9 of whoever appends, seals, changes the key or recovers, at every step, on both databases."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from audit.faults import Step
from tests.audit.wholeness import Trail, faults

pytestmark = pytest.mark.requirement("AUD-01", "AUD-02", "AUD-03")

ROOT = Path(__file__).parents[2]
SERVER = os.environ.get("SAMD_TEST_POSTGRESQL", "postgres://postgres@127.0.0.1:5432")
PATIENCE = 60.0


@dataclass
class World:
    """A database of its own, with whoever is sent to work on it."""

    mother: "subprocess.Popen[str]"
    home: Path
    database: str
    background: list[int] = field(default_factory=list)
    orders: int = 0

    def send(self, verb: str, **more: Any) -> dict[str, Any]:
        self.orders += 1
        order = {"verb": verb, "home": str(self.home), "database": self.database, **more}
        order["later"] = 30 * self.orders
        assert self.mother.stdin is not None
        assert self.mother.stdout is not None
        self.mother.stdin.write(json.dumps(order) + "\n")
        self.mother.stdin.flush()
        answer: dict[str, Any] = json.loads(self.mother.stdout.readline())
        if more.get("background"):
            self.background.append(answer["pid"])
        return answer

    def do(self, verb: str, **more: Any) -> Any:
        answer = self.send(verb, **more)
        assert answer["status"] == 0, verb
        return answer["said"]

    def die(self, verb: str, step: Step, **more: Any) -> None:
        answer = self.send(verb, die_at=step, **more)
        assert os.WIFSIGNALED(answer["status"]), f"{verb} never came to {step}"
        assert os.WTERMSIG(answer["status"]) == signal.SIGKILL

    def start(self, verb: str, **more: Any) -> int:
        pid: int = self.send(verb, background=True, **more)["pid"]
        return pid

    def kill(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)
        self.background.remove(pid)

    def trail(self) -> tuple[Trail, set[str]]:
        """What the database holds, and the names of the changes in it."""
        said = self.do("tell")
        held = Trail(
            dict(said["events"]),
            [tuple(entry) for entry in said["entries"]],
            dict(said["seals"]),
            said["headings"],
            said["keys"],
            self.home / "anchor" / "checkpoints",
        )
        return held, set(said["changes"])


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def template(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A migrated database with an open trail, from which each test gets a copy."""
    home = tmp_path_factory.mktemp(request.param)
    if request.param == "sqlite":
        address, database = f"sqlite:///{home / 'trail.sqlite3'}", str(home / "trail.sqlite3")
    else:
        database = f"deaths_{uuid4().hex[:8]}"
        address = f"{SERVER}/{database}"
        _on_server(f"CREATE DATABASE {database}")
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "samd.config.settings", "DATABASE_URL": address}
    mother = subprocess.Popen(
        [sys.executable, "-m", "tests.audit.dying"],
        cwd=ROOT,
        env={**environment, "SAMD_HOME": str(home)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    world = World(mother, home, database)
    world.do("migrate")
    yield world
    assert mother.stdin
    mother.stdin.close()
    mother.wait(timeout=PATIENCE)
    mother.stdout.close() if mother.stdout else None
    if request.param == "postgresql":
        _on_server(f"DROP DATABASE {database} WITH (FORCE)")


@pytest.fixture
def world(template: World, tmp_path: Path) -> Iterator[World]:
    home = tmp_path / "home"
    home.mkdir()
    shutil.copytree(template.home / "seal", home / "seal")
    database = str(home / "trail.sqlite3")
    if template.database.startswith("deaths_"):
        database = f"deaths_{uuid4().hex[:8]}"
        _on_server(f"CREATE DATABASE {database} TEMPLATE {template.database}")
    else:
        shutil.copy(template.database, database)
    world = World(template.mother, home, database)
    yield world
    for pid in world.background:
        os.kill(pid, signal.SIGKILL)
    if database.startswith("deaths_"):
        _on_server(f"DROP DATABASE {database} WITH (FORCE)")


def _on_server(statement: str) -> None:
    try:
        connection = psycopg.connect(f"{SERVER}/postgres", autocommit=True)
    except psycopg.OperationalError:
        pytest.skip("no PostgreSQL server is reachable (make peers installs one)")
    with connection:
        connection.execute(statement)


def _writing(world: World, step: Step) -> None:
    world.do("write", name="before", count=5)
    world.die("write", step, name="torn", count=1)


def _sealing(world: World, step: Step) -> None:
    world.do("write", name="before", count=250)
    world.die("seal", step)


def _making_a_key(world: World, step: Step) -> None:
    world.die("make successor", step)


def _changing_the_key(world: World, step: Step) -> None:
    world.do("write", name="before", count=5)
    world.do("seal")
    world.do("write", name="between", count=5)
    world.do("make successor")
    world.die("seal", step)


def _restore_an_older_copy(world: World) -> None:
    world.do("write", name="kept", count=150)
    world.do("seal")
    copy = _copy_of(world)
    world.do("write", name="lost", count=150)
    world.do("seal")
    _put_back(world, copy)


def _copy_of(world: World) -> str:
    copy = f"{world.database}_copy"
    if world.database.startswith("deaths_"):
        _on_server(f"CREATE DATABASE {copy} TEMPLATE {world.database}")
    else:
        shutil.copy(world.database, copy)
    return copy


def _put_back(world: World, copy: str) -> None:
    if world.database.startswith("deaths_"):
        _on_server(f"DROP DATABASE {world.database} WITH (FORCE)")
        _on_server(f"ALTER DATABASE {copy} RENAME TO {world.database}")
    else:
        shutil.copy(copy, world.database)


def _recovering(world: World, step: Step) -> None:
    _restore_an_older_copy(world)
    world.die("recover", step)
    world.do("recover")


ORIGIN = "hospital.example/samd"

# What is at work when somebody dies there. A step without a line here fails its test.
AT_WORK: dict[Step, Callable[[World, Step], None]] = {
    Step.APPENDED: _writing,
    Step.LEASED: _sealing,
    Step.NUMBERED: _sealing,
    Step.COMMITTED: _sealing,
    Step.SIGNED: _sealing,
    Step.ANCHORED: _sealing,
    Step.STORED: _sealing,
    Step.MADE: _making_a_key,
    Step.ANNOUNCED: _changing_the_key,
    Step.ENDORSED: _changing_the_key,
    Step.RETIRED: _changing_the_key,
    Step.PUBLISHED: _changing_the_key,
    Step.REPLACED: _changing_the_key,
    Step.ACKNOWLEDGED: _recovering,
}


@pytest.mark.parametrize("step", Step)
def test_a_death_at_any_step_leaves_no_gap_no_double_and_no_change_without_its_event(
    world: World, step: Step
) -> None:
    AT_WORK[step](world, step)

    lost = [ORIGIN] if step is Step.ACKNOWLEDGED else []
    assert faults(world.trail()[0], lost=lost, sealed=False) == []
    world.do("write", name="after", count=7)
    world.do("seal")

    held, changes = world.trail()
    assert faults(held, lost=lost) == []
    assert {name for name in _subjects(held) if "-" in name} == changes
    assert not (world.home / "seal" / "next").exists()
    rotations = [text for text in held.events.values() if "trail:key rotated" in text]
    assert len(rotations) == len(held.keys) - 1 - len(lost)


@pytest.mark.parametrize("step", [Step.RETIRED, Step.PUBLISHED])
def test_a_death_while_the_log_is_renamed_is_made_good_by_recovering_again(world: World, step: Step) -> None:
    _recovering(world, step)

    held, _ = world.trail()
    assert faults(held, lost=[ORIGIN]) == []
    alarms = [text for text in held.events.values() if "trail:alarmed" in text]
    assert len(alarms) == 1
    assert '"continued":"hospital.example/samd~2"' in alarms[0]
    assert "restored after a fire" in alarms[0]


def test_whoever_appends_and_whoever_seals_may_be_killed_at_any_moment(world: World) -> None:
    chance = random.Random(7)
    for round_number in range(4):
        writers = [world.start("write", name=f"{round_number}-{number}") for number in range(3)]
        sealer = world.start("keep sealing", lease=0.2)
        time.sleep(chance.uniform(0.2, 0.5))
        for pid in chance.sample([*writers, sealer], 4):
            world.kill(pid)

    world.do("seal")

    held, changes = world.trail()
    assert faults(held) == []
    assert {name for name in _subjects(held) if "-" in name} == changes
    assert len(changes) > 20


def test_a_second_process_takes_over_from_one_that_sleeps_which_does_no_harm_when_it_wakes(
    world: World,
) -> None:
    sleeper = world.start("keep sealing", lease=1.0)
    world.do("write", name="first", count=30)
    _until(world, lambda held: len(held.entries) == len(held.events))
    os.kill(sleeper, signal.SIGSTOP)
    other = world.start("keep sealing", lease=1.0)
    world.do("write", name="second", count=230)
    _until(world, lambda held: len(held.entries) == len(held.events))

    os.kill(sleeper, signal.SIGCONT)
    world.do("write", name="third", count=230)
    held = _until(world, lambda held: len(held.entries) == len(held.events))

    assert faults(held, sealed=False) == []
    for pid in (sleeper, other):
        world.kill(pid)
    world.do("write", name="fourth", count=5)
    world.do("seal")
    assert faults(world.trail()[0]) == []


def _until(world: World, reached: Callable[[Trail], bool]) -> Trail:
    deadline = time.monotonic() + PATIENCE
    while not reached(held := world.trail()[0]):
        assert time.monotonic() < deadline, faults(held)
        time.sleep(0.1)
    return held


def _subjects(held: Trail) -> set[str]:
    return {json.loads(text)["subject"] for text in held.events.values()}
