"""Known: the shared folder and a file's trunks in, the features to learn the projection from out. Keeps them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from homeward.domain.animals import Species
from training.embedder import projection
from training.embedder.crops import Crops, Cutter
from training.embedder.crossfit import Known
from training.embedder.features import Trunks
from training.embedder.pictures import cached
from training.embedder.projection import Matrix
from training.embedder.seen import of_unseen
from training.embedder.sets import Picture, kept_from_trunks, labelled, pets8k
from training.embedder.views import STRONG, views

VIEWED = 1200
VIEWS_EACH = 3
VIEWS_AT_ONCE = 120  # all at once take 13 GB
UNNAMED_EVERY = 3  # of the photos of animals that nobody names


def known_of(file: Path, shared: Path, cache: Path, *, seed: int) -> Known:
    """Features of the photos that may be trained on, from the trunks in ``file``."""
    named, unnamed = labelled(shared), [one for one in pets8k(shared) if one.path.stat().st_size]
    cutter, some = Cutter(file), unnamed[::UNNAMED_EVERY]
    trunks = cutter.trunks
    own = cache / trunks.name
    own.mkdir(parents=True, exist_ok=True)
    rows = {
        name: _kept(own / f"features-{name}.npy", lambda chosen=chosen: trunks(cached(chosen, 224, cache)[0]))
        for name, chosen in (("named", named), ("unnamed", some))
    }
    unseen = [one for species in Species for one in kept_from_trunks(shared, species)]
    spoilt = _kept(own / f"views-{seed}.npy", lambda: _view_scatter(trunks, [*named, *unseen], cache, seed))
    by_cameras = [_camera_scatter(crops) for crops in of_unseen(cutter, shared, cache)]
    return Known(named, rows["named"], some, rows["unnamed"], spoilt, np.mean(by_cameras, axis=0))


def _view_scatter(trunks: Trunks, pictures: list[Picture], cache: Path, seed: int) -> Matrix:
    """Scatter of spoilt views around the mean of their photo: what the vector should not depend on."""
    squares, shares = cached(pictures, 256, cache)
    chance = np.random.default_rng(seed + 1)
    chosen = np.repeat(np.sort(chance.choice(len(squares), min(VIEWED, len(squares)), replace=False)), VIEWS_EACH)
    features = []
    for at in range(0, len(chosen), VIEWS_AT_ONCE):
        some = chosen[at : at + VIEWS_AT_ONCE]
        seen = views(squares[some], shares[some], STRONG, chance)
        features.append(trunks(seen.permute(0, 2, 3, 1).to(torch.uint8).numpy()))
    return projection.scatter_within(np.concatenate(features), chosen.astype(str))


def _camera_scatter(crops: Crops) -> Matrix:
    """Scatter of what an owner's photo and a camera show of the same crop, of trace 1."""
    photos = np.array([f"{cut.photo} {cut.part.value}" for cut in crops.cuts])
    scatter = projection.scatter_within(crops.features, photos)
    return np.asarray(scatter / np.trace(scatter))


def _kept(file: Path, make: Callable[[], npt.NDArray[np.floating]]) -> npt.NDArray[np.floating]:
    """The array in ``file``, made and saved first where it is not there."""
    if not file.exists():
        np.save(file, make())
    return np.load(file)
