"""How many animals came up: one row for each kind, cell of the map and day, kept in step with the found reports.

What an owner's odds are weighed against must not be counted anew among a million reports for each pair.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from functools import lru_cache

from sqlalchemy import Connection, Select, bindparam, false, func, or_, select

from homeward.domain.animals import Species
from homeward.domain.places import Point, cell_of, cells_within
from homeward.domain.reports import Report, Shelf
from homeward.storage.sql.dialect import both
from homeward.storage.sql.tables import tallies

NOWHERE = (-1, -1)
KEY = ("species", "lat_cell", "lon_cell", "day")


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


def by_day(
    connection: Connection,
    species: Collection[Species],
    centre: Point | None,
    radius_km: float,
    first_day: int,
    last_day: int,
) -> dict[Species, dict[int, int]]:
    """Animals of each kind within the circle by day (`date.toordinal`); of any place without ``centre``."""
    runs = cells_within(centre, radius_km) if centre else None
    kinds = sorted(kind.value for kind in species)
    asked: dict[str, object] = {"species": kinds, "first": first_day, "last": last_day}
    for n, run in enumerate(runs or ()):
        asked |= {f"lat{n}": run.lat, f"from{n}": run.first_lon, f"to{n}": run.last_lon}
    found: dict[Species, dict[int, int]] = {kind: {} for kind in species}
    for kind, day, animals in connection.execute(_counting(None if runs is None else len(runs)), asked):
        found[Species(kind)][int(day)] = int(animals)
    return found


@lru_cache(maxsize=64)
def _counting(runs: int | None) -> Select[str, int, int]:
    """Built once for each number of runs; None counts everywhere."""
    inside = [
        (tallies.c.lat_cell == bindparam(f"lat{n}"))
        & tallies.c.lon_cell.between(bindparam(f"from{n}"), bindparam(f"to{n}"))
        for n in range(runs or 0)
    ]
    days = tallies.c.day.between(bindparam("first"), bindparam("last"))
    kinds = tallies.c.species.in_(bindparam("species", expanding=True))
    where = [kinds, days, *([] if runs is None else [or_(false(), *inside)])]
    counted = select(tallies.c.species, tallies.c.day, func.sum(tallies.c.animals)).where(*where)
    return counted.group_by(tallies.c.species, tallies.c.day)
