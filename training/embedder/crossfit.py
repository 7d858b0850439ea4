"""Cross-fit: each labelled animal measured by a projection that never saw it, to score and calibrate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.embedder import projection
from training.embedder.metrics import Scores, pooled, score
from training.embedder.projection import Matrix, Projection, Recipe
from training.embedder.sets import Picture

FOLDS = 5


@dataclass(frozen=True, slots=True)
class Known:
    """Features and what is known of them: labelled photos, then photos of animals that nobody names."""

    pictures: Sequence[Picture]
    features: npt.NDArray[np.float32]
    unnamed: Sequence[Picture]
    unnamed_features: npt.NDArray[np.float32]
    view_scatter: Matrix
    camera_scatter: Matrix

    def rows(self, set_name: str) -> npt.NDArray[np.int64]:
        """Rows of the labelled photos of one set."""
        return np.array([row for row, picture in enumerate(self.pictures) if picture.set_name == set_name])

    def animals(self) -> npt.NDArray[np.str_]:
        """Identity of each labelled photo."""
        return np.array([picture.identity for picture in self.pictures])


def folds(known: Known) -> npt.NDArray[np.int64]:
    """The fold of each labelled photo; all photos of one animal share it."""
    names = {name: index % FOLDS for index, name in enumerate(sorted(set(known.animals().tolist())))}
    return np.array([names[name] for name in known.animals().tolist()])


def fit(known: Known, rows: npt.NDArray[np.bool_], recipe: Recipe) -> Projection:
    """The projection learnt from the labelled photos in ``rows`` and from all unnamed ones."""
    animals, sets = known.animals(), np.array([picture.set_name for picture in known.pictures])
    scatters = [
        projection.scatter_within(known.features[rows & (sets == name)], animals[rows & (sets == name)])
        for name in np.unique(sets)
    ]
    animals_own = np.mean([scatter / np.trace(scatter) for scatter in scatters], axis=0)
    views = known.view_scatter / np.trace(known.view_scatter)
    rest = 1 - recipe.views - recipe.cameras
    within = rest * animals_own + recipe.views * views + recipe.cameras * known.camera_scatter
    everything = np.concatenate((known.features[rows], known.unnamed_features))
    return projection.fit(within, everything, recipe)


def projections(known: Known, recipe: Recipe) -> list[Projection]:
    """One projection per fold, fitted without that fold's animals."""
    fold = folds(known)
    return [fit(known, fold != index, recipe) for index in range(FOLDS)]


def scores(known: Known, fitted: Sequence[Projection], set_name: str) -> Scores:
    """Photos of each fold's animals search the whole set, under that fold's projection."""
    rows, fold = known.rows(set_name), folds(known)
    return pooled(
        [
            score(fitted[index](known.features[rows]), known.animals()[rows], fold[rows] == index)
            for index in range(FOLDS)
            if (fold[rows] == index).any()
        ]
    )
