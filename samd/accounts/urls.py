"""The addresses of logging in and of one's own account. What else allauth offers does not exist."""

from allauth.account import views as account_views
from allauth.mfa.base import views as factor_views
from allauth.mfa.recovery_codes import views as code_views
from allauth.mfa.totp import views as app_views
from allauth.mfa.webauthn import views as key_views
from allauth.socialaccount import views as sign_on_views
from allauth.socialaccount.providers.openid_connect import views as openid_views
from django.urls import path
from django.views.generic import RedirectView

from samd.accounts import views

_to_account = RedirectView.as_view(pattern_name="account")

urlpatterns = [
    path("home/", views.home, name="home"),
    path("login/", account_views.login, name="account_login"),
    path("login/code/", factor_views.authenticate, name="mfa_authenticate"),
    path("login/inactive/", account_views.account_inactive, name="account_inactive"),
    path("logout/", account_views.logout, name="account_logout"),
    path("sign-on/cancelled/", sign_on_views.login_cancelled, name="socialaccount_login_cancelled"),
    path("sign-on/error/", sign_on_views.login_error, name="socialaccount_login_error"),
    path("sign-on/<str:provider_id>/", openid_views.login, name="openid_connect_login"),
    path("sign-on/<str:provider_id>/callback/", openid_views.callback, name="openid_connect_callback"),
    path("account/", views.account, name="account"),
    path("account/policy/", views.accept_policy, name="account-policy"),
    path("account/password/", views.ChangePassword.as_view(), name="account_change_password"),
    path("account/again/", account_views.reauthenticate, name="account_reauthenticate"),
    path("account/again/code/", factor_views.reauthenticate, name="mfa_reauthenticate"),
    path("account/again/key/", key_views.reauthenticate_webauthn, name="mfa_reauthenticate_webauthn"),
    path("account/factors/", _to_account, name="mfa_index"),
    path("account/app/", views.SetUpApp.as_view(), name="mfa_activate_totp"),
    path("account/app/remove/", app_views.deactivate_totp, name="mfa_deactivate_totp"),
    path("account/codes/", code_views.view_recovery_codes, name="mfa_view_recovery_codes"),
    path("account/codes/new/", code_views.generate_recovery_codes, name="mfa_generate_recovery_codes"),
    path("account/keys/", _to_account, name="mfa_list_webauthn"),
    path("account/keys/add/", views.AddSecurityKey.as_view(), name="mfa_add_webauthn"),
    path("account/keys/<int:pk>/remove/", key_views.remove_webauthn, name="mfa_remove_webauthn"),
]
