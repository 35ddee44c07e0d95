"""Whose turn it is to sign a record, and why somebody may not. Pure (21 CFR 11.10(f), 11.10(g))."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from audit.manifest import Meaning
from audit.verdicts import Asked, Verdict, asked, author_of, in_effect


class Refusal(StrEnum):
    """Why nothing was signed."""

    NOT_CONFIRMED = "password and second factor were not confirmed"
    NO_RECORD = "there is no such record"
    NOT_SHOWN = "the record is not the one that was shown"
    NOT_ASKED = "the record asks for no such signature"
    GIVEN = "this signature was given already"
    OUT_OF_TURN = "another signature comes first"
    NO_ROLE = "the person does not hold the role that the record asks for"
    TWICE = "the person has signed this record already"
    BY_AUTHOR = "who made the record may not approve it"
    NO_KEY = "the person has no signing key"
    OTHER_NAME = "the person's name is not the one that the key was enrolled for"
    KEY_NOT_COUNTING = "the signing key does not count: it is not sealed, or nobody has confirmed it"
    NOT_OPENED = "the password does not open the signing key"


def next_asked(content: Mapping[str, Any], verdicts: Iterable[Verdict]) -> Asked | None:
    """The signature whose turn it is; None where every one was given."""
    given = _meanings(one for one in verdicts if one.in_effect or one.is_waiting)
    return next((one for one in asked(content) if one.meaning not in given), None)


def why_not(
    content: Mapping[str, Any],
    verdicts: Iterable[Verdict],
    *,
    meaning: str,
    signer: str,
    roles: frozenset[str],
) -> Refusal | None:
    """Why `signer` ("user/7") with `roles` may not sign the record as `meaning` now; None where they may.

    Signatures come in the order in which the record asks for them, each once the one before counts; nobody
    gives two of them.
    """
    verdicts, wanted = tuple(verdicts), asked(content)
    one = next((one for one in wanted if one.meaning == meaning), None)
    if one is None:
        return Refusal.NOT_ASKED
    before = {earlier.meaning for earlier in wanted[: wanted.index(one)]}
    refusals = {
        Refusal.GIVEN: meaning in _meanings(verdicts),
        Refusal.OUT_OF_TURN: not before <= set(in_effect(verdicts)),
        Refusal.NO_ROLE: one.role not in roles,
        Refusal.TWICE: any(v.manifest is not None and v.manifest.signer == signer for v in verdicts),
        Refusal.BY_AUTHOR: one.meaning == Meaning.APPROVED and author_of(content) == signer,
    }
    return next((refusal for refusal, applies in refusals.items() if applies), None)


def _meanings(verdicts: Iterable[Verdict]) -> set[str]:
    return {one.manifest.meaning for one in verdicts if one.manifest is not None}
