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
    is the share of whitening (0: none, 1: whole); ``views`` is the say of spoilt views of one photo beside
    photos of one animal. Chosen by cross-fitting over training animals.
    """

    shrink: float = 0.1
    power: float = 0.5
    views: float = 0.5
    dimension: int = 256


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
    total = np.zeros((features.shape[1],) * 2)
    freedom = 0
    for group in np.unique(groups):
        members = features[groups == group].astype(np.float64)
        centred = members - members.mean(0)
        total += centred.T @ centred
        freedom += len(members) - 1
    return total / max(1, freedom)


def fit(within: Matrix, everything: npt.NDArray[np.float32], recipe: Recipe) -> Projection:
    """Fit the map to a scatter ``within`` animals and to the features of ``everything``."""
    mean = everything.mean(0, dtype=np.float64)
    centred = everything - mean
    total = centred.T @ centred / len(centred)
    scale = np.trace(within) / np.trace(total)
    shrunk = (1 - recipe.shrink) * within + recipe.shrink * scale * total
    shrunk += 1e-6 * np.trace(shrunk) / len(shrunk) * np.eye(len(shrunk))
    spread, axes = np.linalg.eigh(shrunk)
    whitened = axes / spread ** (recipe.power / 2)
    _, kept = np.linalg.eigh(whitened.T @ total @ whitened)
    matrix = (whitened @ kept[:, ::-1][:, : recipe.dimension]).T
    matrix /= np.sqrt(np.mean(np.sum((centred @ matrix.T) ** 2, axis=1)))
    return Projection(matrix.astype(np.float32), (-matrix @ mean).astype(np.float32))
