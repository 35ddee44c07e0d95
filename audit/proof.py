"""Proofs for those who are not to see the whole trail ("audit-proof/1"): of one event, or that it only grew.

A file of JSON: the event, the hashes that lead from it to the root, and the signed checkpoint with that root;
or two signed checkpoints, and the hashes that show that the larger tree begins with the smaller. Pure.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from audit import tree
from audit.checkpoint import Checkpoint, verified
from audit.entry import leaf_hash
from audit.note import NoteRefused, VerifierKey
from audit.verification.findings import plain
from audit.verification.rows import NotAnEvent, content_of

FORMAT: Final = "audit-proof/1"

_INCLUSION: Final = {
    "format": str,
    "kind": str,
    "seq": int,
    "canonical": str,
    "proof": list,
    "checkpoint": str,
}
_CONSISTENCY: Final = {"format": str, "kind": str, "first": str, "second": str, "proof": list}
_SHAPES: Final[Mapping[str, Mapping[str, type]]] = {"inclusion": _INCLUSION, "consistency": _CONSISTENCY}


class Refused(Exception):
    """The file proves nothing; the message says why."""


def inclusion(*, seq: int, canonical: str, leaves: Sequence[bytes], note: str) -> str:
    """The proof that the event `seq`, of this text, is among `leaves`: those under the checkpoint `note`."""
    proof = tree.inclusion_proof(leaves, seq)
    return _written(kind="inclusion", seq=seq, canonical=canonical, proof=_hex(proof), checkpoint=note)


def consistency(*, first: str, second: str, leaves: Sequence[bytes], size: int) -> str:
    """The proof that the checkpoint `second`, over `leaves`, continues the checkpoint `first` over `size`."""
    proof = tree.consistency_proof(leaves, size)
    return _written(kind="consistency", first=first, second=second, proof=_hex(proof))


def verify_inclusion(text: str, keys: Sequence[VerifierKey]) -> tuple[Mapping[str, Any], Checkpoint]:
    """The event that `text` proves and the checkpoint that covers it; raises Refused."""
    said = _read(text, "inclusion")
    checkpoint = _checkpoint(said["checkpoint"], keys)
    try:
        content = content_of(said["canonical"])
    except NotAnEvent as problem:
        raise Refused(f"the event is none: {problem}") from problem
    try:
        tree.verify_inclusion(
            leaf=leaf_hash(said["canonical"]),
            index=said["seq"],
            size=checkpoint.size,
            root=checkpoint.root,
            proof=said["proof"],
        )
    except tree.ProofRefused as problem:
        raise Refused(f"the event is not in the log of this checkpoint: {problem}") from problem
    return content, checkpoint


def verify_consistency(text: str, keys: Sequence[VerifierKey]) -> tuple[Checkpoint, Checkpoint]:
    """The two checkpoints of which `text` proves that the second continues the first; raises Refused."""
    said = _read(text, "consistency")
    first, second = _checkpoint(said["first"], keys), _checkpoint(said["second"], keys)
    if first.origin != second.origin:
        raise Refused(f"these are checkpoints of two logs, {first.origin} and {second.origin}")
    try:
        tree.verify_consistency(
            first=first.size,
            first_root=first.root,
            second=second.size,
            second_root=second.root,
            proof=said["proof"],
        )
    except tree.ProofRefused as problem:
        raise Refused(f"the log was not merely continued: {problem}") from problem
    return first, second


def is_proof(line: str) -> bool:
    """Whether a file that begins with `line` is a proof."""
    return line.startswith(f'{{"format":"{FORMAT}"')


def checked(text: str, keys: Sequence[VerifierKey]) -> str:
    """What a file proves, in plain words; raises Refused."""
    if _kind(text) == "consistency":
        first, second = verify_consistency(text, keys)
        return (
            f"PROVEN: the log {first.origin} of {second.size} events begins with the {first.size} events "
            f"that it had before.\n"
        )
    content, checkpoint = verify_inclusion(text, keys)
    told = "".join(
        f"  {name}: {plain(str(said))}\n" for name, said in sorted(content.items()) if said not in ("", {})
    )
    return f"PROVEN: this event is among the first {checkpoint.size} of the log {checkpoint.origin}.\n{told}"


def _checkpoint(note: str, keys: Sequence[VerifierKey]) -> Checkpoint:
    try:
        checkpoint, _ = verified(note, keys)
    except NoteRefused as problem:
        raise Refused(f"the checkpoint does not count: {problem}") from problem
    return checkpoint


def _hex(nodes: Sequence[bytes]) -> list[str]:
    return [node.hex() for node in nodes]


def _written(**members: object) -> str:
    return json.dumps({"format": FORMAT, **members}, separators=(",", ":")) + "\n"


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise Refused("this file is not readable as a proof") from None


def _kind(text: str) -> object:
    said = _parsed(text)
    return said.get("kind") if isinstance(said, dict) else None


def _read(text: str, kind: str) -> dict[str, Any]:
    """The members of the proof in `text`, its nodes as bytes; raises Refused."""
    said = _parsed(text)
    shape = _SHAPES[kind]
    if not isinstance(said, dict) or said.keys() != shape.keys() or said["kind"] != kind:
        raise Refused(f"this file is not a proof of {kind}")
    if any(type(said[name]) is not expected for name, expected in shape.items()) or said["format"] != FORMAT:
        raise Refused(f"this file is not a proof in the format {FORMAT}")
    try:
        nodes = [bytes.fromhex(node) for node in said["proof"]]
    except (TypeError, ValueError):
        raise Refused("the hashes of the proof are not readable") from None
    members = {name: said[name] for name in shape if name != "format"}
    if any(len(node) != 32 for node in nodes) or _written(**{**members, "proof": _hex(nodes)}) != text:
        raise Refused("the proof is not written as it is made")
    return {**said, "proof": nodes}
