"""Bank: training photos and a student in, its maps halfway for several spoilt views of each photo out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from training.embedder.halves import first_half
from training.embedder.network import Features
from training.embedder.pictures import cached
from training.embedder.sets import Picture
from training.embedder.views import STRONG, views

VIEWS_EACH, BATCH = 4, 32
ANIMALS, PHOTOS_EACH, STRANGERS = 16, 4, 16
# How often a set's animals are drawn; it does not follow the set's size, for cats are few.
SAY = {"mpdd_dogs": 0.4, "gpriamo_cats": 0.3, "meikeva_dogs": 0.3}


@dataclass(frozen=True, slots=True)
class Batch:
    """Maps that enter the second half, the features begun with, and labels that are equal for one animal."""

    maps: tuple[Tensor, Tensor]
    before: Tensor
    labels: Tensor


@dataclass(frozen=True, slots=True)
class Bank:
    """Maps of ``VIEWS_EACH`` views of each photo: arrays [photos, views, ...]."""

    animals: Sequence[str]
    first: npt.NDArray[np.float16]
    second: npt.NDArray[np.float16]
    features: npt.NDArray[np.float32]

    def batch(self, chance: np.random.Generator) -> Batch:
        """Photos of a few animals, several each, and pairs of views of strangers' photos."""
        photos, labels = self._named(chance)
        nobody = [row for row, animal in enumerate(self.animals) if not animal]
        strangers = chance.choice(nobody, STRANGERS, replace=False).tolist()
        photos += [photo for photo in strangers for _ in range(2)]
        labels += [ANIMALS + index for index in range(STRANGERS) for _ in range(2)]
        shown = chance.integers(0, VIEWS_EACH, len(photos))
        shown[-2 * STRANGERS :: 2] = (shown[1 - 2 * STRANGERS :: 2] + 1) % VIEWS_EACH
        first, second = (torch.from_numpy(maps[photos, shown]).float() for maps in (self.first, self.second))
        return Batch((first, second), torch.from_numpy(self.features[photos, shown]), torch.tensor(labels))

    def _named(self, chance: np.random.Generator) -> tuple[list[int], list[int]]:
        """Rows of photos of ``ANIMALS`` different animals, and their labels."""
        by_animal: dict[str, list[int]] = {}
        for row, animal in enumerate(self.animals):
            if animal:
                by_animal.setdefault(animal, []).append(row)
        names = sorted(by_animal)
        families = np.array([name.split("/")[0] for name in names])
        say = np.array([SAY[family] / np.sum(families == family) for family in families])
        photos, labels = [], []
        drawn = chance.choice(names, ANIMALS, replace=False, p=say / say.sum()).tolist()
        for label, name in enumerate(drawn):
            some = chance.choice(by_animal[name], min(PHOTOS_EACH, len(by_animal[name])), replace=False).tolist()
            photos += some
            labels += [label] * len(some)
        return photos, labels


def bank_of(student: Features, pictures: Sequence[Picture], cache: Path, *, tag: str, seed: int) -> Bank:
    """The bank of ``pictures``, made once and kept under ``cache``."""
    files = [cache / f"bank-{tag}-{name}.npy" for name in ("first", "second", "features")]
    if not files[-1].exists():
        for file, array in zip(files, _halfway(student, pictures, cache, seed), strict=True):
            np.save(file, array)
    first, second, features = (np.load(file, mmap_mode="r") for file in files)
    return Bank([picture.identity for picture in pictures], first, second, features)


def _halfway(student: Features, pictures: Sequence[Picture], cache: Path, seed: int) -> list[npt.NDArray[np.floating]]:
    squares, shares = cached(pictures, 256, cache)
    run, chance = first_half(student), np.random.default_rng(seed + 2)
    rows = np.repeat(np.arange(len(pictures)), VIEWS_EACH)
    parts = []
    for start in range(0, len(rows), BATCH):
        some = rows[start : start + BATCH]
        parts.append(run(views(squares[some], shares[some], STRONG, chance) / 127.5 - 1))
    whole = [np.concatenate(arrays) for arrays in zip(*parts, strict=True)]
    return [array.reshape(len(pictures), VIEWS_EACH, *array.shape[1:]) for array in whole]
