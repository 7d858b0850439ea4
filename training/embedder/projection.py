"""Projection: pooled features and identities in, a linear map to 256 dimensions out. Learns in closed form.

The map shrinks the directions in which photos of one animal differ (part-whitening of the scatter within
animals, held back towards the total scatter) and keeps those in which animals differ (largest total scatter
left after that).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How far the projection trusts the identities.

    ``shrink`` mixes the total scatter into the scatter within animals (1: identities are ignored); ``power``
    is the share of whitening (0: none, 1: whole); ``views`` is the say of spoilt views of one photo, ``cameras`` that
    of a photo's crops beside what a camera shows of them; the rest is the say of photos of one animal. Only the
    ``directions`` in which features vary most are looked at. Chosen by cross-fitting over training animals.
    """

    shrink: float = 0.1
    power: float = 0.5
    views: float = 0.2
    cameras: float = 0.2
    directions: int = 1600
    dimension: int = 256


NAMELESS = Recipe(views=0.5, cameras=0.5)  # no say of photos of one animal


@dataclass(frozen=True, slots=True)
class Projection:
    """``vectors = features @ matrix.T + offset``, then L2-normalised."""

    matrix: npt.NDArray[np.float32]
    offset: npt.NDArray[np.float32]

    def __call__(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Unit vectors [n, dimension] of ``features`` [n, channels]."""
        vectors = features @ self.matrix.T + self.offset
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def scatter_within(features: npt.NDArray[np.float32], groups: npt.NDArray[np.str_]) -> Matrix:
    """Covariance around each group's mean; groups of one add nothing."""
    _, number, count = np.unique(groups, return_inverse=True, return_counts=True)
    sums = np.zeros((len(count), features.shape[1]))
    np.add.at(sums, number, features)
    centred = features - (sums / count[:, None])[number]
    return centred.T @ centred / max(1, len(features) - len(count))


def fit(within: Matrix, everything: npt.NDArray[np.float32], recipe: Recipe) -> Projection:
    """Fit the map to a scatter ``within`` animals and to the features of ``everything``."""
    mean = everything.mean(0, dtype=np.float64)
    centred = everything - mean
    total = centred.T @ centred / len(centred)
    leading = np.linalg.eigh(total)[1][:, ::-1][:, : recipe.directions]
    within, total = leading.T @ within @ leading, leading.T @ total @ leading
    scale = np.trace(within) / np.trace(total)
    shrunk = (1 - recipe.shrink) * within + recipe.shrink * scale * total
    shrunk += 1e-6 * np.trace(shrunk) / len(shrunk) * np.eye(len(shrunk))
    spread, axes = np.linalg.eigh(shrunk)
    whitened = axes / spread ** (recipe.power / 2)
    _, kept = np.linalg.eigh(whitened.T @ total @ whitened)
    matrix = (leading @ whitened @ kept[:, ::-1][:, : recipe.dimension]).T
    matrix /= np.sqrt(np.mean(np.sum((centred @ matrix.T) ** 2, axis=1)))
    return Projection(matrix.astype(np.float32), (-matrix @ mean).astype(np.float32))
