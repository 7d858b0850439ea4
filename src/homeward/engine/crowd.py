"""Crowd: how many animals of a kind are about a place and a day, which a look-alike is weighed against."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, TypeAlias

from homeward.domain.animals import Species
from homeward.domain.places import Point, cell_of
from homeward.ports import Around, UnitOfWork

AROUND_KM, AROUND_DAYS = 5.0, 30.0
HALF = timedelta(days=AROUND_DAYS / 2)
Cell: TypeAlias = "tuple[int, int] | None"


class About(NamedTuple):
    """Animals of ``species`` within 5 km of ``place``, or anywhere, half a month before and after ``when``."""

    species: Species
    place: Point | None
    when: datetime


def crowds(work: UnitOfWork, wanted: Sequence[About]) -> list[int]:
    """How many there are of each of ``wanted``; a place counts by its cell of the map, which is asked about once."""
    cells: dict[Cell, list[About]] = {}
    for one in wanted:
        cells.setdefault(_cell(one.place), []).append(one)
    found = dict(zip(cells, work.reports.animals_by_day([_around(some) for some in cells.values()]), strict=True))
    counted: dict[tuple[Species, Cell, int], int] = {}
    for one in wanted:
        key = _key(one)
        if key not in counted:
            counted[key] = _between(found[key[1]][one.species], one.when - HALF, one.when + HALF)
    return [counted[_key(one)] for one in wanted]


def _cell(place: Point | None) -> Cell:
    return cell_of(place) if place else None


def _key(one: About) -> tuple[Species, Cell, int]:
    return one.species, _cell(one.place), one.when.toordinal()


def _around(some: Sequence[About]) -> Around:
    """All that is to be known of one cell."""
    when = [one.when for one in some]
    first, last = (min(when) - HALF).toordinal(), (max(when) + HALF).toordinal()
    return Around(frozenset(one.species for one in some), some[0].place, AROUND_KM, first, last)


def _between(days: Mapping[int, int], first: datetime, last: datetime) -> int:
    return sum(animals for day, animals in days.items() if first.toordinal() <= day <= last.toordinal())
