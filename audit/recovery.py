"""How the log goes on after the database was restored from an older copy.

What was signed beyond that copy is lost, and no event of it can be brought back. Under its old name the
log could only go on by signing a second tree of a size that it had signed already, which is what a forger
does. So somebody acknowledges the loss, an event says what was lost, and the log goes on under its next name
(audit.incarnation) with the same key. Every checkpoint ever signed stays true, or is named as lost.
"""

import json
from dataclasses import asdict
from datetime import datetime

from django.db import transaction

from audit import keys, trail
from audit.continuity import Loss, TrailRolledBack
from audit.events import Event
from audit.faults import Step, reached
from audit.incarnation import following
from audit.memory import recalled
from audit.models import AuditEvent, Entry, Seal
from audit.sequencer import Sequencer
from audit.trail import Outcome


class NotRecoverable(Exception):
    """There is nothing to recover from, or this is not the way to do it; the message says which."""


def recover(sequencer: Sequencer, *, reason: str, actor: str, now: datetime) -> Loss:
    """Acknowledge the loss that keeps `sequencer` from signing, and let the log go on; give what was lost.

    The event is TRAIL_ALARMED on "trail", by `actor`, with the facts `origin`, `size` and `root` of the
    newest checkpoint that was lost, `kept`, the size of the largest one that the database still agrees with,
    `events`, how many it holds, and `continued`, the name under which the log goes on. To be called again if
    it was interrupted. Raises NotRecoverable, KeyRefused, CannotAnchor.
    """
    if not reason.strip():
        raise NotRecoverable("say why: the reason is recorded for good")
    loss = _loss(sequencer, now)
    stored = Seal.objects.order_by("size").last()
    if stored is not None and stored.size > loss.events:
        raise NotRecoverable(
            f"the database holds a checkpoint over {stored.size} events, and {loss.events} events: it is no "
            f"whole copy, somebody removed events from it. Keep it as evidence, restore a whole backup, then "
            f"try again"
        )
    continued = following(loss.origin)
    with transaction.atomic():
        if not _is_acknowledged(loss):
            trail.append(
                Event.TRAIL_ALARMED,
                "trail",
                actor=actor,
                outcome=Outcome.MAJOR_FAILURE,
                reason=reason.strip(),
                origin=loss.origin,
                size=loss.size,
                root=loss.root,
                kept=loss.kept,
                events=loss.events,
                continued=continued,
            )
    reached(Step.ACKNOWLEDGED)
    keys.rename(continued)
    sequencer.begin_anew()
    while sequencer.step(now):
        pass
    return loss


def _loss(sequencer: Sequencer, now: datetime) -> Loss:
    """What is lost, by everything that was ever anchored; every day its end is looked at."""
    try:
        if not sequencer.hold(now):
            raise NotRecoverable("another sealing process is at work: stop it, then try again")
    except TrailRolledBack as problem:
        if problem.loss is None:
            raise NotRecoverable(str(problem)) from problem
    else:
        raise NotRecoverable(
            "nothing is lost: the database continues what was signed, and nothing was changed"
        )
    try:
        sequencer.retraced(recalled(sequencer.keys, sequencer.anchor_file, whole=True), now)
    except TrailRolledBack as problem:
        if problem.loss is not None:
            return problem.loss
        raise NotRecoverable(str(problem)) from problem
    raise NotRecoverable("the anchor file was exchanged meanwhile; try again")


def _is_acknowledged(loss: Loss) -> bool:
    """Whether somebody who died had recorded this very loss, and the log did not go on."""
    numbered = Entry.objects.values("event")
    waiting = AuditEvent.objects.filter(event=Event.TRAIL_ALARMED, subject="trail").exclude(pk__in=numbered)
    texts = waiting.values_list("canonical", flat=True)
    return any(asdict(loss).items() <= json.loads(text)["facts"].items() for text in texts)
