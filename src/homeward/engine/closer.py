"""Closer: a photo and what is seen on all of it in, animals that are small on it out. Detectors shrink what is large.

On a photo of 2016 x 1512 pixels an animal 150 px high is 30 for the detector, which then sees one in eleven; looked at
in pieces two in three (training/README.md). What is seen on a piece is believed only where it is seen again from near
by, with the animal in the middle: of 150 photos without an animal a fifth show one on a piece, two show it again.
"""

from collections.abc import Sequence

from homeward.domain.animals import Animal, Part, Picture
from homeward.domain.boxes import Box
from homeward.domain.crops import animals_from, cut, on_picture, pieces
from homeward.ports import Detector

PIECES = ((2, 0.6), (3, 0.44))  # so many across, each with so much of the photo's sides
DETECTOR_PX = 416  # of the longer side; on smaller pieces of a photo there is nothing more to be seen
AROUND = 0.6  # of an animal's size, on every side
SMALL = 0.5  # of the photo's longer side; heads of larger ones are seen as it is
SAME, INSIDE = 0.4, 0.7  # overlap (IoU), or share that lies in the other, from which on two are one animal
SURE = 0.4
MOST = 4  # animals that are looked at closer


def looked_closer(detector: Detector, picture: Picture, animals: Sequence[Animal]) -> tuple[Animal, ...]:
    """The ``animals``, small ones with their heads; where there are none, those that are too small to be seen at once.

    Raises:
        ModelUnavailable: the detector cannot be asked.
    """
    longer = max(picture.shape[:2])
    if longer <= DETECTOR_PX:
        return tuple(animals)
    found = list(animals)
    if not found:
        return _largest_first(_in_pieces(detector, picture))
    small = [n for n, animal in enumerate(found) if _is_small(animal, longer)][:MOST]
    for n, again in zip(small, _again(detector, picture, [found[n] for n in small]), strict=True):
        found[n] = again or found[n]
    return _largest_first(found)


def _largest_first(animals: Sequence[Animal]) -> tuple[Animal, ...]:
    return tuple(sorted(animals, key=lambda animal: -animal.box.area))


def _is_small(animal: Animal, longer: int) -> bool:
    has_face = any(crop.part is Part.FACE for crop in animal.crops)
    return not has_face and max(animal.box.width, animal.box.height) < SMALL * longer


def _in_pieces(detector: Detector, picture: Picture) -> list[Animal]:
    """On ever smaller pieces, until something is surely seen."""
    height, width = picture.shape[:2]
    for across, share in PIECES:
        if share * max(width, height) < DETECTOR_PX:
            break
        regions = pieces(width, height, across, share)
        seen = on_picture(regions, detector.detect([cut(picture, region) for region in regions]))
        maybe = _distinct(animals_from([d for some in seen for d in some], width, height))[:MOST]
        sure = [again for again in _again(detector, picture, maybe) if again and again.confidence >= SURE]
        if sure:
            return _distinct(sure)
    return []


def _distinct(animals: Sequence[Animal]) -> list[Animal]:
    """Each once, though it lies on several pieces, or was cut off by one; surest first."""
    kept: list[Animal] = []
    for animal in sorted(animals, key=lambda each: -each.confidence):
        if not any(_is_same(animal.box, other.box) for other in kept):
            kept.append(animal)
    return kept


def _is_same(box: Box, other: Box) -> bool:
    return box.iou(other) >= SAME or max(box.share_inside(other), other.share_inside(box)) >= INSIDE


def _again(detector: Detector, picture: Picture, animals: Sequence[Animal]) -> list[Animal | None]:
    """Each as it is seen from near by; None where it is not."""
    if not animals:
        return []
    height, width = picture.shape[:2]
    regions = [animal.box.grown(AROUND).clipped(width, height) for animal in animals]
    seen = on_picture(regions, detector.detect([cut(picture, region) for region in regions]))
    return [
        max(
            (near for near in animals_from(found, width, height) if near.box.iou(animal.box) >= SAME),
            key=lambda near: near.confidence,
            default=None,
        )
        for animal, found in zip(animals, seen, strict=True)
    ]
