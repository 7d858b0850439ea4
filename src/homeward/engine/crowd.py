"""Crowd: how many animals of a kind are about a place and a day, which a look-alike is weighed against."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from functools import cache
from typing import NamedTuple

from homeward.domain.animals import Species
from homeward.domain.places import Point, cell_of, middle_of_cell
from homeward.ports import Around, UnitOfWork

AROUND_KM, AROUND_DAYS = 5.0, 30.0
HALF = int(AROUND_DAYS / 2)


class About(NamedTuple):
    """Animals of ``species`` within 5 km of ``place``, or anywhere, half a month before and after a day.

    ``day`` is `datetime.toordinal`.
    """

    species: Species
    place: Point | None
    day: int


def crowds(work: UnitOfWork, wanted: Collection[About]) -> dict[About, int]:
    """How many there are of each of ``wanted``; the circle is drawn around the middle of the place's cell of the map.

    So each cell is asked about once, and a pair is weighed alike whoever of the two asks and in what company.
    """
    cells: dict[tuple[int, int] | None, set[About]] = defaultdict(set)
    for one in set(wanted):
        cells[cell_of(one.place) if one.place else None].add(one)
    found = work.reports.animals_by_day([_around(some) for some in cells.values()])
    return {
        one: count
        for days, some in zip(found, cells.values(), strict=True)
        for one, count in _counted(days, some).items()
    }


def _around(some: Collection[About]) -> Around:
    """All that is to be known of one cell."""
    days = [one.day for one in some]
    kinds = frozenset(one.species for one in some)
    place = next(iter(some)).place
    return Around(kinds, middle_of_cell(place) if place else None, AROUND_KM, min(days) - HALF, max(days) + HALF)


def _counted(days: Mapping[Species, Mapping[int, int]], some: Collection[About]) -> dict[About, int]:
    """For ``some`` of one cell."""

    @cache
    def count(species: Species, day: int) -> int:
        return sum(n for other, n in days[species].items() if abs(other - day) <= HALF)

    return {one: count(one.species, one.day) for one in some}
