"""Seen: crops of photos in, samples of distances out, face and body, as owners' photos and as cameras' crops."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from homeward.domain.animals import Part, Species
from homeward.domain.calibration import SHARP_PX
from homeward.domain.looks import PORTRAIT_SHARE
from homeward.evaluation.trials import Sample
from training.embedder.crops import Crops, Cut, Cutter
from training.embedder.sets import LabelledFolder, Picture, kept_from_trunks, photos_of

STRANGERS = 120
MOST = {"mpdd_dogs/train": 6, "gpriamo_cats/train/full": 24, "meikeva_dogs": 14, "mpdd_dogs/test": 3}
Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Embed = Callable[[Floats], Floats]


@dataclass(frozen=True, slots=True)
class Views:
    """One crop of each photo and part: rows of the features (-1: none), what is on it, which photos are an owner's."""

    rows: Mapping[Part, npt.NDArray[np.int64]]
    animals: npt.NDArray[np.str_]
    sides: Mapping[Part, Floats]
    shares: Floats
    askable: Mask


def of_folder(cutter: Cutter, shared: Path, folder: LabelledFolder, work: Path) -> Crops:
    """At most so many photos of each animal, evenly taken."""
    by_animal: dict[str, list[Picture]] = {}
    for picture in photos_of(shared, folder):
        by_animal.setdefault(picture.identity, []).append(picture)
    pictures = [picture for some in by_animal.values() for picture in _evenly(some, MOST.get(folder.name, len(some)))]
    return cutter.crops(pictures, work / f"crops-{folder.name.replace('/', '-')}.npz")


def of_strangers(cutter: Cutter, shared: Path, species: Species, work: Path) -> Crops:
    """Photos of pets8k, each of an animal of its own."""
    some = _named(strangers_of(shared, species))
    return cutter.crops(some, work / f"crops-strangers-{species.value}.npz")


def of_unseen(cutter: Cutter, shared: Path, work: Path) -> list[Crops]:
    """By species, the photos of pets8k that neither trunks learn from nor curves take their strangers from."""
    found = []
    for species in Species:
        strangers = {one.path for one in strangers_of(shared, species)}
        some = [one for one in kept_from_trunks(shared, species) if one.path not in strangers]
        found.append(cutter.crops(_named(some), work / f"crops-unseen-{species.value}.npz"))
    return found


def strangers_of(shared: Path, species: Species) -> list[Picture]:
    """Some of the photos that trunks do not learn from."""
    return _evenly(kept_from_trunks(shared, species), STRANGERS)


def _named(pictures: Sequence[Picture]) -> list[Picture]:
    """Each shows an animal of its own."""
    return [Picture(p.path, p.set_name, p.species, p.part, p.path.name) for p in pictures]


def sample_of(crops: Crops, strangers: Crops, embed: Embed) -> dict[Part, Sample]:
    """Both parts of every photo; no pairs of two cameras' crops, and no bodies of portraits beside their faces."""
    own, other = views_of(crops.cuts), views_of(strangers.cuts)
    vectors, foreign = embed(crops.features), embed(strangers.features)
    by_camera = ~np.concatenate([own.askable, other.askable])
    never = ~own.askable[:, None] & by_camera[None]
    shares = np.concatenate([own.shares, other.shares])
    distances, sides = {}, {}
    for part in Part:
        rows = _filled(vectors, own.rows[part])
        far = np.linalg.norm(rows[:, None] - np.concatenate([rows, _filled(foreign, other.rows[part])])[None], axis=2)
        distances[part] = np.where(never, np.nan, far)
        sides[part] = np.minimum(own.sides[part][:, None], np.concatenate([own.sides[part], other.sides[part]])[None])
    portraits = np.minimum(own.shares[:, None], shares[None]) > PORTRAIT_SHARE
    distances[Part.BODY][portraits & ~np.isnan(distances[Part.FACE])] = np.nan
    _, numbers = np.unique(own.animals, return_inverse=True)
    return {part: Sample(distances[part], numbers, sides[part], own.askable) for part in Part}


def views_of(cuts: Sequence[Cut]) -> Views:
    """Every second photo of an animal as it is, the others as a camera shows them."""
    photos = sorted({(cut.animal, cut.photo) for cut in cuts})
    place = {photo: number for number, (_, photo) in enumerate(photos)}
    starts = {animal: number for number, (animal, _) in reversed(list(enumerate(photos)))}
    askable = np.array([(number - starts[animal]) % 2 == 0 for number, (animal, _) in enumerate(photos)])
    if len(starts) == len(photos):  # strangers, one photo each
        askable = np.arange(len(photos)) % 2 == 0
    rows = {part: np.full(len(photos), -1) for part in Part}
    sides = {part: np.full(len(photos), SHARP_PX, np.float32) for part in Part}
    shares = np.zeros(len(photos), np.float32)
    for row, cut in enumerate(cuts):
        number = place[cut.photo]
        if (cut.copy == "plain") == askable[number]:
            rows[cut.part][number], sides[cut.part][number] = row, cut.side_px
            shares[number] = cut.head_share
    return Views(rows, np.array([animal for animal, _ in photos]), sides, shares, askable)


def _filled(vectors: Floats, rows: npt.NDArray[np.int64]) -> Floats:
    """A vector for each photo; not a number where there is no crop."""
    return np.where(rows[:, None] < 0, np.float32(np.nan), vectors[rows])


def _evenly(some: Sequence[Picture], most: int) -> list[Picture]:
    if len(some) <= most:
        return list(some)
    return [some[place] for place in np.linspace(0, len(some) - 1, most).round().astype(int)]
