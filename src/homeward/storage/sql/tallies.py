"""How many animals came up: one row for each kind, cell of the map and day, kept in step with the found reports.

What an owner's odds are weighed against must not be counted anew among a million reports for each pair.
"""

import json
from collections import Counter
from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, delete, func, select, text

from homeward.domain.animals import Species
from homeward.domain.places import cell_of, cells_within
from homeward.domain.reports import Report, Shelf
from homeward.ports import Around
from homeward.storage.sql.dialect import both, is_postgres
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
EMPTY = delete(tallies).where(*(tallies.c[name] == bindparam(name) for name in KEY), tallies.c.animals == 0)


def note(connection: Connection, reports: Sequence[Report], change: int) -> None:
    """One animal more (1) or fewer (-1) for each of ``reports`` that is the first of an encounter on the found shelf.

    In one order: two processes that count up the same rows do not wait for each other in a ring. Whoever counted a row
    down has it locked, so that nobody counts up what is dropped as empty: who waits for it begins a new one.
    """
    counted = Counter(_row(report) for report in reports if report.shelf is Shelf.FOUND and report.begins_encounter)
    if counted:
        changes = [dict(zip(KEY, row, strict=True)) | {"animals": n * change} for row, n in sorted(counted.items())]
        connection.execute(ADD(connection), changes)
        if change < 0:
            connection.execute(EMPTY, changes)


def _row(report: Report) -> tuple[str, int, int, int]:
    lat, lon = cell_of(report.place) if report.place else NOWHERE
    return report.species.value, lat, lon, report.happened_at.toordinal()


def by_day(connection: Connection, asked: Sequence[Around]) -> list[dict[Species, dict[int, int]]]:
    """For each of ``asked``, animals of each kind by day (`date.toordinal`)."""
    found: list[dict[Species, dict[int, int]]] = [{kind: {} for kind in around.species} for around in asked]
    runs = []
    for n, around in enumerate(asked):
        if around.centre is None:
            values = {"first": around.first_day, "last": around.last_day}
            counted = connection.execute(ANYWHERE, values).all()
            found[n] = {kind: {day: int(s) for of, day, s in counted if of == kind} for kind in around.species}
            continue
        days = around.first_day, around.last_day
        cells = cells_within(around.centre, around.radius_km)
        runs += [(n, kind, r.lat, r.first_lon, r.last_lon, *days) for kind in around.species for r in cells]
    if runs:
        within = WITHIN_POSTGRES if is_postgres(connection) else WITHIN_SQLITE
        for n, kind, day, animals in connection.execute(within, {"runs": json.dumps(runs)}):
            found[n][Species(kind)][day] = int(animals)
    return found


ANYWHERE = (
    select(tallies.c.species, tallies.c.day, func.sum(tallies.c.animals))
    .where(tallies.c.day.between(bindparam("first"), bindparam("last")))
    .group_by(tallies.c.species, tallies.c.day)
)
# joined, so that SQLite too looks up each run of cells in the key's index: for alternatives it reads all rows of a kind
WITHIN = """
SELECT {0} AS number, t.species, t.day, sum(t.animals) FROM {runs} AS run CROSS JOIN tallies AS t
WHERE t.species = {1} AND t.lat_cell = {2} AND t.lon_cell BETWEEN {3} AND {4} AND t.day BETWEEN {5} AND {6}
GROUP BY number, t.species, t.day
"""
WITHIN_SQLITE = text(
    WITHIN.format(*(f"json_extract(run.value, '$[{place}]')" for place in range(7)), runs="json_each(:runs)")
)
WITHIN_POSTGRES = text(
    WITHIN.format(
        *(f"(run.value->>{place})::{kind}" for place, kind in enumerate(("int", "text", *["int"] * 5))),
        runs="json_array_elements(CAST(:runs AS json))",
    )
)
