"""Looks: pairs of crops in, what may be compared of two animals out. Pure.

Like is compared with like, and fairly: small crops look far from everything, so their distance is taken for less;
two portraits show the same head twice, so their bodies add nothing to their faces.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from homeward.domain.animals import Part, Species
from homeward.domain.calibration import Calibration, joint_l2
from homeward.domain.ids import CropId
from homeward.domain.reports import Crop

PORTRAIT_SHARE = 0.5
"""A body crop of which the head fills more is a portrait. On animals trained on, what two such bodies said beside
their faces was worth 0.14 of itself; 0.57 elsewhere."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a crop shows: its shorter side, and the share of it that the head fills (0 where none is seen)."""

    side_px: float
    head_share: float


@dataclass(frozen=True, slots=True)
class Pair:
    """Two crops of one part and their true L2 distance."""

    l2_distance: float
    own: CropId
    other: CropId


@dataclass(frozen=True, slots=True)
class Looks:
    """How alike two animals look: the joint distance per part (`calibration.joint_l2`), and of how many pairs."""

    joint_l2: Mapping[Part, float]
    compared_pairs: Mapping[Part, int]


@dataclass(frozen=True, slots=True)
class Compared:
    """Their looks, and the pair of each part that looks most alike."""

    looks: Looks
    nearest: Mapping[Part, Pair]


def shown_on(crops: Iterable[Crop]) -> dict[CropId, Shown]:
    """What each of ``crops`` shows; the head of an animal is looked for among them too."""
    listed = list(crops)
    heads = {(crop.photo_id, crop.animal): crop.box.area for crop in listed if crop.part is Part.FACE}
    found = {}
    for crop in listed:
        share = heads.get((crop.photo_id, crop.animal), 0.0) / max(crop.box.area, 1.0)
        found[crop.id] = Shown(min(crop.box.width, crop.box.height), min(share, 1.0))
    return found


def compared(
    pairs: Mapping[Part, Sequence[Pair]], shown: Mapping[CropId, Shown], calibration: Calibration, species: Species
) -> Compared:
    """Join the ``pairs`` of each part into one distance; crops of which nothing is known count as sharp."""
    kept = dict(pairs)
    if kept.get(Part.FACE) and Part.BODY in kept:
        kept[Part.BODY] = [pair for pair in kept[Part.BODY] if not _are_portraits(pair, shown)]
    joint, nearest = {}, {}
    for part, some in kept.items():
        if some:
            near = [(_fair(calibration, species, part, pair, shown), pair) for pair in some]
            smallest, nearest[part] = min(near, key=lambda one: one[0])
            joint[part] = joint_l2(smallest, sum(l2**2 for l2, _ in near), len(near))
    return Compared(Looks(joint, {part: len(kept[part]) for part in joint}), nearest)


def _fair(calibration: Calibration, species: Species, part: Part, pair: Pair, shown: Mapping[CropId, Shown]) -> float:
    """The distance, less what the smaller of the two crops adds to it."""
    sides = [shown[crop].side_px for crop in (pair.own, pair.other) if crop in shown]
    return calibration.sharpened(species, part, pair.l2_distance, min(sides, default=float("inf")))


def _are_portraits(pair: Pair, shown: Mapping[CropId, Shown]) -> bool:
    shares = [shown[crop].head_share for crop in (pair.own, pair.other) if crop in shown]
    return len(shares) == 2 and min(shares) > PORTRAIT_SHARE
