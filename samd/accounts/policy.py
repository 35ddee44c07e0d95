"""What everybody accepts before they work here: to answer for what is done under their name (11.10(j)).

The words stand in templates/account/policy.html; whoever changes them gives them another version.
"""

from typing import Final

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from audit import trail
from audit.events import Event
from samd.accounts.models import Acceptance

VERSION: Final = "1"


def is_accepted(user: User) -> bool:
    """Whether `user` accepted the words as they are now."""
    return Acceptance.objects.filter(user=user, version=VERSION).exists()


def accept(user: User, *, language: str) -> None:
    """Record that `user` accepted the words, which they read in `language`; once is enough."""
    with transaction.atomic():
        if is_accepted(user):
            return
        event = trail.append(
            Event.POLICY_ACCEPTED,
            f"user/{user.pk}",
            actor=user.get_username(),
            version=VERSION,
            language=language,
        )
        Acceptance.objects.create(user=user, version=VERSION, at=timezone.now(), event=event)
