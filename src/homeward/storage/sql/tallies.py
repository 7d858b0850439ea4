"""How many animals came up: one row for each kind, cell of the map and day, kept in step with the found reports.

What an owner's odds are weighed against must not be counted anew among a million reports for each pair.
"""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Select,
    bindparam,
    false,
    func,
    literal_column,
    or_,
    select,
    union_all,
)

from homeward.domain.animals import Species
from homeward.domain.places import cell_of, cells_within
from homeward.domain.reports import Report, Shelf
from homeward.ports import Around
from homeward.storage.sql.dialect import both
from homeward.storage.sql.tables import tallies

NOWHERE = (-1, -1)
KEY = ("species", "lat_cell", "lon_cell", "day")
TOGETHER = 16  # circles in one statement


ADD = both(
    tallies,
    lambda new: new.on_conflict_do_update(
        index_elements=list(KEY),
        set_={"animals": tallies.c.animals + new.excluded.animals},
    ),
)


def note(connection: Connection, reports: Sequence[Report], change: int) -> None:
    """One animal more (1) or fewer (-1) for each of ``reports`` that is the first of an encounter on the found shelf.

    In one order: two processes that count up the same rows do not wait for each other in a ring.
    """
    counted = Counter(_row(report) for report in reports if report.shelf is Shelf.FOUND and report.begins_encounter)
    if counted:
        changes = [dict(zip(KEY, row, strict=True)) | {"animals": n * change} for row, n in sorted(counted.items())]
        connection.execute(ADD(connection), changes)


def _row(report: Report) -> tuple[str, int, int, int]:
    lat, lon = cell_of(report.place) if report.place else NOWHERE
    return report.species.value, lat, lon, report.happened_at.toordinal()


def by_day(connection: Connection, asked: Sequence[Around]) -> list[dict[Species, dict[int, int]]]:
    """For each of ``asked``, animals of each kind by day (`date.toordinal`)."""
    found: list[dict[Species, dict[int, int]]] = [{kind: {} for kind in around.species} for around in asked]
    for start in range(0, len(asked), TOGETHER):
        _count(connection, asked[start : start + TOGETHER], found[start : start + TOGETHER])
    return found


def _count(connection: Connection, asked: Sequence[Around], found: Sequence[dict[Species, dict[int, int]]]) -> None:
    """Into ``found``."""
    values: dict[str, str | int] = {}
    shapes = []
    for n, around in enumerate(asked):
        runs = cells_within(around.centre, around.radius_km) if around.centre else None
        values |= {f"first{n}": around.first_day, f"last{n}": around.last_day}
        values |= {f"kind{n}_{k}": kind for k, kind in enumerate(sorted(around.species))}
        for r, run in enumerate(runs or ()):
            values |= {f"lat{n}_{r}": run.lat, f"from{n}_{r}": run.first_lon, f"to{n}_{r}": run.last_lon}
        shapes.append(_Shape(len(around.species), None if runs is None else len(runs)))
    for n, kind, day, animals in connection.execute(_counting(tuple(shapes)), values):
        found[n][Species(kind)][int(day)] = int(animals)


class _Shape(NamedTuple):
    """Of what is asked, the number of kinds, and of runs of cells; None counts everywhere."""

    kinds: int
    runs: int | None


@lru_cache(maxsize=256)
def _counting(shapes: tuple[_Shape, ...]) -> CompoundSelect[int, str, int, int]:
    """Built once for what is alike in shape."""
    return union_all(*(_part(n, shape) for n, shape in enumerate(shapes)))


def _part(n: int, shape: _Shape) -> Select[int, str, int, int]:
    kinds = tallies.c.species.in_([bindparam(f"kind{n}_{k}") for k in range(shape.kinds)])
    inside = [
        (tallies.c.lat_cell == bindparam(f"lat{n}_{r}"))
        & tallies.c.lon_cell.between(bindparam(f"from{n}_{r}"), bindparam(f"to{n}_{r}"))
        for r in range(shape.runs or 0)
    ]
    where = [
        kinds,
        tallies.c.day.between(bindparam(f"first{n}"), bindparam(f"last{n}")),
        *([] if shape.runs is None else [or_(false(), *inside)]),
    ]
    number: ColumnElement[int] = literal_column(str(n))
    counted = select(number, tallies.c.species, tallies.c.day, func.sum(tallies.c.animals)).where(*where)
    return counted.group_by(tallies.c.species, tallies.c.day)
