"""Weigh: one report and all its candidates in, the degree of each pair out, all at once. Stores nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from homeward.domain import matching
from homeward.domain.animals import Part, Species
from homeward.domain.calibration import Calibration, Floats
from homeward.domain.ids import CropId, ReportId
from homeward.domain.looks import Compared, Pair, coarseness, compared
from homeward.domain.matching import ManyCircumstances
from homeward.domain.places import Point, cell_of, distances_km
from homeward.domain.reports import Report, Shelf, Source, Standing, species_agree, standing_of
from homeward.engine.shown import ShownCrops
from homeward.ports import UnitOfWork

AROUND_KM, AROUND_DAYS = 5.0, 30.0
HALF = timedelta(days=AROUND_DAYS / 2)
PARTS = tuple(Part)
SECONDS_A_DAY = 86400.0
LEAST_PER_KM2 = {Source.CAMERA: matching.CAMERA_SEES_PER_KM2, Source.PERSON: matching.PEOPLE_TELL_PER_KM2}


Pairing = dict[Part, list[Pair]]
"""The pairs of crops of a report and one candidate, by part."""


class Weighed:
    """Degrees of (n,) candidates and what they came of, column by column."""

    class Row(NamedTuple):
        """One candidate's. ``pair`` is the nearest of ``part``, of ``compared_pairs``. ``km`` is None where unknown."""

        degree: float
        log_ratio: float
        part: Part
        pair: Pair
        compared_pairs: int
        km: float | None
        days: float
        species_agree: float

    def __init__(
        self,
        compared: Sequence[Compared],
        log_ratio: Floats,
        part: npt.NDArray[np.intp],
        what: ManyCircumstances,
        prior: Floats,
    ) -> None:
        """Everything is of shape (n,)."""
        self.degree = matching.degrees(log_ratio, prior)
        self._compared, self._log_ratio, self._part, self._what = compared, log_ratio, part, what

    def row(self, n: int) -> Row:
        """Candidate number ``n``."""
        km, part, compared = float(self._what.km[n]), PARTS[int(self._part[n])], self._compared[n]
        return Weighed.Row(
            degree=float(self.degree[n]),
            log_ratio=float(self._log_ratio[n]),
            part=part,
            pair=compared.nearest[part],
            compared_pairs=compared.looks.compared_pairs[part],
            km=None if np.isnan(km) else km,
            days=float(self._what.days[n]),
            species_agree=float(self._what.species_agree[n]),
        )

    def likeliest(self) -> list[int]:
        """All numbers, the highest degree first."""
        return [int(n) for n in np.argsort(-self.degree, kind="stable")]


def weigh(
    work: UnitOfWork,
    calibration: Calibration,
    report: Report,
    candidates: Sequence[Standing],
    pairings: Mapping[ReportId, Pairing],
    read: ShownCrops,
) -> Weighed:
    """The degree of each pair of ``report`` and one of ``candidates``, in their order."""
    me, count = standing_of(report), len(candidates)
    lost_species = [me.species if report.shelf is Shelf.LOST else other.species for other in candidates]
    what = _circumstances(me, report.shelf, candidates, _about(work, me, report.shelf, candidates))
    shown = read(work, _crops(report, candidates, pairings))
    coarse = {species: coarseness(calibration, species) for species in Species}
    both = [
        compared(pairings[other.id], shown, coarse[species])
        for other, species in zip(candidates, lost_species, strict=True)
    ]
    joint = {part: np.array([one.looks.joint_l2.get(part, np.nan) for one in both], np.float64) for part in PARTS}
    pairs = {part: np.array([one.looks.compared_pairs.get(part, 1) for one in both], np.float64) for part in PARTS}
    ratio, deciding, prior = np.zeros(count), np.zeros(count, np.intp), np.zeros(count)
    for species in set(lost_species):
        of_kind = np.array([kind is species for kind in lost_species])
        ratio[of_kind], deciding[of_kind] = matching.looks_log_ratios(
            calibration, species, _rows(joint, of_kind), _rows(pairs, of_kind)
        )
        prior[of_kind] = matching.priors_log_odds(species, what.only(of_kind), AROUND_KM, AROUND_DAYS)
    return Weighed(both, ratio, deciding, what, prior)


def _crops(
    report: Report, candidates: Sequence[Standing], pairings: Mapping[ReportId, Pairing]
) -> dict[CropId, ReportId]:
    """All crops that are compared, with the report that each is of."""
    crops: dict[CropId, ReportId] = {}
    for other in candidates:
        for some in pairings[other.id].values():
            for pair in some:
                crops[pair.own], crops[pair.other] = report.id, other.id
    return crops


def _rows(columns: Mapping[Part, Floats], chosen: npt.NDArray[np.bool_]) -> dict[Part, Floats]:
    return {part: column[chosen] for part, column in columns.items()}


def _circumstances(me: Standing, shelf: Shelf, others: Sequence[Standing], about: Floats) -> ManyCircumstances:
    """``about`` counts the animals of the lost one's kind around each found one."""
    lat = np.array([other.start.lat if other.start else np.nan for other in others], np.float64)
    lon = np.array([other.start.lon if other.start else np.nan for other in others], np.float64)
    days = np.array([(other.happened_at - me.happened_at).total_seconds() for other in others]) / SECONDS_A_DAY
    alike = np.array([other.species is me.species for other in others])
    least = [LEAST_PER_KM2[(other if shelf is Shelf.LOST else me).source] for other in others]
    return ManyCircumstances(
        km=distances_km(me.start, lat, lon) if me.start else np.full(len(others), np.nan),
        days=days if shelf is Shelf.LOST else -days,
        animals_about=np.maximum(0.0, about - alike),
        least_per_km2=np.array(least, np.float64),
        species_agree=np.array([species_agree(me, other) for other in others], np.float64),
    )


def _about(work: UnitOfWork, me: Standing, shelf: Shelf, others: Sequence[Standing]) -> Floats:
    """Around the place of the find; everywhere where a place is unknown, as the distance then excludes nobody."""
    if shelf is Shelf.LOST:
        when = [other.happened_at for other in others]
        crowd = Crowd(work, min(when, default=me.happened_at), max(when, default=me.happened_at))
        places = [other.start if me.start else None for other in others]
        counted = [
            crowd.around(me.species, place, other.happened_at) for place, other in zip(places, others, strict=True)
        ]
        return np.array(counted, np.float64)
    crowd = Crowd(work, me.happened_at, me.happened_at)
    kinds = {(other.species, other.start is None) for other in others}
    counts = {kind: crowd.around(kind[0], None if kind[1] else me.start, me.happened_at) for kind in kinds}
    return np.array([counts[other.species, other.start is None] for other in others], np.float64)


@dataclass(slots=True)
class Crowd:
    """How many animals of a kind are about between two moments, asked once for each cell of the map."""

    work: UnitOfWork
    since: datetime
    until: datetime
    days: dict[tuple[object, ...], dict[int, int]] = field(default_factory=dict)
    counted: dict[tuple[object, ...], int] = field(default_factory=dict)

    def around(self, species: Species, place: Point | None, when: datetime) -> int:
        """Within 5 km and half a month before and after; the place counts by its cell."""
        cell = cell_of(place) if place else None
        key = (species, cell, when.toordinal())
        if key not in self.counted:
            first, last = (when - HALF).toordinal(), (when + HALF).toordinal()
            days = self._days(species, cell, place)
            self.counted[key] = sum(animals for day, animals in days.items() if first <= day <= last)
        return self.counted[key]

    def _days(self, species: Species, cell: tuple[int, int] | None, place: Point | None) -> dict[int, int]:
        if (species, cell) not in self.days:
            first, last = (self.since - HALF).toordinal(), (self.until + HALF).toordinal()
            self.days[species, cell] = self.work.reports.animals_by_day(species, place, AROUND_KM, first, last)
        return self.days[species, cell]
