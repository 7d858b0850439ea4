"""Trials: lost pets that were seen or not, among few or many strangers; what their owners would be shown first.

Looks are real distances; places and times are drawn from the very assumptions of `homeward.domain.matching`: a trial
tests what the looks say and how it is joined with the rest, not those assumptions.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from homeward.domain import matching
from homeward.domain.animals import Part, Species
from homeward.domain.calibration import Calibration, joint_l2
from homeward.domain.matches import Circumstances, Surroundings
from homeward.evaluation.metrics import Floats, Labels

AROUND_KM, AROUND_DAYS = 5.0, 30.0
REACH = 3.0  # strangers are drawn this many times as far away as those that are counted
LOST_PHOTOS = 3


@dataclass(frozen=True, slots=True)
class Sample:
    """Square matrix of L2 distances of photos, and which animal (0 to n - 1) is on each.

    ``distances`` may have further columns: photos of strangers, each an animal of its own. NaN is a pair that was
    not compared.
    """

    distances: Floats
    animals: Labels

    @property
    def count(self) -> int:
        """How many animals are labelled."""
        return int(self.animals.max()) + 1

    @property
    def paired(self) -> Labels:
        """The animals that have two photos."""
        return np.flatnonzero(np.bincount(self.animals) > 1)


def joined(samples: Sequence[Sample]) -> Sample:
    """Several sets as one, not compared with each other; each keeps as many strangers as all have."""
    if len(samples) == 1:
        return samples[0]
    photos = sum(len(sample.animals) for sample in samples)
    strangers = min(sample.distances.shape[1] - len(sample.animals) for sample in samples)
    distances = np.full((photos, photos + strangers), np.nan)
    animals, row, first = [], 0, 0
    for sample in samples:
        end = row + len(sample.animals)
        distances[row:end, row:end] = sample.distances[:, : end - row]
        distances[row:end, photos:] = sample.distances[:, end - row : end - row + strangers]
        animals.append(sample.animals + first)
        row, first = end, first + sample.count
    return Sample(distances, np.concatenate(animals))


def halves(sample: Sample) -> tuple[Sample, Sample]:
    """Every second animal, and the others; strangers stay with both."""
    return _only(sample, sample.animals % 2 == 0), _only(sample, sample.animals % 2 == 1)


def _only(sample: Sample, rows: npt.NDArray[np.bool_]) -> Sample:
    strangers = np.ones(sample.distances.shape[1] - len(rows), np.bool_)
    _, animals = np.unique(sample.animals[rows], return_inverse=True)
    return Sample(sample.distances[rows][:, np.concatenate([rows, strangers])], animals)


@dataclass(frozen=True, slots=True)
class Trial:
    """One lost pet: its first match, whether that is the pet, and whether it was there at all.

    ``prior`` is the log odds before looking, of the first match.
    """

    strangers: int
    with_places: bool
    joint_l2: float
    compared_pairs: int
    prior: float
    degree: float
    is_right: bool
    is_there: bool


def trials(
    sample: Sample,
    calibration: Calibration,
    species: Species,
    part: Part,
    strangers: Sequence[int],
    *,
    each: int,
    with_places: Sequence[bool] = (True, False),
) -> list[Trial]:
    """``each`` lost pets for every number of ``strangers`` seen within 5 km and 30 days, with and without places.

    Half of the pets are not among the found ones. One to three photos of the pet are compared with one of each found.
    """
    chance = np.random.default_rng(1)
    return [
        _trial(sample, calibration, species, part, number, chance, with_places=placed)
        for number in strangers
        for placed in with_places
        for _ in range(each)
    ]


def _trial(
    sample: Sample,
    calibration: Calibration,
    species: Species,
    part: Part,
    strangers: int,
    chance: np.random.Generator,
    *,
    with_places: bool,
) -> Trial:
    own = chance.permutation(np.flatnonzero(sample.animals == chance.choice(sample.paired)))
    asked = own[: int(chance.integers(1, min(LOST_PHOTOS, len(own) - 1) + 1))]
    is_there = bool(chance.random() < matching.SEEN_AT_ALL)
    found = _others(sample, asked, round(strangers * REACH**2) if with_places else strangers, chance)
    found += [int(own[-1])] if is_there else []
    around = Surroundings(strangers, AROUND_KM, AROUND_DAYS)
    best: tuple[float, float, float, bool] | None = None
    for number, photo in enumerate(found):
        is_own = is_there and number == len(found) - 1
        pairs = sample.distances[asked, photo]
        distance = joint_l2(float(pairs.min()), float((pairs**2).sum()), len(pairs))
        ratio = calibration.log_likelihood_ratio(species, part, distance, len(asked))
        km, days = _seen(species, chance, is_own=is_own) if with_places else (None, None)
        prior = matching.prior_log_odds(species, Circumstances(km, days, around))
        if best is None or ratio + prior > best[0]:
            best = (ratio + prior, distance, prior, is_own)
    assert best is not None
    degree = matching.degree(best[0], 0.0)
    return Trial(strangers, with_places, best[1], len(asked), best[2], degree, best[3], is_there)


def _others(sample: Sample, asked: Labels, count: int, chance: np.random.Generator) -> list[int]:
    """A photo each of ``count`` other animals that were compared; drawn anew where there are too few."""
    owner, labelled = sample.animals[asked[0]], len(sample.animals)
    shuffled = chance.permutation(labelled)
    _, first = np.unique(sample.animals[shuffled], return_index=True)
    photos = np.concatenate([shuffled[first], np.arange(labelled, sample.distances.shape[1])])
    is_own = np.concatenate([sample.animals[shuffled[first]] == owner, np.zeros(len(photos) - len(first), np.bool_)])
    usable = photos[~is_own & ~np.isnan(sample.distances[asked[0], photos])]
    return [int(photo) for photo in chance.choice(usable, count, replace=count > len(usable))]


def _seen(species: Species, chance: np.random.Generator, *, is_own: bool) -> tuple[float, float]:
    """Kilometres and days from where and when the pet was lost to where and when this one was seen."""
    if not is_own:
        return AROUND_KM * REACH * math.sqrt(chance.random()), AROUND_DAYS * float(chance.random())
    share = chance.random()
    days = matching.HALF_TIME_DAYS * share / (1 - share)
    if chance.random() < matching.CARRIED_OFF:
        return matching.CARRIED_KM * math.sqrt(chance.random()), days
    return matching.walked_km(species, float(chance.random())), days
