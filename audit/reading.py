"""How much each person read, and when: simple rules that show a reviewer where to look. Pure.

They accuse nobody: who is on call reads at night. The rules stand in the review that is signed.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from audit.events import Event

# Who opens these looks at a patient's images or results.
READING: Final = frozenset({Event.STUDY_VIEWED, Event.PICTURE_VIEWED, Event.WORKLIST_SEARCHED})


@dataclass(frozen=True, slots=True)
class Rules:
    """What counts as unusual: hours of the site's clock, and studies on one day.

    A day is unusual on which a person opened at least `unusual_least` studies, and more than `unusual_times`
    as many as on the middle one of their days with any.
    """

    day_begins: int = 7
    day_ends: int = 20
    unusual_times: int = 3
    unusual_least: int = 30

    def is_after_hours(self, local: datetime) -> bool:
        """Whether it is a Saturday, a Sunday, or outside of the day's hours."""
        return local.weekday() >= 5 or not self.day_begins <= local.hour < self.day_ends


@dataclass(slots=True)
class Reader:
    """What one person read in a month."""

    opened: int = 0
    after_hours: int = 0
    studies: set[str] = field(default_factory=set)
    by_day: dict[date, set[str]] = field(default_factory=dict)

    def take(self, local: datetime, study: str, rules: Rules) -> None:
        """Take one event of READING, at the site's time, about `study` ("study/17") or none."""
        self.opened += 1
        self.after_hours += rules.is_after_hours(local)
        if study:
            self.studies.add(study)
            self.by_day.setdefault(local.date(), set()).add(study)

    def line(self, person: str, rules: Rules) -> dict[str, str | int]:
        """The person's line of a review; `usual` and `most` are studies on a day, `unusual` is 0 or 1."""
        days = sorted((len(studies), str(day)) for day, studies in self.by_day.items())
        usual = days[(len(days) - 1) // 2][0] if days else 0
        most, busiest = days[-1] if days else (0, "")
        unusual = most >= rules.unusual_least and most > rules.unusual_times * usual
        return {
            "person": person,
            "opened": self.opened,
            "studies": len(self.studies),
            "after_hours": self.after_hours,
            "usual": usual,
            "most": most,
            "busiest": busiest,
            "unusual": int(unusual),
        }
