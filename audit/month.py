"""A calendar month, as the site's clock has it."""

from dataclasses import dataclass
from datetime import date, datetime, tzinfo


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month of the site."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"

    @classmethod
    def parse(cls, text: str) -> "Month":
        """The month of "2026-10"; raises ValueError."""
        day = date.fromisoformat(f"{text}-01")
        if not 1970 <= day.year <= 9000:
            raise ValueError(f"no trail has a month {text}")
        return cls(day.year, day.month)

    @classmethod
    def of(cls, at: datetime, zone: tzinfo) -> "Month":
        local = at.astimezone(zone)
        return cls(local.year, local.month)

    @property
    def next(self) -> "Month":
        return Month(self.year + self.number // 12, self.number % 12 + 1)

    def begins(self, zone: tzinfo) -> datetime:
        return datetime(self.year, self.number, 1, tzinfo=zone)

    def ends(self, zone: tzinfo) -> datetime:
        """The first moment that no longer belongs to it."""
        return self.next.begins(zone)
