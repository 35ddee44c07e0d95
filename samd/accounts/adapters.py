"""What allauth asks about accounts: nobody registers, nothing is mailed, a locked account stays outside."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.stagekit import clear_login
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from audit import trail
from audit.actors import RESERVED
from audit.events import Event
from samd.accounts import factors, lockout, passwords
from samd.accounts.address import client_address


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by an administrator (`manage.py user add`)."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": _("User name and password do not match. Both are case-sensitive."),
        "enter_current_password": _("This is not your password. Nothing was changed."),
        "incorrect_password": _("This is not your password. Nothing was changed."),
        "too_many_login_attempts": _("Too many attempts. Please wait a minute."),
    }

    def is_open_for_signup(self, _request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Nothing is mailed, whatever allauth finds worth a mail."""

    def is_reauthentication_required(self, *, app: str) -> bool:
        """Before factors are shown or changed, who asks is asked again; at first nothing is to guard."""
        user = self.request.user
        if isinstance(user, User) and not factors.has_factor(user):
            return False
        return bool(super().is_reauthentication_required(app=app))

    def get_password_change_redirect_url(self, _request: HttpRequest) -> str:
        return reverse("home")

    def set_password(self, user: User, password: str) -> None:
        # The form has checked the old one; single sign-on has none.
        passwords.change(user, password, old=self.request.POST.get("oldpassword", ""))

    def pre_login(self, request: HttpRequest, user: User, **login: Any) -> HttpResponse | None:
        if not user.is_active:
            lockout.refuse(user, reason="the account was deactivated")
        elif lockout.is_locked(user, request):
            raise _turned_away(request, user)
        return super().pre_login(request, user, **login)

    def login(self, request: HttpRequest, user: User) -> None:
        """The last step, after the second factor: the account may have been locked in between."""
        if lockout.is_locked(user, request):
            raise _turned_away(request, user)
        super().login(request, user)


def _turned_away(request: HttpRequest, user: User) -> ImmediateHttpResponse:
    lockout.refuse(user, reason="the account is locked")
    clear_login(request)
    return ImmediateHttpResponse(lockout.locked_page(request))


class SingleSignOnAdapter(DefaultSocialAccountAdapter):
    """Whoever the hospital's identity provider sends gets an account, and no role until one is granted."""

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Only to log in: an open session of somebody else must not tie their account to another identity."""
        if sociallogin.state.get("process") != "login" or request.user.is_authenticated:
            raise PermissionDenied

    def is_open_for_signup(self, _request: HttpRequest, _sociallogin: SocialLogin) -> bool:
        return True

    def is_auto_signup_allowed(self, _request: HttpRequest, _sociallogin: SocialLogin) -> bool:
        """There is no page to register on; an account of the same name is never taken over."""
        return True

    def populate_user(self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]) -> User:
        """The printed name as the provider writes it, family name first where it does; no e-mail address."""
        user: User = super().populate_user(request, sociallogin, data | {"email": ""})
        user.first_name, user.last_name = str(data.get("name") or user.get_full_name())[:150], ""
        sociallogin.email_addresses = []
        return user

    def save_user(self, request: HttpRequest, sociallogin: SocialLogin, form: Any = None) -> User:
        with transaction.atomic():
            user: User = super().save_user(request, sociallogin, form)
            if user.get_username().casefold() in RESERVED:
                raise PermissionDenied
            trail.append(
                Event.USER_CREATED,
                f"user/{user.pk}",
                reason="single sign-on",
                username=user.get_username(),
                name=user.get_full_name(),
                identified="by the identity provider",
            )
        return user
