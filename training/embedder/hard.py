"""Hard queries: test photos spoilt as a street camera spoils them, searched among the same photos as they are."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from training.embedder.evaluation import ToVectors
from training.embedder.metrics import l2_distances
from training.embedder.pictures import Pixels, cached
from training.embedder.sets import TEST_FOLDERS, photos_of

HEIGHTS_PX = (48, 64, 96, 128)
SEED = 7
Spoil = Callable[[Pixels, np.random.Generator], Pixels]


def night(square: Pixels, chance: np.random.Generator) -> Pixels:
    """Grey, dark and noisy, as an infra-red camera shows it: no real ones exist in the test sets."""
    grey = square.astype(np.float32).mean(2, keepdims=True) * 0.5 + 30
    noisy = grey + chance.normal(0, 14, (*square.shape[:2], 1))
    return np.clip(np.repeat(noisy, 3, axis=2), 0, 255).astype(np.uint8)


def low(height_px: int) -> Spoil:
    """The animal ``height_px`` high, through JPEG, as a camera far away shows it."""

    def spoil(square: Pixels, _chance: np.random.Generator) -> Pixels:
        small = Image.fromarray(square).resize((height_px, height_px), Image.Resampling.BOX)
        with io.BytesIO() as file:
            small.save(file, "JPEG", quality=60)
            back = Image.open(file).resize((square.shape[1], square.shape[0]), Image.Resampling.BILINEAR)
            return np.asarray(back.convert("RGB"))

    return spoil


SPOILT: dict[str, Spoil] = {"night": night, **{f"{px} px": low(px) for px in HEIGHTS_PX}}


def hard_scores(to_vectors: ToVectors, shared: Path, cache: Path) -> dict[str, dict[str, dict[str, float]]]:
    """By test set and kind of spoiling: hit@1 and hit@10 of spoilt queries among the photos as they are."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for folder in TEST_FOLDERS:
        pictures = photos_of(shared, folder)
        squares, _ = cached(pictures, 224, cache)
        labels = np.array([picture.identity for picture in pictures])
        gallery = to_vectors(squares)
        found[folder.name] = {}
        for name, spoil in SPOILT.items():
            chance = np.random.default_rng(SEED)
            asked = to_vectors(np.stack([spoil(np.asarray(square), chance) for square in squares]))
            found[folder.name][name] = _hits(asked, gallery, labels)
    return found


def _hits(
    asked: npt.NDArray[np.float32], gallery: npt.NDArray[np.float32], labels: npt.NDArray[np.str_]
) -> dict[str, float]:
    """A photo does not find itself."""
    distances = l2_distances(np.concatenate((asked, gallery)))[: len(asked), len(asked) :]
    np.fill_diagonal(distances, np.inf)
    best = labels[np.argsort(distances, axis=1)[:, :10]] == labels[:, None]
    others = (labels[:, None] == labels[None, :]).sum(1) > 1
    return {
        "hit_1": round(float(best[others, 0].mean()), 4),
        "hit_10": round(float(best[others].any(1).mean()), 4),
    }
