"""The pages of one's own account, and allauth's views of it with what this house adds."""

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.account.views import PasswordChangeView
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.views import ActivateTOTPView
from allauth.mfa.webauthn.views import AddWebAuthnView
from django.contrib import messages
from django.contrib.auth.models import User
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from samd.accounts import factors, policy, sessions
from samd.accounts.matrix import openable
from samd.accounts.profile import own_page
from samd.accounts.roles import roles_of

# Where people go after the login: the first of these that a role of theirs opens.
_HOMES = ("worklist", "trail", "operations")


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """To the first page that this person may open; to their account where there is none."""
    pages = openable(roles_of(request.user, now=timezone.now()))
    return redirect(next((name for name in _HOMES if name in pages), "account"))


@require_safe
def account(request: HttpRequest) -> HttpResponse:
    """Who I am here, what I may do and until when, and how I show that it is me."""
    return render(request, "account/account.html", {"page": own_page(_user(request), now=timezone.now())})


@require_http_methods(["GET", "POST"])
def accept_policy(request: HttpRequest) -> HttpResponse:
    """The words that everybody accepts before they work here."""
    user = _user(request)
    if request.method == "POST":
        policy.accept(user, language=get_language() or "")
        return redirect("home")
    context = {"version": policy.VERSION, "is_accepted": policy.is_accepted(user)}
    return render(request, "account/policy.html", context)


class ChangePassword(PasswordChangeView):
    """A new password; whoever comes by single sign-on has none to change."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not _user(request).has_usable_password():
            raise Http404
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response


class SetUpApp(ActivateTOTPView):
    """An authenticator app; its first code counts as the second factor of this session."""

    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        # The code that set it up is used: it opens nothing a second time (RFC 6238 5.2).
        factors.spend(_user(self.request), form.cleaned_data["code"], now=timezone.now())
        _passed(self.request, Authenticator.Type.TOTP)
        return response


class AddSecurityKey(AddWebAuthnView):
    """A security key; that it answered counts as the second factor of this session."""

    def form_valid(self, form: Any) -> HttpResponse:
        with transaction.atomic():
            response: HttpResponse = super().form_valid(form)
        _passed(self.request, Authenticator.Type.WEBAUTHN)
        return response


def _passed(request: HttpRequest, kind: str) -> None:
    sessions.pass_factor(request, kind)
    record_authentication(request, request.user, "mfa", type=kind, reauthenticated=True)
    messages.success(request, _("The second factor is set up."))


def _user(request: HttpRequest) -> User:
    """Behind the gate there is always a person."""
    if not isinstance(request.user, User):
        raise Http404
    return request.user
