"""The life of an analysis: every stage it may be in, and every move it may make."""

from enum import StrEnum


class Stage(StrEnum):
    """Where the analysis of a study by one model stands."""

    QUEUED = "queued"
    ANALYSING = "analysing"
    REPORTED = "reported"  # result objects exist; on their way to the PACS
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"  # refused for good, or tried often enough: an operator must act


TRANSITIONS: dict[Stage, frozenset[Stage]] = {
    Stage.QUEUED: frozenset({Stage.ANALYSING, Stage.REPORTED}),
    Stage.ANALYSING: frozenset({Stage.QUEUED, Stage.REPORTED}),
    Stage.REPORTED: frozenset({Stage.DELIVERED, Stage.UNDELIVERED}),
    Stage.UNDELIVERED: frozenset({Stage.REPORTED}),
    Stage.DELIVERED: frozenset(),
}


class IllegalTransition(Exception):
    """A move that the table does not hold."""


def check_transition(before: Stage, after: Stage) -> None:
    """Raise IllegalTransition unless the table allows the move from `before` to `after`."""
    if after not in TRANSITIONS[before]:
        raise IllegalTransition(f"an analysis that is {before} cannot become {after}")
