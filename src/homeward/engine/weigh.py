"""Weigh: reports and all their candidates in, the degree of each pair out, all at once. Stores nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from homeward.domain import matching
from homeward.domain.animals import Part, Species
from homeward.domain.calibration import Calibration, Floats
from homeward.domain.ids import CropId, ReportId
from homeward.domain.looks import PARTS, Compared, Pair, coarseness, compared
from homeward.domain.matching import ManyCircumstances
from homeward.domain.places import distances_between_km
from homeward.domain.reports import Shelf, Source, Standing, species_agree
from homeward.engine.crowd import AROUND_DAYS, AROUND_KM, About, crowds
from homeward.engine.shown import ShownCrops
from homeward.ports import UnitOfWork

SECONDS_A_DAY = 86400.0
LEAST_PER_KM2 = {Source.CAMERA: matching.CAMERA_SEES_PER_KM2, Source.PERSON: matching.PEOPLE_TELL_PER_KM2}


@dataclass(frozen=True, slots=True)
class Question:
    """A report, whom it may be, and the pairs of crops that were compared with each of those."""

    me: Standing
    shelf: Shelf
    candidates: Sequence[Standing]
    pairs: Sequence[Sequence[Pair]]

    def lost_species(self) -> list[Species]:
        """Of the lost one of each pair of reports."""
        if self.shelf is Shelf.LOST:
            return [self.me.species] * len(self.candidates)
        return [other.species for other in self.candidates]


@dataclass(frozen=True, slots=True)
class _Answers:
    """Degrees of (n,) candidates of all questions and what they came of, column by column."""

    pairs: Sequence[Pair]
    compared: Compared
    log_ratio: Floats
    part: npt.NDArray[np.intp]
    what: ManyCircumstances
    degree: Floats


@dataclass(frozen=True, slots=True)
class Weighed:
    """Degrees of the ``count`` candidates of one question and what they came of."""

    answers: _Answers
    first: int
    count: int

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

    def row(self, number: int) -> Row:
        """Candidate number ``number``."""
        all_, n = self.answers, self.first + number
        km, part = float(all_.what.km[n]), int(all_.part[n])
        return Weighed.Row(
            degree=float(all_.degree[n]),
            log_ratio=float(all_.log_ratio[n]),
            part=PARTS[part],
            pair=all_.pairs[int(all_.compared.nearest[part, n])],
            compared_pairs=int(all_.compared.compared_pairs[part, n]),
            km=None if np.isnan(km) else km,
            days=float(all_.what.days[n]),
            species_agree=float(all_.what.species_agree[n]),
        )

    def likeliest(self) -> list[int]:
        """All numbers, the highest degree first."""
        mine = self.answers.degree[self.first : self.first + self.count]
        return [int(n) for n in np.argsort(-mine, kind="stable")]


def weigh(work: UnitOfWork, calibration: Calibration, questions: Sequence[Question], read: ShownCrops) -> list[Weighed]:
    """The degree of each candidate of each of ``questions``, in their order.

    All together, column by column: a camera's sighting is weighed against a hundred owners.
    """
    sizes = [len(question.candidates) for question in questions]
    firsts = [0, *np.cumsum(sizes).tolist()]
    about = [about for question in questions for about in _about(question)]
    crowd = crowds(work, about)
    what = _circumstances(questions, sizes, np.array([crowd[one] for one in about], np.float64))
    lost_species = [species for question in questions for species in question.lost_species()]
    by_candidate = [some for question in questions for some in question.pairs]
    pairs = [pair for some in by_candidate for pair in some]
    animal = np.repeat(np.arange(firsts[-1]), [len(some) for some in by_candidate])
    both = compared(pairs, animal, read(work, _crops(questions)), coarseness(calibration, lost_species))
    ratio, deciding, prior = np.zeros(firsts[-1]), np.zeros(firsts[-1], np.intp), np.zeros(firsts[-1])
    for species in set(lost_species):
        of_kind = np.array([kind is species for kind in lost_species])
        ratio[of_kind], deciding[of_kind] = matching.looks_log_ratios(
            calibration, species, _of_kind(both.joint_l2, of_kind), _of_kind(both.compared_pairs, of_kind)
        )
        prior[of_kind] = matching.priors_log_odds(species, what.only(of_kind), AROUND_KM, AROUND_DAYS)
    answers = _Answers(pairs, both, ratio, deciding, what, matching.degrees(ratio, prior))
    return [Weighed(answers, first, size) for first, size in zip(firsts, sizes, strict=False)]


def _crops(questions: Sequence[Question]) -> dict[CropId, ReportId]:
    """All crops that are compared, with the report that each is of."""
    crops: dict[CropId, ReportId] = {}
    for question in questions:
        for other, pairs in zip(question.candidates, question.pairs, strict=True):
            for pair in pairs:
                crops[pair.own], crops[pair.other] = question.me.id, other.id
    return crops


def _of_kind(columns: Floats, chosen: npt.NDArray[np.bool_]) -> dict[Part, Floats]:
    """The ``chosen`` ones of each part's column."""
    return {part: columns[number, chosen] for number, part in enumerate(PARTS)}


def _circumstances(questions: Sequence[Question], sizes: Sequence[int], about: Floats) -> ManyCircumstances:
    """``about`` counts the animals of the lost one's kind around each found one."""
    both = [(question.me, other) for question in questions for other in question.candidates]
    is_lost = np.repeat([question.shelf is Shelf.LOST for question in questions], sizes)
    starts = [_place(me) + _place(other) for me, other in both]
    days = np.array([(other.happened_at - me.happened_at).total_seconds() for me, other in both]) / SECONDS_A_DAY
    alike = np.array([other.species is me.species for me, other in both], np.bool_)
    least = [LEAST_PER_KM2[(other if lost else me).source] for (me, other), lost in zip(both, is_lost, strict=True)]
    return ManyCircumstances(
        km=distances_between_km(*np.array(starts, np.float64).reshape(-1, 4).T),
        days=np.where(is_lost, days, -days),
        animals_about=np.maximum(0.0, about - alike),
        least_per_km2=np.array(least, np.float64),
        species_agree=np.array([species_agree(me, other) for me, other in both], np.float64),
    )


def _place(one: Standing) -> tuple[float, float]:
    return (one.start.lat, one.start.lon) if one.start else (np.nan, np.nan)


def _about(question: Question) -> list[About]:
    """Around the place of the find; everywhere where a place is unknown, as the distance then excludes nobody."""
    me, others = question.me, question.candidates
    if question.shelf is Shelf.LOST:
        days = (other.happened_at.toordinal() for other in others)
        places = (other.start if me.start else None for other in others)
        return [About(me.species, place, day) for place, day in zip(places, days, strict=True)]
    day = me.happened_at.toordinal()
    made = {(kind, is_near): About(kind, me.start if is_near else None, day) for kind in Species for is_near in (0, 1)}
    return [made[other.species, other.start is not None] for other in others]
