"""What is signed, and what is wrong with a signature: pure decisions over texts (21 CFR 11.70).

A record is a canonical text that says of itself which signatures it asks for, in their order:
`"signatures": [{"meaning": "reviewed", "role": "quality_officer"}, …]`, and may say who made it:
`"author": {"signer": "user/7", …}`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from audit.manifest import Manifest, Meaning, digest_of


@dataclass(frozen=True, slots=True)
class Asked:
    """A signature that a record asks for, from somebody in `role`."""

    meaning: Meaning
    role: str


class Problem(StrEnum):
    """Why a signature does not count."""

    ALTERED = "the row of the signature is not what was signed"
    FORGED = "the signature was not made with this key"
    MOVED = "the signature belongs to another record"
    CHANGED = "the record is not the one that was signed"
    NOT_ASKED = "the record asks for no such signature"
    TWICE = "this person has signed the record already"
    BY_AUTHOR = "who made the record may not approve it"
    NOT_RECORDED = "the trail does not say that this was signed"
    NOT_SEALED = "no checkpoint covers the signature yet"
    REMOVED = "the trail says that this was signed, but the signature was removed"
    UNKNOWN_KEY = "nobody of this name enrolled this key before"
    RETIRED_KEY = "the key was retired before"
    UNCONFIRMED_KEY = "nobody had confirmed whose key this is"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A signature as its manifest says it (None where it cannot be read), and what is wrong with it."""

    manifest: Manifest | None
    problems: tuple[Problem, ...]

    @property
    def in_effect(self) -> bool:
        return not self.problems

    @property
    def is_waiting(self) -> bool:
        """Nothing is wrong, but no checkpoint covers it yet."""
        return self.problems == (Problem.NOT_SEALED,)


def content_of(text: str) -> dict[str, Any]:
    """The content of a record's text; nothing where it cannot be read."""
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def asked(content: Mapping[str, Any]) -> tuple[Asked, ...]:
    """The signatures that the content asks for, in their order; none where that cannot be read."""
    try:
        wanted = tuple(Asked(Meaning(one["meaning"]), one["role"]) for one in content["signatures"])
    except (KeyError, TypeError, ValueError, RecursionError):
        return ()
    once = len({one.meaning for one in wanted}) == len(wanted)
    return wanted if once and all(isinstance(one.role, str) for one in wanted) else ()


def author_of(content: Mapping[str, Any]) -> str:
    """Who made the record ("user/7"); empty where it does not say."""
    author = content.get("author")
    signer = author.get("signer") if isinstance(author, dict) else ""
    return signer if isinstance(signer, str) else ""


def against_record(manifest: Manifest, subject: str, text: str) -> Iterator[Problem]:
    """What is wrong with the signature as one of the record `subject`, whose text is `text` now."""
    if manifest.subject != subject:
        yield Problem.MOVED
    if manifest.digest != digest_of(text):
        yield Problem.CHANGED
        return
    content = content_of(text)
    if Asked(Meaning(manifest.meaning), manifest.role) not in asked(content):
        yield Problem.NOT_ASKED
    elif manifest.meaning == Meaning.APPROVED and manifest.signer == author_of(content):
        yield Problem.BY_AUTHOR


def in_effect(verdicts: Iterable[Verdict]) -> dict[Meaning, Manifest]:
    """The signatures that count, by meaning."""
    return {Meaning(v.manifest.meaning): v.manifest for v in verdicts if v.in_effect and v.manifest}


def is_complete(content: Mapping[str, Any], verdicts: Iterable[Verdict]) -> bool:
    """Whether the content asks for signatures, and every one of them is there and counts."""
    wanted = {one.meaning for one in asked(content)}
    return bool(wanted) and wanted <= set(in_effect(verdicts))
