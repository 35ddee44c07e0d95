"""The readers' scores of a study, from CSV. A file is taken whole or refused with all its errors.

The first line names the columns, in any order and no others:

    reader    who read, by the name in the protocol
    case      what was read
    arm       how it was read, such as `aided` or `unaided`
    session   the number of the reading session, from 1
    read_at   when the rating was given, ISO 8601 with the offset from UTC
    rating    a decimal number on the scale of the study, higher means more surely diseased

A column more is refused, because it may be a misspelt one or name a patient.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

COLUMNS = ("reader", "case", "arm", "session", "read_at", "rating")

NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", re.ASCII)
SESSION = re.compile(r"[1-9]\d{0,5}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reading:
    """One rating, and the line of the file on which it stands (0 where it comes from none)."""

    reader: str
    case: str
    arm: str
    session: int
    read_at: datetime
    rating: float
    line: int = 0


class ScoresRefused(ValueError):
    """The file has faults; `errors` are all of them, each with its line."""

    def __init__(self, errors: Sequence[str]) -> None:
        self.errors = tuple(errors)
        super().__init__("; ".join(self.errors))


def read_scores(lines: Iterable[str], *, lowest: float, highest: float) -> tuple[Reading, ...]:
    """The readings of a CSV file, given as its lines; ratings lie between `lowest` and `highest`.

    Raises ScoresRefused with every error found: in the header, an empty line, a field that is
    missing, blank or not what it should be, and a case that a reader rated twice in an arm.
    """
    errors: list[str] = []
    readings: list[Reading] = []
    rows = _rows(lines, errors)
    _number, header = next(rows, (1, []))
    if faults := [*_header_faults(header)]:
        # Under a header that is not understood no field has a meaning.
        raise ScoresRefused([*errors, *faults])
    for number, row in rows:
        if len(row) != len(header):
            errors.append(f"line {number}: {len(row)} fields where the header has {len(header)}")
            continue
        fields = dict(zip(header, row, strict=True))
        if faults := [*_faults(fields, lowest, highest)]:
            errors += [f"line {number}: {fault}" for fault in faults]
            continue
        readings.append(_reading(fields, number))
    errors += _repeated(readings)
    if not (readings or errors):
        errors.append("line 2: there is no reading")
    if errors:
        raise ScoresRefused(errors)
    return tuple(readings)


def _rows(lines: Iterable[str], errors: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Each record with the number of its first line. What is no CSV ends the file, with an error."""
    reader = csv.reader(lines, strict=True)
    while True:
        number = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as fault:
            errors.append(f"line {number}: this is no CSV, and nothing after it was read: {fault}")
            return
        if number == 1 and row:
            # Spreadsheet programs begin a file in UTF-8 with a byte order mark.
            row[0] = row[0].removeprefix("\ufeff")
        yield number, row


def _header_faults(header: Sequence[str]) -> Iterator[str]:
    counts = Counter(header)
    yield from (f"line 1: column {name!r} is missing" for name in COLUMNS if name not in counts)
    yield from (f"line 1: column {name!r} is not known" for name in counts if name not in COLUMNS)
    yield from (f"line 1: column {name!r} stands twice" for name, count in counts.items() if count > 1)


def _faults(fields: dict[str, str], lowest: float, highest: float) -> Iterator[str]:
    for name, text in fields.items():
        if not text or text != text.strip() or not text.isprintable():
            yield f"{name} is blank, begins or ends with a blank, or has a character that does not print"
    if not SESSION.fullmatch(fields["session"]):
        yield f"session {fields['session']!r} is not a number from 1"
    if not NUMBER.fullmatch(fields["rating"]):
        yield f"rating {fields['rating']!r} is not a decimal number"
    elif not lowest <= float(fields["rating"]) <= highest:
        yield f"rating {fields['rating']} lies outside the scale, {lowest:g} to {highest:g}"
    try:
        if datetime.fromisoformat(fields["read_at"]).tzinfo is None:
            yield f"read_at {fields['read_at']!r} lacks its offset from UTC"
    except ValueError:
        yield f"read_at {fields['read_at']!r} is not a date and time in ISO 8601"


def _reading(fields: dict[str, str], number: int) -> Reading:
    return Reading(
        fields["reader"],
        fields["case"],
        fields["arm"],
        int(fields["session"]),
        datetime.fromisoformat(fields["read_at"]),
        float(fields["rating"]),
        number,
    )


def _repeated(readings: Iterable[Reading]) -> Iterator[str]:
    first: dict[tuple[str, str, str], int] = {}
    for one in readings:
        key = (one.reader, one.case, one.arm)
        if key in first:
            yield (
                f"line {one.line}: reader {one.reader}, case {one.case}, arm {one.arm} "
                f"was rated before, on line {first[key]}"
            )
        first.setdefault(key, one.line)
