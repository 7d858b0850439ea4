"""Closer: a few pictures of one animal in, the best crop out, now that its face and people beside it are looked for."""

from collections.abc import Sequence
from dataclasses import replace

from homeward.domain.animals import Animal, Detection, Species
from homeward.domain.crops import animals_from, people_from
from homeward.ports import Detector
from homeward.watcher.crops import Crop, crop_of
from homeward.watcher.following import Candidate

SAME = 0.4  # overlap (IoU) from which on it is the animal that was seen before


def closer(detector: Detector, candidates: Sequence[Candidate], species: Species) -> tuple[Crop, Candidate] | None:
    """The best crop, of the kind that the whole track speaks for, and where it came from.

    Where the animal is not seen again it is where it was; people who are seen now are hidden there too. None where all
    pictures show a person too plainly.
    """
    answers = detector.detect([each.around for each in candidates])
    found = [
        (crop, each)
        for each, seen in zip(candidates, answers, strict=True)
        if (crop := _again(each, seen, species)) is not None
    ]
    return max(found, key=lambda pair: pair[0].quality, default=None)


def _again(first: Candidate, seen: Sequence[Detection], species: Species) -> Crop | None:
    height, width = first.around.shape[:2]
    dx, dy = first.at.x0, first.at.y0
    before = first.crop.animal.box.moved(-dx, -dy)
    animals = animals_from(seen, width, height)
    best = max(animals, key=lambda each: each.box.iou(before), default=None)
    if best is None or best.box.iou(before) < SAME:
        best = _shifted(first.crop.animal, -dx, -dy)
    people = [*(person.moved(-dx, -dy) for person in first.people), *people_from(seen)]
    crop = crop_of(first.around, best, people)
    if crop is None:
        return None
    on_frame = replace(crop, at=crop.at.moved(dx, dy), animal=_shifted(best, dx, dy))
    return _named(replace(on_frame, is_cut_off=first.crop.is_cut_off), species)


def _named(crop: Crop, species: Species) -> Crop:
    return replace(crop, animal=replace(crop.animal, species=species))


def _shifted(animal: Animal, dx: float, dy: float) -> Animal:
    crops = tuple(replace(each, box=each.box.moved(dx, dy)) for each in animal.crops)
    return replace(animal, box=animal.box.moved(dx, dy), crops=crops)
