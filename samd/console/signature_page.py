"""Signatures for people: how each one stands, whose turn it is, and what to say when one is refused."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from audit.signing_keys import Person
from audit.turn import Refusal, next_asked, why_not
from audit.verdicts import Problem, Verdict
from samd.console.trail_facts import MEANINGS, ROLES

REFUSALS: Mapping[Refusal, Promise] = {
    Refusal.NOT_CONFIRMED: _("Password and code were not confirmed."),
    Refusal.NO_RECORD: _("There is no such record."),
    Refusal.NOT_SHOWN: _("The record is no longer the one that you were shown. Read it again, then sign."),
    Refusal.NOT_ASKED: _("The record asks for no such signature."),
    Refusal.GIVEN: _("This signature was given already."),
    Refusal.OUT_OF_TURN: _("Another signature comes first."),
    Refusal.NO_ROLE: _("You do not hold the role that this signature asks for."),
    Refusal.TWICE: _("You have signed this record already; somebody else must give the other signature."),
    Refusal.BY_AUTHOR: _("You made this record; somebody else must approve it."),
    Refusal.NO_KEY: _("You have no signing key yet."),
    Refusal.OTHER_NAME: _("Your signing key was made for another name. Make a new one."),
    Refusal.KEY_NOT_COUNTING: _("Your signing key does not count yet: a colleague must confirm it."),
    Refusal.NOT_OPENED: _("Your password does not open your signing key. Make a new one."),
}

PROBLEMS: Mapping[Problem, Promise] = {
    Problem.ALTERED: _("The row of the signature is not what was signed."),
    Problem.FORGED: _("The signature was not made with the key that it names."),
    Problem.MOVED: _("The signature belongs to another record."),
    Problem.CHANGED: _("The record is not the one that was signed."),
    Problem.NOT_ASKED: _("The record asks for no such signature."),
    Problem.TWICE: _("The same person has signed the record already."),
    Problem.BY_AUTHOR: _("Who made the record may not approve it."),
    Problem.NOT_RECORDED: _("The audit trail does not say that this was signed."),
    Problem.NOT_SEALED: _("No checkpoint covers the signature yet."),
    Problem.REMOVED: _("The audit trail says that this was signed, but the signature was removed."),
    Problem.UNKNOWN_KEY: _("Nobody of this name had enrolled this key."),
    Problem.RETIRED_KEY: _("The key had been retired."),
    Problem.UNCONFIRMED_KEY: _("Nobody had confirmed whose key this is."),
}


@dataclass(frozen=True, slots=True)
class SignatureLine:
    """A signature as it must be shown: printed name, time and meaning (21 CFR 11.50); and how it stands."""

    name: str
    username: str
    meaning: Promise | str
    role: Promise | str
    at: datetime | None
    in_effect: bool
    waiting: bool
    problems: tuple[Promise, ...]


@dataclass(frozen=True, slots=True)
class Turn:
    """The signature that comes next. `why_not` says why this person cannot give it, if they cannot;
    `needs_key` that all they lack is a signing key that counts."""

    meaning: str
    meaning_label: Promise
    role: Promise | str
    why_not: Promise | None
    needs_key: bool


def signature_lines(verdicts: tuple[Verdict, ...]) -> tuple[SignatureLine, ...]:
    """The signatures of a record in their order, from what was signed and not from the columns of a table."""
    return tuple(_line(verdict) for verdict in verdicts)


def _line(verdict: Verdict) -> SignatureLine:
    said = verdict.manifest
    return SignatureLine(
        name=said.name if said else "—",
        username=said.username if said else "",
        meaning=MEANINGS[said.meaning] if said else "—",
        role=ROLES.get(said.role, said.role) if said else "",
        at=datetime.fromisoformat(said.at) if said else None,
        in_effect=verdict.in_effect,
        waiting=verdict.is_waiting,
        problems=tuple(PROBLEMS[problem] for problem in verdict.problems),
    )


def turn(
    content: Mapping[str, Any], verdicts: tuple[Verdict, ...], person: Person, *, key: Refusal | None
) -> Turn | None:
    """Whose turn it is, and whether it is that of `person`; None where nothing is left to sign.

    `key` is what is wrong with the person's signing key, if anything is.
    """
    following = next_asked(content, verdicts)
    if following is None:
        return None
    meaning = following.meaning
    refusal = why_not(content, verdicts, meaning=meaning, signer=person.signer, roles=person.roles) or key
    return Turn(
        meaning=meaning,
        meaning_label=MEANINGS[meaning],
        role=ROLES.get(following.role, following.role),
        why_not=REFUSALS[refusal] if refusal else None,
        needs_key=refusal is not None and refusal == key,
    )
