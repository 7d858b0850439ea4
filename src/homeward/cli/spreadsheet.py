"""Rows as people and spreadsheets write them in, as the API takes them out, and back. Never looks at a photo."""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

DELIMITERS = ",;\t"
WITH_BOM = "utf-8-sig"  # Excel reads a CSV as UTF-8 only with it
FORMULA = ("=", "+", "-", "@", "\t", "\r")
NUMBERS = ("lat", "lon", "home_lat", "home_lon")
DECIMAL_COMMA = re.compile(r"\s*([-+]?\d{1,3}),(\d+)\s*")
DAY_FIRST = re.compile(r"\s*(\d{1,2})\.(\d{1,2})\.(\d{4})(?:,?\s+(\d{1,2}):(\d{2})(?::(\d{2}))?)?\s*")


def write(sheet: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    """A CSV whose texts no spreadsheet takes for formulas: strangers wrote them."""
    with sheet.open("w", encoding=WITH_BOM, newline="") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows({name: _harmless(value) for name, value in row.items()} for row in rows)


def rows_of(sheet: Path) -> Iterator[tuple[int, dict[str | None, Any]]]:
    """The rows of a CSV that are not empty, with their numbers; cells under no name come as a list under None."""
    with sheet.open(encoding=WITH_BOM, newline="") as file:
        head = file.readline()
        file.seek(0)
        for number, row in enumerate(csv.DictReader(file, delimiter=max(DELIMITERS, key=head.count)), start=2):
            nameless = [cell for cell in (row.pop("", ""), *row.pop(None, ())) if cell]
            named: dict[str | None, Any] = {name.strip().lower(): _as_meant(cell) for name, cell in row.items()}
            if nameless:
                named[None] = nameless
            if any(named.values()):
                yield number, named


def as_taken(fields: Mapping[str, str]) -> dict[str, str]:
    """Decimal commas as points; 27.11.2026, and what has no offset, by the clock of this machine."""
    numbers = {name: DECIMAL_COMMA.sub(r"\1.\2", fields[name]) for name in NUMBERS if name in fields}
    moments = {name: _moment(fields[name]) for name in ("happened_at",) if name in fields}
    return {**fields, **numbers, **moments}


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _as_meant(cell: str | None) -> str | None:
    """Without the sign that `write` put before a formula."""
    return cell[1:] if cell and cell[0] == "'" and cell[1:].startswith(FORMULA) else cell


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
