"""What the trail says in plain words: a phrase for every event, in groups that people look for.

A phrase is filled with the facts of its event; who did it, when and from where stand beside it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from audit.events import Event
from samd.console.trail_facts import NOTHING, value


@dataclass(frozen=True, slots=True)
class Group:
    """Events that people look for together. `slug` stands in addresses, and names the icon."""

    slug: str
    label: Promise
    phrases: Mapping[Event, Promise]

    @property
    def names(self) -> tuple[tuple[Event, str], ...]:
        """Its events with their phrases, to choose from: an ellipsis where a fact would stand."""
        return tuple((event, str(phrase % _Open())) for event, phrase in self.phrases.items())


class _Open(dict[str, str]):
    def __missing__(self, _name: str) -> str:
        return "…"


GROUPS = (
    Group(
        "receiving",
        pgettext_lazy("trail", "Receiving"),
        {
            Event.ASSOCIATION_OPENED: _("%(peer)s connected"),
            Event.ASSOCIATION_CLOSED: _("Connection closed; objects recorded: %(recorded)s"),
            Event.ASSOCIATION_REFUSED: _("Connection refused: %(calling_ae)s called %(called_ae)s"),
            Event.ASSOCIATION_DISAGREED: _(
                "The counts of a connection disagree: %(accepted)s accepted, %(recorded)s recorded"
            ),
            Event.INSTANCE_STORED: _("Image stored"),
            Event.INSTANCE_REPEATED: _("Image received again, unchanged"),
            Event.INSTANCE_CONFLICTED: _("Image received again with other content; both are kept"),
            Event.INSTANCE_REFUSED: _("Image from %(calling_ae)s refused"),
        },
    ),
    Group(
        "analysing",
        pgettext_lazy("trail", "Analysing"),
        {
            Event.RUN_OPENED: _("Images are gathered for round %(number)s of analysis"),
            Event.RUN_COMPLETED: _("The study is complete: images: %(instances)s"),
            Event.MODEL_DECLINED: _("The model does not take this study"),
            Event.ANALYSIS_QUEUED: _("Analysis queued"),
            Event.ANALYSIS_STARTED: _("Analysis started, attempt %(attempt)s"),
            Event.ANALYSIS_RETURNED: _("Analysis broke off and was queued again"),
            Event.ANALYSIS_REPORTED: _("Analysis reported: %(answer)s"),
            Event.RESULT_ASSESSED: _("AI result assessed by a physician: %(decision)s"),
        },
    ),
    Group(
        "delivering",
        pgettext_lazy("trail", "Delivering"),
        {
            Event.DELIVERY_STARTED: _("Results are sent to %(peer)s"),
            Event.DELIVERY_POSTPONED: _("%(peer)s did not take the results this time"),
            Event.DELIVERY_DISAGREED: _("%(peer)s confirmed other objects than were sent"),
            Event.REPORT_DELIVERED: _("Results delivered"),
            Event.REPORT_REFUSED: _("%(peer)s refused the results"),
            Event.JOB_GIVEN_UP: _("Work given up: %(kind)s"),
            Event.JOB_REOPENED: _("Work put back into the queue"),
        },
    ),
    Group(
        "reading",
        pgettext_lazy("trail", "Reading"),
        {
            Event.STUDY_VIEWED: _("Study opened for reading"),
            Event.PICTURE_VIEWED: _("Picture of an analysis opened"),
            Event.WORKLIST_VIEWED: _("Worklist opened; studies shown: %(shown)s"),
            Event.WORKLIST_SEARCHED: _("Worklist searched; studies found: %(shown)s"),
            Event.MODEL_VIEWED: _("Model card opened"),
            Event.OPERATIONS_VIEWED: _("Operations page opened"),
        },
    ),
    Group(
        "people",
        pgettext_lazy("trail", "Accounts and roles"),
        {
            Event.USER_LOGGED_IN: _("Logged in"),
            Event.USER_LOGGED_OUT: _("Logged out"),
            Event.USER_LOGIN_FAILED: _("Login failed"),
            Event.USER_LOCKED: _("Account locked: %(about)s"),
            Event.USER_UNLOCKED: _("Account unlocked: %(about)s"),
            Event.USER_CREATED: _("Account created: %(about)s"),
            Event.USER_DEACTIVATED: _("Account deactivated: %(about)s"),
            Event.USER_PASSWORD_CHANGED: _("Password changed: %(about)s"),
            Event.USER_FACTOR_CHANGED: _("Second factor changed: %(about)s"),
            Event.USER_TRAINED: _("Training recorded: %(about)s"),
            Event.USER_REFUSED: _("Access refused: %(page)s"),
            Event.POLICY_ACCEPTED: _("The rules for accounts were accepted"),
            Event.ROLE_GRANTED: _("Role granted to %(about)s"),
            Event.ROLE_WITHDRAWN: _("Role withdrawn from %(about)s"),
        },
    ),
    Group(
        "signing",
        pgettext_lazy("trail", "Signatures"),
        {
            Event.RECORD_SIGNED: _("%(subject)s signed as %(meaning)s"),
            Event.SIGNATURE_REFUSED: _("Signature of %(subject)s refused"),
            Event.SIGNING_KEY_ENROLLED: _("Signing key enrolled: %(about)s"),
            Event.SIGNING_KEY_RETIRED: _("Signing key retired: %(about)s"),
            Event.REVIEW_OPENED: _("Review of the trail opened"),
        },
    ),
    Group(
        "validation",
        pgettext_lazy("trail", "Validation"),
        {
            Event.PROTOCOL_REGISTERED: _("Validation protocol registered: %(name)s %(version)s"),
            Event.VALIDATION_ORDERED: _("Validation ordered"),
            Event.VALIDATION_REFUSED: _("Validation not run: %(reason)s"),
            Event.VALIDATION_STARTED: _("Validation started"),
            Event.VALIDATION_FINISHED: _("Validation finished: %(verdict)s"),
            Event.DATASET_USED: _("Sequestered data set used"),
            Event.VALIDATION_VIEWED: _("Validation page opened"),
            Event.CHANGE_PLANNED: _("Change plan registered: %(name)s %(version)s"),
            Event.CHANGE_DECIDED: _("Candidate decided by a change plan: %(standing)s"),
            Event.MONITORING_PLANNED: _("Monitoring plan registered: %(name)s %(version)s"),
            Event.MONITORING_BREACHED: _("A limit of monitoring was exceeded: %(stream)s, %(group)s"),
            Event.MONITORING_REPORTED: _("Periodic monitoring report drawn up"),
            Event.PROBLEM_OPENED: _("Problem opened: %(title)s"),
            Event.PROBLEM_LINKED: _("Problem linked to %(kind)s %(reference)s"),
            Event.PROBLEM_CLOSED: _("Problem closed"),
            Event.MODEL_SUSPENDED: _("Model taken out of force: %(name)s %(version)s"),
            Event.MODEL_RESUMED: _("Model put back in force: %(name)s %(version)s"),
        },
    ),
    Group(
        "configuration",
        pgettext_lazy("trail", "Configuration"),
        {
            Event.MODEL_IMPORTED: _("Model imported and put in force: %(name)s %(version)s"),
            Event.PEER_CHANGED: _("Peer changed: %(about)s"),
            Event.PATIENT_LOOKED_UP: _("The surrogate of a patient was looked up"),
            Event.PATIENT_UNLINKED: _("The link from a surrogate to its patient was destroyed"),
            Event.HOLD_PLACED: _("Legal hold placed"),
            Event.HOLD_LIFTED: _("Legal hold lifted"),
            Event.PROCESS_STARTED: _("Process started: %(about)s"),
            Event.PROCESS_STOPPED: _("Process stopped: %(about)s"),
        },
    ),
    Group(
        "trail",
        pgettext_lazy("trail", "The trail itself"),
        {
            Event.TRAIL_OPENED: _("The trail was begun"),
            Event.TRAIL_VIEWED: _("The trail was read"),
            Event.TRAIL_VERIFIED: _("The trail was verified; events: %(events)s"),
            Event.TRAIL_EXPORTED: _("The trail was exported as %(format)s: %(part)s"),
            Event.TRAIL_ALARMED: _("The trail raised an alarm"),
            Event.TRAIL_KEY_ROTATED: _("The key that seals the trail was replaced"),
        },
    ),
)

PHRASES: Mapping[str, Promise] = {
    event: phrase for group in GROUPS for event, phrase in group.phrases.items()
}

GROUP_OF: Mapping[str, Group] = {event: group for group in GROUPS for event in group.phrases}


def phrase(event: str, facts: Mapping[str, object]) -> str:
    """What happened, in the reader's language; an event that is not known here stands as it is."""
    return str(PHRASES[event] % _Filling(facts)) if event in PHRASES else event


class _Filling(dict[str, Any]):
    """Facts by name; one that an event does not have leaves a dash."""

    def __init__(self, facts: Mapping[str, object]) -> None:
        super().__init__({name: value(name, given) for name, given in facts.items()})

    def __missing__(self, _name: str) -> str:
        return NOTHING
