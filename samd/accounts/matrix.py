"""Who may open what: one row for every address of the device. What has no row is refused to everybody."""

from collections.abc import Mapping
from typing import Final

from samd.accounts.roles import Role

PHYSICIAN, QUALITY_OFFICER, APPROVER = Role.PHYSICIAN, Role.QUALITY_OFFICER, Role.APPROVER
INTEGRATOR, AUDITOR, ADMINISTRATOR = Role.INTEGRATOR, Role.AUDITOR, Role.ADMINISTRATOR

# Open to whoever asks: nothing about patients or people is told.
PUBLIC: Final = frozenset(
    {
        "healthz",
        "readyz",
        "set_language",
        "account_login",
        "account_inactive",
        "mfa_authenticate",
        "openid_connect_login",
        "openid_connect_callback",
        "socialaccount_login_cancelled",
        "socialaccount_login_error",
    }
)

# A person's own account: for everyone who is logged in, also without a role.
OWN: Final = frozenset(
    {
        "home",
        "account",
        "account-policy",
        "account_logout",
        "account_change_password",
        "account_reauthenticate",
        "mfa_index",
        "mfa_activate_totp",
        "mfa_deactivate_totp",
        "mfa_reauthenticate",
        "mfa_view_recovery_codes",
        "mfa_generate_recovery_codes",
        "mfa_list_webauthn",
        "mfa_add_webauthn",
        "mfa_remove_webauthn",
        "mfa_reauthenticate_webauthn",
    }
)

_SIGNERS = frozenset({QUALITY_OFFICER, APPROVER})
_TRAIL = frozenset({QUALITY_OFFICER, AUDITOR, ADMINISTRATOR})

# Patients are seen by those who treat them. The trail is pseudonymous, so whoever oversees needs no more.
PAGES: Final[Mapping[str, frozenset[Role]]] = {
    "worklist": frozenset({PHYSICIAN}),
    "worklist-rows": frozenset({PHYSICIAN}),
    "search": frozenset({PHYSICIAN}),
    "study": frozenset({PHYSICIAN}),
    "preview": frozenset({PHYSICIAN}),
    "assess": frozenset({PHYSICIAN}),
    "model": frozenset(Role),
    "operations": frozenset({INTEGRATOR, ADMINISTRATOR}),
    "reopen": frozenset({INTEGRATOR, ADMINISTRATOR}),
    "trail": _TRAIL,
    "trail-study": _TRAIL,
    "trail-event": _TRAIL,
    "trail-verify": _TRAIL,
    "trail-export": frozenset({QUALITY_OFFICER, AUDITOR}),
    "trail-proof": _TRAIL,
    "reviews": _SIGNERS | {AUDITOR},
    "review": _SIGNERS | {AUDITOR},
    "review-sign": _SIGNERS,
    "review-paper": _SIGNERS | {AUDITOR},
    "validations": _SIGNERS | {AUDITOR},
    "validation": _SIGNERS | {AUDITOR},
    "validation-sign": _SIGNERS,
    "validation-report": _SIGNERS | {AUDITOR},
    "validation-progress": _SIGNERS | {AUDITOR},
    "validation-file": _SIGNERS | {AUDITOR},
    "validation-order": frozenset({QUALITY_OFFICER}),
    "validation-protocol": _SIGNERS | {AUDITOR},
    "validation-protocol-sign": _SIGNERS,
    "changes": _SIGNERS | {AUDITOR},
    "change-plan": _SIGNERS | {AUDITOR},
    "change-plan-sign": _SIGNERS,
    "plan-decide": frozenset({QUALITY_OFFICER}),
    "plan-decision": _SIGNERS | {AUDITOR},
    "plan-decision-sign": _SIGNERS,
    "monitoring": _SIGNERS | {AUDITOR},
    "monitoring-plan": _SIGNERS | {AUDITOR},
    "monitoring-plan-sign": _SIGNERS,
    "monitoring-report-draw": frozenset({QUALITY_OFFICER}),
    "monitoring-report": _SIGNERS | {AUDITOR},
    "monitoring-report-sign": _SIGNERS,
    "monitoring-report-file": _SIGNERS | {AUDITOR},
    "problem": _SIGNERS | {AUDITOR},
    "problem-open": frozenset({QUALITY_OFFICER}),
    "signature-enroll": _SIGNERS,
    "signature-confirm": _SIGNERS,
}

# Where fewer may change something (POST) than may look.
CHANGES: Final[Mapping[str, frozenset[Role]]] = {
    "review": frozenset({QUALITY_OFFICER}),
    "validations": frozenset({QUALITY_OFFICER}),
    "monitoring": frozenset({QUALITY_OFFICER}),
    "problem": frozenset({QUALITY_OFFICER}),
    "changes": frozenset({QUALITY_OFFICER}),
}

READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def may_open(name: str, roles: frozenset[Role], *, method: str = "GET") -> bool:
    """Whether a logged-in person with `roles` may send a request by `method` to the address called `name`."""
    permitted = PAGES.get(name, frozenset())
    if method not in READING:
        permitted &= CHANGES.get(name, permitted)
    return name in PUBLIC or name in OWN or bool(permitted & roles)


def openable(roles: frozenset[Role]) -> frozenset[str]:
    """The names of the pages that `roles` open."""
    return frozenset(name for name, permitted in PAGES.items() if permitted & roles)
