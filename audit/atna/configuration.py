"""The audit repository that the settings name."""

import os
import socket
from pathlib import Path

from django.conf import settings

from audit.atna.participants import Source
from audit.atna.relay import Relay
from audit.atna.syslog import Header
from audit.atna.transport import Repository

MESSAGE_IDS = ("IHE+RFC-3881", "DICOM+RFC3881")  # ITI-20 and PS3.15 A.6


class NoRepository(Exception):
    """The settings name no repository, or not well; the message says what to set."""


def configured_relay() -> Relay:
    """The relay of this installation; raises NoRepository."""
    if not settings.AUDIT_SYSLOG_HOST:
        raise NoRepository("no audit repository is set: name it in AUDIT_SYSLOG_HOST")
    missing = [name for name in ("CA", "CERT", "KEY") if not getattr(settings, f"AUDIT_SYSLOG_{name}")]
    if missing:
        wanted = ", ".join(f"AUDIT_SYSLOG_{name}" for name in missing)
        raise NoRepository(f"both sides show certificates, so files are needed in {wanted}")
    if settings.AUDIT_SYSLOG_MSGID not in MESSAGE_IDS:
        raise NoRepository(f"AUDIT_SYSLOG_MSGID is one of {', '.join(MESSAGE_IDS)}")
    host = socket.gethostname()
    return Relay(
        Repository(
            settings.AUDIT_SYSLOG_HOST,
            settings.AUDIT_SYSLOG_PORT,
            Path(settings.AUDIT_SYSLOG_CA),
            Path(settings.AUDIT_SYSLOG_CERT),
            Path(settings.AUDIT_SYSLOG_KEY),
        ),
        Source(settings.AUDIT_SOURCE, settings.AUDIT_SITE, settings.AUDIT_AE_TITLE, host, origin=""),
        Header(
            host,
            settings.AUDIT_SOURCE,
            str(os.getpid()),
            settings.AUDIT_SYSLOG_MSGID,
            settings.AUDIT_SYSLOG_ENTERPRISE,
        ),
    )
