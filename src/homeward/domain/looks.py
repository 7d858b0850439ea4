"""Looks: pairs of crops in, what may be compared of two animals out. Pure.

Like is compared with like, and fairly: small crops look far from everything, so their distance is taken for less;
two portraits show the same head twice, so their bodies add nothing to their faces.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from homeward.domain.animals import Part, Species
from homeward.domain.boxes import Box
from homeward.domain.calibration import SHARP_PX, SMALLEST_PX, Calibration, joint_l2
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


class Pair(NamedTuple):
    """Two crops of one part and their true L2 distance."""

    l2_distance: float
    own: CropId
    other: CropId


class Looks(NamedTuple):
    """How alike two animals look: the joint distance per part (`calibration.joint_l2`), and of how many pairs."""

    joint_l2: Mapping[Part, float]
    compared_pairs: Mapping[Part, int]


class Compared(NamedTuple):
    """Their looks, and the pair of each part that looks most alike."""

    looks: Looks
    nearest: Mapping[Part, Pair]


def shown_on(crops: Iterable[Outline]) -> dict[CropId, Shown]:
    """What each of ``crops`` shows; the head of an animal is looked for among them too."""
    listed = list(crops)
    heads = {(crop.photo_id, crop.animal): crop.box.area for crop in listed if crop.part is Part.FACE}
    found = {}
    for crop in listed:
        share = heads.get((crop.photo_id, crop.animal), 0.0) / max(crop.box.area, 1.0)
        found[crop.id] = Shown(_halvings(min(crop.box.width, crop.box.height)), min(share, 1.0))
    return found


def coarseness(calibration: Calibration, species: Species) -> dict[Part, float]:
    """How much farther apart crops of each part look for every halving of the smaller one's side."""
    return {part: calibration.coarse_l2(species, part) for part in Part}


def compared(
    pairs: Mapping[Part, Sequence[Pair]], shown: Mapping[CropId, Shown], coarse_l2: Mapping[Part, float]
) -> Compared:
    """Join the ``pairs`` of each part into one distance, with the `coarseness` of their kind.

    Crops of which nothing is known count as sharp.
    """
    kept = dict(pairs)
    if kept.get(Part.FACE) and Part.BODY in kept:
        kept[Part.BODY] = [pair for pair in kept[Part.BODY] if not _are_portraits(pair, shown)]
    joint, nearest = {}, {}
    for part, some in kept.items():
        if len(some) == 1:  # nearly always
            nearest[part], joint[part] = some[0], _fair(coarse_l2[part], some[0], shown)
        elif some:
            near = [(_fair(coarse_l2[part], pair, shown), pair) for pair in some]
            smallest, nearest[part] = min(near, key=lambda one: one[0])
            joint[part] = joint_l2(smallest, sum(l2**2 for l2, _ in near), len(near))
    return Compared(Looks(joint, {part: len(kept[part]) for part in joint}), nearest)


def _fair(coarse_l2: float, pair: Pair, shown: Mapping[CropId, Shown]) -> float:
    """The distance, less what the smaller of the two crops adds to it."""
    halvings = max(shown.get(pair.own, UNKNOWN).halvings, shown.get(pair.other, UNKNOWN).halvings)
    return max(0.0, pair.l2_distance - coarse_l2 * halvings)


def _are_portraits(pair: Pair, shown: Mapping[CropId, Shown]) -> bool:
    one, other = shown.get(pair.own, UNKNOWN), shown.get(pair.other, UNKNOWN)
    return one.head_share > PORTRAIT_SHARE and other.head_share > PORTRAIT_SHARE


def _halvings(side_px: float) -> float:
    """Nothing that is cut out is smaller than `SMALLEST_PX`."""
    return math.log2(SHARP_PX / min(max(side_px, SMALLEST_PX), SHARP_PX))
