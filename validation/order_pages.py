"""Orders and the progress of runs, for the pages of protocols and runs."""

from dataclasses import dataclass

from audit.models import Record
from validation.models import Run, RunOrder


@dataclass(frozen=True, slots=True)
class Progress:
    """How many of the analyses of a run are kept, and whether its report is there."""

    run: Run
    done: int
    of: int

    @property
    def is_finished(self) -> bool:
        return self.run.finished_at is not None

    @property
    def is_drawing_up(self) -> bool:
        return self.done >= self.of and not self.is_finished


def progress_of(run: Run) -> Progress:
    """How far `run` is; one that an earlier version of the device finished does not say of how many."""
    done = run.outcomes.count()
    return Progress(run, done, max(run.works, done))


def last_order(record: Record) -> RunOrder | None:
    """The newest order for the protocol of `record`."""
    return RunOrder.objects.filter(record=record).select_related("run").order_by("-pk").first()
