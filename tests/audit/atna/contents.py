"""What stands in a message, for tests that hold it against the log."""

import base64

from tests.audit.atna.profile import parsed


def sealed_in(xml: bytes) -> str:
    """The canonical text of the entry that the message carries."""
    path = "ParticipantObjectIdentification/ParticipantObjectDetail[@type='canonical']"
    detail = parsed(xml).find(path)
    assert detail is not None
    return base64.b64decode(detail.attrib["value"]).decode()


def event_id(xml: bytes) -> str:
    """The code of the EventID."""
    identity = parsed(xml).find("EventIdentification/EventID")
    assert identity is not None
    return identity.attrib["csd-code"]
