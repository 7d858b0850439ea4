"""Known: the shared folder and a student in, the features to learn the projection from out. Keeps them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from training.embedder import projection
from training.embedder.crossfit import Known
from training.embedder.features import features_of
from training.embedder.network import Features
from training.embedder.pictures import cached
from training.embedder.sets import Picture, labelled, pets8k
from training.embedder.views import STRONG, views

VIEWED = 1200
VIEWS_EACH = 3


def known_of(student: Features, shared: Path, cache: Path, *, tag: str, seed: int) -> Known:
    """Features of all photos that may be trained on; ``tag`` names the student in the cache."""
    named, unnamed = labelled(shared), pets8k(shared)
    rows = {
        name: _kept(
            cache / f"features-{tag}-{name}.npy",
            lambda some=some: features_of(student, cached(some, 224, cache)[0]),
        )
        for name, some in (("named", named), ("unnamed", unnamed))
    }
    scatter = _kept(cache / f"views-{tag}.npy", lambda: _view_scatter(student, [*named, *unnamed], cache, seed))
    return Known(named, rows["named"], unnamed, rows["unnamed"], scatter)


def _view_scatter(student: Features, pictures: list[Picture], cache: Path, seed: int) -> npt.NDArray[np.float64]:
    """Scatter of spoilt views around the mean of their photo: what the vector should not depend on."""
    squares, shares = cached(pictures, 256, cache)
    chance = np.random.default_rng(seed + 1)
    chosen = np.repeat(np.sort(chance.choice(len(squares), min(VIEWED, len(squares)), replace=False)), VIEWS_EACH)
    seen = views(squares[chosen], shares[chosen], STRONG, chance)
    pixels = seen.permute(0, 2, 3, 1).to(torch.uint8).numpy()
    return projection.scatter_within(features_of(student, pixels), chosen.astype(str))


def _kept(file: Path, make: Callable[[], npt.NDArray[np.floating]]) -> npt.NDArray[np.floating]:
    """The array in ``file``, made and saved first where it is not there."""
    if not file.exists():
        np.save(file, make())
    return np.load(file)
