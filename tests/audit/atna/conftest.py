"""An audit repository and a certificate for us, from one authority."""

from collections.abc import Iterator

import pytest

from audit.atna.transport import Repository
from tests.audit.atna.certificates import Authority, Identity
from tests.audit.atna.receiver import Receiver


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.found(tmp_path_factory.mktemp("authority") / "pem")


@pytest.fixture(scope="session")
def ours(authority: Authority) -> Identity:
    return authority.issue("device")


@pytest.fixture
def receiver(authority: Authority) -> Iterator[Receiver]:
    """A repository that listens."""
    running = Receiver(authority.issue("repository"), authority.certificate)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def repository(receiver: Receiver, authority: Authority, ours: Identity) -> Repository:
    """The receiver, as we know it; it is given up quickly."""
    return Repository(
        "localhost", receiver.port, authority.certificate, ours.certificate, ours.key, patience=0.5
    )
