"""Looks: pairs of crops in, what may be compared of two animals out. Pure.

Like is compared with like, and fairly: small crops look far from everything, so their distance is taken for less;
two portraits show the same head twice, so their bodies add nothing to their faces.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from homeward.domain.animals import Part, Species
from homeward.domain.boxes import Box
from homeward.domain.calibration import SHARP_PX, SMALLEST_PX, Calibration, Floats, joint_l2
from homeward.domain.ids import CropId, PhotoId

PORTRAIT_SHARE = 0.5
"""A body crop of which the head fills more is a portrait. On animals trained on, what two such bodies said beside
their faces was worth 0.14 of itself; 0.57 elsewhere."""


class Outline(NamedTuple):
    """A crop as far as its size tells: which animal of which photo, which part, and where."""

    id: CropId
    photo_id: PhotoId
    animal: int
    part: Part
    box: Box


class Shown(NamedTuple):
    """What a crop shows: how often its shorter side was halved since it was sharp, and the share that the head fills.

    The share is 0 where no head is seen.
    """

    halvings: float
    head_share: float


UNKNOWN = Shown(0.0, 0.0)
PARTS = tuple(Part)
NUMBERS = {part: number for number, part in enumerate(PARTS)}
Numbers = npt.NDArray[np.intp]


class Pair(NamedTuple):
    """Two crops of one part and their true L2 distance."""

    part: Part
    l2_distance: float
    own: CropId
    other: CropId


class Looks(NamedTuple):
    """How alike two animals look: the joint distance per part (`calibration.joint_l2`), and of how many pairs."""

    joint_l2: Mapping[Part, float]
    compared_pairs: Mapping[Part, int]


class Compared(NamedTuple):
    """How alike an animal and (n,) others look, by the number of the part (`PARTS`) and of the animal: (parts, n).

    ``joint_l2`` is NaN where a part was not compared. ``nearest`` is the number of the pair that looks most alike; it
    means nothing where none was compared.
    """

    joint_l2: Floats
    compared_pairs: Floats
    nearest: npt.NDArray[np.intp]

    def looks(self, animal: int) -> Looks:
        """Those of one animal."""
        there = [n for n in range(len(PARTS)) if self.compared_pairs[n, animal]]
        return Looks(
            {PARTS[n]: float(self.joint_l2[n, animal]) for n in there},
            {PARTS[n]: int(self.compared_pairs[n, animal]) for n in there},
        )


def shown_on(crops: Iterable[Outline]) -> dict[CropId, Shown]:
    """What each of ``crops`` shows; the head of an animal is looked for among them too."""
    listed = list(crops)
    heads = {(crop.photo_id, crop.animal): crop.box.area for crop in listed if crop.part is Part.FACE}
    found = {}
    for crop in listed:
        share = heads.get((crop.photo_id, crop.animal), 0.0) / max(crop.box.area, 1.0)
        found[crop.id] = Shown(_halvings(min(crop.box.width, crop.box.height)), min(share, 1.0))
    return found


def coarseness(calibration: Calibration, species: Sequence[Species]) -> Floats:
    """How much farther apart crops of (n,) animals and each part look for every halving of the smaller one's side.

    Shape (n, parts).
    """
    of_kind = {kind: [calibration.coarse_l2(kind, part) for part in PARTS] for kind in set(species)}
    return np.array([of_kind[kind] for kind in species], np.float64).reshape(-1, len(PARTS))


def compared(pairs: Sequence[Pair], animal: Numbers, shown: Mapping[CropId, Shown], coarse_l2: Floats) -> Compared:
    """Join the ``pairs`` of each part and animal into one distance, with the `coarseness` of the (n,) animals.

    ``animal`` is the number of each pair's. Crops of which nothing is known count as sharp.
    """
    animals = len(coarse_l2)
    joint, count = np.full(len(PARTS) * animals, np.nan), np.zeros(len(PARTS) * animals)
    nearest = np.zeros(len(PARTS) * animals, np.intp)
    if pairs:
        parts, distances, own, other = zip(*pairs, strict=True)
        part = np.array([NUMBERS[kind] for kind in parts])
        both = np.array([[shown.get(crop, UNKNOWN) for crop in crops] for crops in (own, other)])  # (2, pairs, 2)
        fair = np.maximum(0.0, np.array(distances) - coarse_l2[animal, part] * both[:, :, 0].max(0))
        kept = ~(_says_nothing(animal, part, animals) & (both[:, :, 1] > PORTRAIT_SHARE).all(0))
        place = part * animals + animal
        order = np.lexsort((fair, place))
        order = order[kept[order]]
        places, first, counts = np.unique(place[order], return_index=True, return_counts=True)
        nearest[places], count[places] = order[first], counts
        joint[places] = joint_l2(fair[order[first]], np.add.reduceat(fair[order] ** 2, first), count[places])
    shape = (len(PARTS), animals)
    return Compared(joint.reshape(shape), count.reshape(shape), nearest.reshape(shape))


def _says_nothing(animal: Numbers, part: Numbers, animals: int) -> npt.NDArray[np.bool_]:
    """Which pairs are bodies of an animal whose face is compared too: between portraits, they add nothing."""
    has_face = np.zeros(animals, np.bool_)
    has_face[animal[part == NUMBERS[Part.FACE]]] = True
    return np.asarray(has_face[animal] & (part == NUMBERS[Part.BODY]))


def _halvings(side_px: float) -> float:
    """Nothing that is cut out is smaller than `SMALLEST_PX`."""
    return math.log2(SHARP_PX / min(max(side_px, SMALLEST_PX), SHARP_PX))
