"""Rows as spreadsheets and people write them in, the same as the API takes them out. Never looks at a photo."""

import csv
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

DELIMITERS = ",;\t"
NUMBERS = ("lat", "lon", "home_lat", "home_lon")
DECIMAL_COMMA = re.compile(r"\s*([-+]?\d{1,3}),(\d+)\s*")
DAY_FIRST = re.compile(r"\s*(\d{1,2})\.(\d{1,2})\.(\d{4})(?:,?\s+(\d{1,2}):(\d{2})(?::(\d{2}))?)?\s*")


def rows_of(sheet: Path) -> Iterator[tuple[int, dict[str | None, Any]]]:
    """The rows of a CSV that are not empty, with their numbers; cells under no name come as a list under None."""
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        head = file.readline()
        file.seek(0)
        for number, row in enumerate(csv.DictReader(file, delimiter=max(DELIMITERS, key=head.count)), start=2):
            nameless = [cell for cell in (row.pop("", ""), *row.pop(None, ())) if cell]
            named: dict[str | None, Any] = {name.strip().lower(): cell for name, cell in row.items()}
            if nameless:
                named[None] = nameless
            if any(named.values()):
                yield number, named


def as_taken(fields: Mapping[str, str]) -> dict[str, str]:
    """Decimal commas as points; 27.11.2026, and what has no offset, by the clock of this machine."""
    numbers = {name: DECIMAL_COMMA.sub(r"\1.\2", fields[name]) for name in NUMBERS if name in fields}
    moments = {name: _moment(fields[name]) for name in ("happened_at",) if name in fields}
    return {**fields, **numbers, **moments}


def _moment(said: str) -> str:
    """With its offset; a day alone is its beginning. What is none stays as it is, for the API to refuse."""
    day = DAY_FIRST.fullmatch(said)
    written = said.strip()
    if day is not None:
        number, month, year, hour, minute, second = (f"{part or 0:0>2}" for part in day.groups())
        written = f"{year}-{month}-{number}T{hour}:{minute}:{second}"
    try:
        found = datetime.fromisoformat(written)
        return said if found.tzinfo else found.astimezone().isoformat()
    except (ValueError, OverflowError):
        return said
