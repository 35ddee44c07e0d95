"""A batch counts as taken only where the repository proves that it read everything."""

from dataclasses import replace
from pathlib import Path

import pytest

from audit.atna.transport import NotTaken, Repository, deliver
from tests.audit.atna import receiver as behaviours
from tests.audit.atna.certificates import Authority
from tests.audit.atna.entries import entry
from tests.audit.atna.receiver import Behaviour, Receiver
from tests.audit.atna.test_syslog import framed

pytestmark = pytest.mark.requirement("AUD-08")

FRAMES = [framed(entry("run:opened", f"run/{number}", padding="x" * 2000)) for number in range(40)]


@pytest.mark.parametrize("behaviour", [behaviours.orderly, behaviours.silent])
def test_a_batch_that_was_read_to_its_end_is_taken(
    receiver: Receiver, repository: Repository, behaviour: Behaviour
) -> None:
    receiver.behaviour = behaviour

    deliver(FRAMES, replace(repository, patience=10))

    assert len(receiver.messages) == len(FRAMES)
    receiver.stop()
    assert receiver.faults == []


@pytest.mark.parametrize(
    "behaviour",
    [
        behaviours.deaf,
        behaviours.says_goodbye_first,
        *(behaviours.dies_after(octets) for octets in (0, 1, 5_000, 60_000)),
    ],
)
def test_a_batch_that_may_not_have_been_read_is_not_taken(
    receiver: Receiver, repository: Repository, behaviour: Behaviour
) -> None:
    receiver.behaviour = behaviour

    with pytest.raises(NotTaken):
        deliver(FRAMES, repository)


def test_a_repository_that_is_down_takes_nothing(receiver: Receiver, repository: Repository) -> None:
    receiver.stop()

    with pytest.raises(NotTaken, match="is not there: Connection refused"):
        deliver(FRAMES, repository)


def test_a_repository_that_does_not_answer_is_given_up(receiver: Receiver, repository: Repository) -> None:
    receiver.behaviour = behaviours.deaf

    with pytest.raises(NotTaken, match=r"did not answer within 0\.5 s"):
        deliver(FRAMES[:1], repository)


def test_nothing_is_said_to_a_stranger(receiver: Receiver, repository: Repository, tmp_path: Path) -> None:
    stranger = Authority.found(tmp_path / "stranger")

    with pytest.raises(NotTaken, match="does not vouch for"):
        deliver(FRAMES, replace(repository, authority=stranger.certificate))

    assert receiver.messages == []


def test_nothing_is_said_to_another_host_of_the_same_authority(
    receiver: Receiver, repository: Repository, authority: Authority
) -> None:
    receiver.stop()
    receiver.identity = authority.issue("other", host="other.example")
    receiver.start()

    with pytest.raises(NotTaken, match="Hostname mismatch"):
        deliver(FRAMES, repository)

    assert receiver.messages == []


def test_a_repository_that_does_not_trust_us_takes_nothing(
    receiver: Receiver, repository: Repository, tmp_path: Path
) -> None:
    unknown = Authority.found(tmp_path / "unknown").issue("device")

    with pytest.raises(NotTaken):
        deliver(FRAMES, replace(repository, certificate=unknown.certificate, key=unknown.key))

    assert receiver.messages == []


def test_certificates_that_cannot_be_read_are_named(repository: Repository, tmp_path: Path) -> None:
    with pytest.raises(NotTaken, match=r"cannot be used \(.*gone.pem.*No such file"):
        deliver(FRAMES, replace(repository, key=tmp_path / "gone.pem"))
