"""Trials: lost pets that were seen or not, among few or many strangers; what their owners would be shown first.

Looks are real distances; places and times are drawn from the very assumptions of `homeward.domain.matching`: a trial
tests what the looks say and how it is joined with the rest, not those assumptions.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from homeward.domain import matching
from homeward.domain.animals import Part, Species
from homeward.domain.calibration import SHARP_PX, SMALLEST_PX, Calibration, joint_l2
from homeward.domain.looks import Looks
from homeward.domain.matching import ManyCircumstances
from homeward.evaluation.metrics import Floats, Labels

AROUND_KM, AROUND_DAYS = 5.0, 30.0
REACH = 3.0  # strangers are drawn this many times as far away as those that are counted
LOST_PHOTOS = 3


@dataclass(frozen=True, slots=True)
class Sample:
    """Square matrix of L2 distances of photos, and which animal (0 to n - 1) is on each.

    ``distances`` may have further columns: photos of strangers, each an animal of its own. NaN is a pair that was
    not compared. ``sides`` has the shorter side in pixels of the smaller crop of each pair; without it all are sharp.
    ``askable`` photos may be an owner's: of a pet that a camera saw small and dark nobody has only that.
    """

    distances: Floats
    animals: Labels
    sides: Floats | None = None
    askable: npt.NDArray[np.bool_] | None = None

    @property
    def count(self) -> int:
        """How many animals are labelled."""
        return int(self.animals.max()) + 1

    @property
    def asking(self) -> Labels:
        """The animals that have an owner's photo, though it may be the only one."""
        return np.unique(self.animals if self.askable is None else self.animals[self.askable])

    @property
    def paired(self) -> Labels:
        """The animals that have two photos, one of them an owner's."""
        photos = np.bincount(self.animals)
        own = photos if self.askable is None else np.bincount(self.animals[self.askable], minlength=len(photos))
        return np.flatnonzero((photos > 1) & (own > 0))

    def sharpened(self, coarse_l2: float) -> "Sample":
        """With the distances that sharp crops would have."""
        if self.sides is None or not coarse_l2:
            return replace(self, sides=None)
        near = self.distances - coarse_l2 * halvings(self.sides)
        return replace(self, distances=np.maximum(near, 0.0), sides=None)


def halvings(sides: Floats) -> Floats:
    """How often each side was halved since it was sharp, as `Calibration.sharpened` counts."""
    return np.asarray(np.log2(SHARP_PX / np.clip(sides, SMALLEST_PX, SHARP_PX)))


def joined(samples: Sequence[Sample]) -> Sample:
    """Several sets as one, not compared with each other; each keeps as many strangers as all have."""
    if len(samples) == 1:
        return samples[0]
    photos = sum(len(sample.animals) for sample in samples)
    strangers = min(sample.distances.shape[1] - len(sample.animals) for sample in samples)
    distances = np.full((photos, photos + strangers), np.nan)
    sides = np.full_like(distances, SHARP_PX)
    animals, askable, row, first = [], [], 0, 0
    for sample in samples:
        end = row + len(sample.animals)
        for whole, part in ((distances, sample.distances), (sides, sample.sides)):
            if part is not None:
                whole[row:end, row:end] = part[:, : end - row]
                whole[row:end, photos:] = part[:, end - row : end - row + strangers]
        animals.append(sample.animals + first)
        askable.append(np.ones(end - row, np.bool_) if sample.askable is None else sample.askable)
        row, first = end, first + sample.count
    return Sample(distances, np.concatenate(animals), sides, np.concatenate(askable))


def halves(sample: Sample) -> tuple[Sample, Sample]:
    """Every second animal, and the others; strangers stay with both."""
    return only(sample, sample.animals % 2 == 0), only(sample, sample.animals % 2 == 1)


def only(sample: Sample, rows: npt.NDArray[np.bool_]) -> Sample:
    """Some of the photos; strangers stay."""
    strangers = np.ones(sample.distances.shape[1] - len(rows), np.bool_)
    columns = np.concatenate([rows, strangers])
    _, animals = np.unique(sample.animals[rows], return_inverse=True)
    return Sample(
        sample.distances[rows][:, columns],
        animals,
        None if sample.sides is None else sample.sides[rows][:, columns],
        None if sample.askable is None else sample.askable[rows],
    )


@dataclass(frozen=True, slots=True)
class Trial:
    """One lost pet: its first match, whether that is the pet, and whether it was there at all.

    ``prior`` is the log odds before looking, of the first match; ``owner`` is the number of the lost animal.
    """

    strangers: int
    with_places: bool
    looks: Looks
    prior: float
    degree: float
    is_right: bool
    is_there: bool
    owner: int = 0


Parts = Mapping[Part, Sample]
"""One sample for each part, of the same photos in the same order, already `Sample.sharpened`."""


def trials(
    parts: Parts,
    calibration: Calibration,
    species: Species,
    strangers: Sequence[int],
    *,
    each: int,
    with_places: Sequence[bool] = (True, False),
) -> list[Trial]:
    """``each`` lost pets for every number of ``strangers`` seen within 5 km and 30 days, with and without places.

    Half of the pets are not among the found ones; of those there may be a single photo. One to three photos of a pet
    are compared with one of each found.
    """
    chance = np.random.default_rng(1)
    return [
        _trial(parts, calibration, species, number, chance, with_places=placed)
        for number in strangers
        for placed in with_places
        for _ in range(each)
    ]


def _compared(parts: Parts, asked: Labels, found: Labels) -> tuple[dict[Part, Floats], dict[Part, Floats]]:
    """For each of ``found`` and each part: the joint distance to ``asked`` photos, NaN for none; and of how many."""
    joint, counts = {}, {}
    for part, sample in parts.items():
        pairs = sample.distances[np.ix_(asked, found)]
        known = ~np.isnan(pairs)
        counts[part] = known.sum(0).astype(np.float64)
        smallest, squares = np.where(known, pairs, np.inf).min(0), np.where(known, pairs**2, 0.0).sum(0)
        together = joint_l2(smallest, squares, np.maximum(counts[part], 1))
        joint[part] = np.where(counts[part] > 0, together, np.nan)
    return joint, counts


def _trial(
    parts: Parts,
    calibration: Calibration,
    species: Species,
    strangers: int,
    chance: np.random.Generator,
    *,
    with_places: bool,
) -> Trial:
    sample = next(iter(parts.values()))
    is_there = bool(chance.random() < matching.SEEN_AT_ALL)
    owner = int(chance.choice(sample.paired if is_there else sample.asking))
    asked, own = _drawn(parts, owner, chance)
    others = _others(parts, asked, round(strangers * REACH**2) if with_places else strangers, chance)
    found = np.append(others, own[:1]) if is_there else others
    joint, counts = _compared(parts, asked, found)
    usable = np.any([count > 0 for count in counts.values()], axis=0)
    is_own = (np.arange(len(found)) == len(others))[usable]
    joint = {part: column[usable] for part, column in joint.items()}
    ratios, _ = matching.looks_log_ratios(calibration, species, joint, {p: c[usable] for p, c in counts.items()})
    km, days = _seen(species, is_own, chance) if with_places else (np.full((2, len(is_own)), np.nan))
    everywhere = np.full(len(is_own), float(strangers))
    what = ManyCircumstances(km, days, everywhere, np.zeros(len(is_own)), np.ones(len(is_own)))
    priors = matching.priors_log_odds(species, what, AROUND_KM, AROUND_DAYS)
    best = int(np.argmax(ratios + priors))
    looks = Looks(
        {part: float(column[best]) for part, column in joint.items() if not np.isnan(column[best])},
        {part: int(column[usable][best]) for part, column in counts.items() if column[usable][best]},
    )
    prior = float(priors[best])
    degree = matching.degree(float(ratios[best]), prior)
    return Trial(strangers, with_places, looks, prior, degree, bool(is_own[best]), is_there, owner)


def _drawn(parts: Parts, owner: int, chance: np.random.Generator) -> tuple[Labels, Labels]:
    """Photos that the owner of an animal has, and what is left of it, what is comparable with one of them first."""
    sample = next(iter(parts.values()))
    own = chance.permutation(np.flatnonzero(sample.animals == owner))
    has = own if sample.askable is None else own[sample.askable[own]]
    most = min(LOST_PHOTOS, max(1, len(has) - 1), max(1, len(own) - 1))
    asked = has[: int(chance.integers(1, most + 1))]
    rest = own[~np.isin(own, asked)]
    unlike = np.all([np.isnan(one.distances[np.ix_(asked, rest)]).all(0) for one in parts.values()], axis=0)
    return asked, rest[np.argsort(unlike, kind="stable")]


def _others(parts: Parts, asked: Labels, count: int, chance: np.random.Generator) -> Labels:
    """A photo each of ``count`` other animals that were compared; drawn anew where there are too few."""
    sample = next(iter(parts.values()))
    owner, labelled = sample.animals[asked[0]], len(sample.animals)
    shuffled = chance.permutation(labelled)
    _, first = np.unique(sample.animals[shuffled], return_index=True)
    photos = np.concatenate([shuffled[first], np.arange(labelled, sample.distances.shape[1])])
    is_own = np.concatenate([sample.animals[shuffled[first]] == owner, np.zeros(len(photos) - len(first), np.bool_)])
    compared = np.any([~np.isnan(one.distances[asked][:, photos]).all(0) for one in parts.values()], axis=0)
    usable = photos[~is_own & compared]
    return np.asarray(chance.choice(usable, count, replace=count > len(usable)))


def _seen(species: Species, is_own: npt.NDArray[np.bool_], chance: np.random.Generator) -> tuple[Floats, Floats]:
    """Kilometres and days from where and when the pet was lost to where and when each was seen."""
    count = len(is_own)
    km, days = AROUND_KM * REACH * np.sqrt(chance.random(count)), AROUND_DAYS * chance.random(count)
    share = chance.random()
    if chance.random() < matching.CARRIED_OFF:
        km[is_own] = matching.CARRIED_KM * math.sqrt(chance.random())
    else:
        km[is_own] = matching.walked_km(species, float(chance.random()))
    days[is_own] = matching.HALF_TIME_DAYS * share / (1 - share)
    return km, days
