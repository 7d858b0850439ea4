"""Cross-fit: each labelled animal measured by a network that never learned its name, to score and calibrate.

Trunks learn without one half of the animals and without the other, projections without each fold.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.embedder import projection
from training.embedder.metrics import Scores, pooled, score
from training.embedder.projection import Matrix, Projection, Recipe
from training.embedder.sets import Picture

FOLDS = 5
HALVES = ((0, 1, 2), (3, 4))  # folds whose animals trunks do not learn


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
    animals = known.animals().tolist()
    fold = fold_of(animals)
    return np.array([fold[name] for name in animals])


def fold_of(animals: Iterable[str]) -> dict[str, int]:
    """The fold of each animal."""
    return {name: index % FOLDS for index, name in enumerate(sorted(set(animals)))}


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


def half_of(fold: int) -> int:
    """The half that a fold belongs to."""
    return next(number for number, some in enumerate(HALVES) if fold in some)


def projections(halves: Sequence[Known], recipe: Recipe) -> list[Projection]:
    """One projection per fold, fitted without that fold's animals to features of trunks that never learned them."""
    by_fold = [halves[half_of(index)] for index in range(FOLDS)]
    return [fit(known, folds(known) != index, recipe) for index, known in enumerate(by_fold)]


def scores(halves: Sequence[Known], fitted: Sequence[Projection], set_name: str) -> Scores:
    """Photos of each fold's animals search the whole set, under that fold's projection."""
    rows, fold, animals = halves[0].rows(set_name), folds(halves[0]), halves[0].animals()
    return pooled(
        [
            score(fitted[index](halves[half_of(index)].features[rows]), animals[rows], fold[rows] == index)
            for index in range(FOLDS)
            if (fold[rows] == index).any()
        ]
    )
