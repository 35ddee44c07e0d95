"""Signing in the console: who the person is, both factors asked again, and in plain words how it went."""

from collections.abc import Iterable, Mapping

from django.contrib import messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from audit import signing, signing_keys
from audit.models import Record, SigningKey
from audit.records import verify_record
from audit.sealing import NotSealed
from audit.signing import SignatureRefused
from audit.signing_keys import NotEnrolled, Obstacle, Person
from audit.turn import Refusal, next_asked
from audit.verdicts import content_of
from samd.accounts import policy
from samd.accounts.confirmation import NotConfirmed, confirm
from samd.accounts.roles import Role, roles_of
from samd.console.signature_page import REFUSALS
from samd.console.trail_facts import MEANINGS

# Who may say that somebody is who they say: never those who administer accounts.
CONFIRMING = (Role.QUALITY_OFFICER, Role.APPROVER)


OBSTACLES: Mapping[Obstacle, Promise] = {
    Obstacle.NO_NAME: gettext_lazy(
        "A signature shows a printed name, and your account has none. Ask your administrator."
    ),
    Obstacle.REUSED: gettext_lazy(
        "Your user name has signed for another account; names are not reused. No key was made."
    ),
    Obstacle.TWICE: gettext_lazy("A key is being made for you already. No second one was made."),
    Obstacle.UNCONFIRMED: gettext_lazy(
        "Somebody else has just made a key, and must confirm yours. Try again; no key was made."
    ),
}


class NobodyConfirms(Exception):
    """Somebody has a key that counts, but nobody of those may confirm another one."""


def person_of(request: HttpRequest) -> Person:
    """The logged-in person as somebody who signs, with the roles that are in force now."""
    user = request.user
    if not isinstance(user, User):
        raise Http404
    return Person(
        id=user.pk,
        username=user.get_username(),
        name=user.get_full_name(),
        roles=frozenset(map(str, roles_of(user, now=timezone.now()))),
    )


def key_refusal(person: Person) -> Refusal | None:
    """What is wrong with the signing key of `person`; None where it signs."""
    try:
        signing.key_of(person)
    except SignatureRefused as refused:
        return refused.refusal
    return None


def sign(request: HttpRequest, record: Record) -> bool:
    """Sign `record` as the form asks for, and tell the person how it went; whether it was signed."""
    person, meaning = person_of(request), request.POST.get("meaning", "")
    password = request.POST.get("password", "")
    try:
        confirm(request, password=password, code=request.POST.get("code", ""))
    except NotConfirmed as problem:
        signing.refuse(record.subject, meaning=meaning, person=person, refusal=Refusal.NOT_CONFIRMED)
        messages.error(request, str(problem))
        return False
    try:
        signing.sign(
            record.subject,
            content=record.content,
            shown=request.POST.get("shown", ""),
            meaning=meaning,
            person=person,
            password=password,
            accountability=f"policy/{policy.VERSION}",
            now=timezone.now(),
        )
    except SignatureRefused as refused:
        said = REFUSALS[refused.refusal]
        messages.error(
            request, _("%(reason)s Nothing was signed; the attempt is recorded.") % {"reason": said}
        )
        return False
    except NotSealed:
        messages.warning(
            request,
            _(
                "Your signature is kept, but no checkpoint covers it yet. It takes effect as soon as the "
                "sealing process has run; do not sign again."
            ),
        )
        return True
    messages.success(request, _("Signed: %(meaning)s.") % {"meaning": MEANINGS[meaning]})
    return True


def enrol(request: HttpRequest) -> bool:
    """Make a signing key for the person, and tell them how it went; whether there is one."""
    person, password = person_of(request), request.POST.get("password", "")
    try:
        role = _confirming_role(person)
        confirm(request, password=password, code=request.POST.get("code", ""))
        signing_keys.enrol(person, password, confirmed_by=role, now=timezone.now())
    except NotConfirmed as problem:
        signing.refuse(person.signer, meaning="", person=person, refusal=Refusal.NOT_CONFIRMED)
        messages.error(request, str(problem))
        return False
    except NobodyConfirms:
        messages.error(
            request,
            _(
                "No quality officer and no approver is left who could confirm your key. Ask your "
                "administrator to deactivate the accounts of those who left; no key was made."
            ),
        )
        return False
    except NotEnrolled as problem:
        messages.error(request, str(OBSTACLES[problem.obstacle]))
        return False
    except NotSealed:
        messages.warning(
            request,
            _("Your key is made; it counts as soon as the sealing process has covered it."),
        )
        return True
    messages.success(
        request,
        _("Your key is made. It counts as soon as a colleague has confirmed that it is yours.")
        if role
        else _("Your signing key is made, and counts."),
    )
    return True


def _confirming_role(person: Person) -> str:
    """Who must confirm a key of `person`; empty where nobody else has one. Raises NobodyConfirms."""
    if not signing_keys.needs_confirmation(person):
        return ""
    others = User.objects.filter(pk__in=signing_keys.holders() - {person.id}, is_active=True)
    now = timezone.now()
    role = confirming_role(roles_of(user, now=now) for user in others)
    if role is None:
        raise NobodyConfirms
    return role


def confirming_role(others: Iterable[frozenset[Role]]) -> Role | None:
    """The role in which one of `others`, whose keys count, may confirm a key; None where none of them may."""
    held = frozenset().union(*others)
    return next((role for role in CONFIRMING if role in held), None)


def to_confirm(person: Person) -> list[SigningKey]:
    """The keys of others that wait for the word of somebody with a role of `person`, the oldest first."""
    waiting = SigningKey.objects.filter(retired_at=None, confirmation__isnull=False)
    return [
        key
        for key in waiting.exclude(user_id=person.id).select_related("confirmation").order_by("pk")
        if key.confirmation is not None and _waits_for(key.confirmation, person)
    ]


def _waits_for(record: Record, person: Person) -> bool:
    following = next_asked(content_of(record.content), verify_record(record.subject, record.content))
    return following is not None and following.role in person.roles
