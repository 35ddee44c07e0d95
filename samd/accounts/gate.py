"""The gate before every page: who comes in, where they are led first, and who is refused.

Deny by default: an address that has no row in the matrix is refused to everybody.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from audit import trail
from audit.actors import acting
from audit.events import Event
from audit.trail import Outcome
from samd.accounts import factors, passwords, policy, sessions
from samd.accounts.address import client_address
from samd.accounts.entitlement import entitlement_of
from samd.accounts.matrix import PUBLIC, may_open, openable
from samd.accounts.roles import Role, roles_in


class Verdict(Enum):
    """What happens to a request."""

    OPEN = "open"
    LOG_IN = "log in"
    END = "end the session"
    ENROL = "set up a second factor"
    CHANGE_PASSWORD = "change the password"  # noqa: S105
    ACCEPT = "accept the policy"
    HOME = "lead to the first page of their own"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a logged-in person stands."""

    roles: frozenset[Role]
    has_factor: bool
    passed_factor: bool
    password_due: bool
    accepted: bool
    shut: bool = False


# Steps that come before everything else, with the pages that belong to each. They follow one another.
_ENROLLING = frozenset({"mfa_activate_totp", "mfa_add_webauthn", "account_reauthenticate"})
_SHOWING_FACTOR = frozenset(
    {
        "mfa_view_recovery_codes",
        "account_reauthenticate",
        "mfa_reauthenticate",
        "mfa_reauthenticate_webauthn",
    }
)
_CHANGING = _SHOWING_FACTOR | {"account_change_password"}
_ACCEPTING = _CHANGING | {"account-policy"}


def decide(name: str, standing: Standing | None, *, method: str = "GET") -> Verdict:
    """The verdict on a request for the address called `name`; `standing` is None for nobody."""
    if name in PUBLIC:
        return Verdict.OPEN
    if standing is None:
        return Verdict.LOG_IN
    if standing.shut or (standing.has_factor and not standing.passed_factor):
        return Verdict.END
    if name == "account_logout":
        return Verdict.OPEN
    for satisfied, pages, verdict in (
        (standing.has_factor, _ENROLLING, Verdict.ENROL),
        (not standing.password_due, _CHANGING, Verdict.CHANGE_PASSWORD),
        (standing.accepted, _ACCEPTING, Verdict.ACCEPT),
    ):
        if not satisfied:
            return Verdict.OPEN if name in pages else verdict
    if may_open(name, standing.roles, method=method):
        return Verdict.OPEN
    # The bare address of the device is the worklist; whoever types it wants in, not to the patients.
    return Verdict.HOME if name == "worklist" else Verdict.REFUSE


_LEADS_TO = {
    Verdict.HOME: "home",
    Verdict.ENROL: "mfa_activate_totp",
    Verdict.CHANGE_PASSWORD: "account_change_password",
    Verdict.ACCEPT: "account-policy",
}


def standing_of(request: HttpRequest) -> Standing | None:
    """How the person of `request` stands now; None for nobody."""
    user = request.user
    if not isinstance(user, User):
        return None
    now, entitlement = timezone.now(), entitlement_of(user)
    return Standing(
        roles=roles_in(entitlement, now=now),
        has_factor=factors.has_factor(user),
        passed_factor=bool(request.session.get(sessions.FACTOR)),
        password_due=passwords.must_change(user, now=now),
        accepted=policy.is_accepted(user),
        shut=entitlement.shut,
    )


def ambient(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware that tells the trail who acts and from where, for every event of the request."""

    def respond(request: HttpRequest) -> HttpResponse:
        name = request.user.get_username() or "nobody"
        with acting(name, address=client_address(request)):
            return get_response(request)

    return respond


class Gate:
    """Middleware that lets a request through, leads it elsewhere, or refuses it and says so in the trail."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        match = request.resolver_match
        name = match.view_name if match and match.view_name else ""
        # What is open to all asks for nobody: whether the device is alive must not hang on the database.
        standing = None if name in PUBLIC else standing_of(request)
        request.may = _pages(standing)  # type: ignore[attr-defined]
        verdict = decide(name, standing, method=str(request.method))
        if verdict is Verdict.OPEN:
            return None
        if verdict is Verdict.REFUSE:
            _record_refusal(name, request)
            raise PermissionDenied
        if verdict is Verdict.END:
            sessions.end(
                request, "the account is locked" if standing and standing.shut else "no second factor"
            )
            verdict = Verdict.LOG_IN
        if verdict is Verdict.LOG_IN:
            return redirect_to_login(request.get_full_path() if request.method == "GET" else reverse("home"))
        return redirect(_LEADS_TO[verdict])


def _pages(standing: Standing | None) -> frozenset[str]:
    """The pages that this person is offered: none before every step is done."""
    if standing is None or decide("home", standing) is not Verdict.OPEN:
        return frozenset()
    return openable(standing.roles)


def _record_refusal(name: str, request: HttpRequest) -> None:
    with transaction.atomic():
        trail.append(
            Event.USER_REFUSED,
            f"user/{request.user.pk}",
            outcome=Outcome.SERIOUS_FAILURE,
            reason="no role of theirs opens this page",
            page=name,
            method=str(request.method),
        )
