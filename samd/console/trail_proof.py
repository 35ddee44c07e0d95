"""The proof that an event is in the log, from the database: as audit.proof writes it."""

from audit import keys, proof
from audit.models import AuditEvent, Entry, Seal
from audit.signer import KeyRefused


class NotSealed(Exception):
    """No checkpoint covers the event yet, so there is nothing to prove it by."""


class NotProven(Exception):
    """What the database holds is no proof; the message says why."""


def proof_of(pk: int) -> str:
    """The proof of the event in row `pk` under the first checkpoint that covers it.

    Raises NotSealed; NotProven where it would prove nothing, because the database was altered; and
    AuditEvent.DoesNotExist.
    """
    event = AuditEvent.objects.select_related("entry").get(pk=pk)
    entry = getattr(event, "entry", None)
    seal = Seal.objects.filter(size__gt=entry.seq).order_by("size").first() if entry else None
    if entry is None or seal is None:
        raise NotSealed
    leaves = Entry.objects.filter(seq__lt=seal.size).order_by("seq").values_list("leaf", flat=True)
    text = proof.inclusion(
        seq=entry.seq,
        canonical=event.canonical,
        leaves=[bytes.fromhex(leaf) for leaf in leaves.iterator(chunk_size=10_000)],
        note=seal.note,
    )
    try:
        proof.checked(text, keys.known())
    except (proof.Refused, KeyRefused) as problem:
        raise NotProven(str(problem)) from problem
    return text
