"""Evaluation: a finished ONNX file in, its figures and the floor's out. Test photos are only measured."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from training.embedder.export import BATCH, run_onnx
from training.embedder.metrics import Scores, score
from training.embedder.pictures import Pixels, cached
from training.embedder.sets import TEST_FOLDERS, TRAIN_FOLDERS, photos_of
from training.embedder.teacher import Floor

ToVectors = Callable[[Pixels], npt.NDArray[np.float32]]
MEIKEVA = next(folder for folder in TRAIN_FOLDERS if folder.name == "meikeva_dogs")


def of_onnx(file: Path) -> ToVectors:
    """The network in ``file``, as ONNX Runtime runs it."""
    return lambda squares: run_onnx(file, squares)


def of_floor(shared: Path) -> ToVectors:
    """The floor, in batches."""
    floor = Floor(shared)
    return lambda squares: np.concatenate(
        [floor(squares[start : start + BATCH]) for start in range(0, len(squares), BATCH)]
    )


def test_scores(to_vectors: ToVectors, shared: Path, cache: Path) -> dict[str, Scores]:
    """Leave-one-out scores on every test set."""
    found = {}
    for folder in TEST_FOLDERS:
        pictures = photos_of(shared, folder)
        squares, _ = cached(pictures, 224, cache)
        found[folder.name] = score(to_vectors(squares), np.array([picture.identity for picture in pictures]))
    return found


def meikeva_scores(to_vectors: ToVectors, shared: Path, cache: Path) -> Scores:
    """Scores on meikeva_dogs for a network that never learnt from it."""
    pictures = photos_of(shared, MEIKEVA)
    squares, _ = cached(pictures, 224, cache)
    return score(to_vectors(squares), np.array([picture.identity for picture in pictures]))
