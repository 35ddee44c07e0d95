"""What the facts of an event are called, and how their values are said, in the reader's language."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from audit.trail import Outcome
from samd.accounts.roles import Role
from samd.console import assessment_wording, wording
from samd.console.wording import Word

NOTHING = "—"

OUTCOMES: Mapping[int, Word] = {
    Outcome.SUCCESS: Word("success", pgettext_lazy("outcome", "Success")),
    Outcome.MINOR_FAILURE: Word("minor", pgettext_lazy("outcome", "Refused or failed")),
    Outcome.SERIOUS_FAILURE: Word("serious", pgettext_lazy("outcome", "Serious failure")),
    Outcome.MAJOR_FAILURE: Word("major", pgettext_lazy("outcome", "Major failure")),
}

ACTORS: Mapping[str, Promise] = {
    "device": pgettext_lazy("actor", "the device"),
    "nobody": pgettext_lazy("actor", "not logged in"),
    "command line": pgettext_lazy("actor", "command line"),
}

EXPORTED: Mapping[str, Promise] = {
    "begun": pgettext_lazy("export", "begun"),
    "complete": pgettext_lazy("export", "complete"),
    "broken off": pgettext_lazy("export", "broken off"),
}

MEANINGS: Mapping[str, Promise] = {
    "authored": pgettext_lazy("signature", "authored"),
    "reviewed": pgettext_lazy("signature", "reviewed"),
    "approved": pgettext_lazy("signature", "approved"),
    "responsible": pgettext_lazy("signature", "responsible"),
}

# Attributes and facts as people call them; others stand as the trail has them.
LABELS: Mapping[str, Promise] = {
    "accepted": pgettext_lazy("fact", "accepted"),
    "active": pgettext_lazy("fact", "active"),
    "analyses": pgettext_lazy("fact", "analyses"),
    "answer": pgettext_lazy("fact", "answer"),
    "association": pgettext_lazy("fact", "connection"),
    "attempt": pgettext_lazy("fact", "attempt"),
    "attempts": pgettext_lazy("fact", "attempts"),
    "called_ae": pgettext_lazy("fact", "called AE title"),
    "calling_ae": pgettext_lazy("fact", "calling AE title"),
    "decision": pgettext_lazy("fact", "decision"),
    "details": pgettext_lazy("fact", "details"),
    "digest": pgettext_lazy("fact", "digest"),
    "events": pgettext_lazy("fact", "events"),
    "factor": pgettext_lazy("fact", "second factor"),
    "filter": pgettext_lazy("fact", "filter"),
    "format": pgettext_lazy("fact", "format"),
    "found": pgettext_lazy("fact", "found"),
    "from_address": pgettext_lazy("fact", "from address"),
    "in force": pgettext_lazy("fact", "in force"),
    "input": pgettext_lazy("fact", "input digest"),
    "instances": pgettext_lazy("fact", "images"),
    "key": pgettext_lazy("fact", "key"),
    "kind": pgettext_lazy("fact", "kind"),
    "meaning": pgettext_lazy("fact", "meaning"),
    "name": pgettext_lazy("fact", "name"),
    "objects": pgettext_lazy("fact", "objects"),
    "override": pgettext_lazy("fact", "override"),
    "page": pgettext_lazy("fact", "page"),
    "part": pgettext_lazy("fact", "state"),
    "peer": pgettext_lazy("fact", "peer"),
    "pictures": pgettext_lazy("fact", "pictures"),
    "reasons": pgettext_lazy("fact", "reasons"),
    "recorded": pgettext_lazy("fact", "recorded"),
    "replaces": pgettext_lazy("fact", "replaces"),
    "role": pgettext_lazy("fact", "role"),
    "roles": pgettext_lazy("fact", "roles"),
    "rows": pgettext_lazy("fact", "rows"),
    "sha256": pgettext_lazy("fact", "SHA-256"),
    "shown": pgettext_lazy("fact", "shown"),
    "stage": pgettext_lazy("fact", "stage"),
    "state": pgettext_lazy("fact", "state"),
    "studies": pgettext_lazy("fact", "studies"),
    "until": pgettext_lazy("fact", "until"),
    "version": pgettext_lazy("fact", "version"),
}

ROLES: Mapping[str, Promise] = {
    Role.PHYSICIAN: _("Physician"),
    Role.QUALITY_OFFICER: _("Quality officer"),
    Role.APPROVER: _("Approver"),
    Role.INTEGRATOR: _("Integrator"),
    Role.AUDITOR: _("Auditor"),
    Role.ADMINISTRATOR: _("Administrator"),
}

# Facts and attributes whose values have words of their own.
_VALUES: Mapping[str, Mapping[str, Promise]] = {
    "answer": {name: word.label for name, word in wording.ANSWERS.items()},
    "stage": {name: word.label for name, word in wording.STAGES.items()},
    "kind": wording.JOB_KINDS,
    "part": EXPORTED,
    "meaning": MEANINGS,
    "role": ROLES,
    "roles": ROLES,
    "decision": {name: word.label for name, word in assessment_wording.DECISIONS.items()},
    "reasons": assessment_wording.REASONS,
}


def label(name: str) -> Promise | str:
    """What the fact or attribute `name` is called in the reader's language."""
    return LABELS.get(name, name.replace("_", " "))


def value(name: str, given: object) -> str:
    """The value of the fact or attribute `name` for reading."""
    if isinstance(given, list):
        return ", ".join(value(name, one) for one in given) or NOTHING
    if given is None or given == "":
        return NOTHING
    if isinstance(given, bool):
        return str(_("yes") if given else _("no"))
    return str(_VALUES.get(name, {}).get(str(given), given))
