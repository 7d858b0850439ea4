"""Pairs: vectors and animals in, distances of same and different animals out, with weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.embedder.metrics import Vectors, l2_distances

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Distances of pairs and how much each counts; the weights of each kind sum to one."""

    same: Array
    different: Array
    weights_same: Array
    weights_different: Array


def pairs_of(vectors: Vectors, animals: npt.NDArray[np.str_], strangers: Vectors) -> Pairs:
    """All pairs within ``vectors`` [n, d], and each of them with each of ``strangers`` [m, d].

    A same-animal pair counts one over the square root of its animal's pairs; strangers have half of the
    different pairs' say.
    """
    first, second = np.triu_indices(len(vectors), k=1)
    distances = l2_distances(vectors)[first, second].astype(np.float64)
    same = animals[first] == animals[second]
    _, inverse, counts = np.unique(animals[first[same]], return_inverse=True, return_counts=True)
    outside = np.linalg.norm(vectors[:, None] - strangers[None], axis=2).ravel().astype(np.float64)
    inside = distances[~same]
    shares = np.concatenate((np.full(len(inside), 0.5 / len(inside)), np.full(len(outside), 0.5 / len(outside))))
    weights = counts[inverse] ** -0.5
    return Pairs(distances[same], np.concatenate((inside, outside)), weights / weights.sum(), shares / shares.sum())


def mixed(parts: Sequence[tuple[Pairs, float]]) -> Pairs:
    """Several sets together, each with its share of the say, however many pairs it has."""
    total = sum(share for _, share in parts)
    return Pairs(
        np.concatenate([pairs.same for pairs, _ in parts]),
        np.concatenate([pairs.different for pairs, _ in parts]),
        np.concatenate([pairs.weights_same * share / total for pairs, share in parts]),
        np.concatenate([pairs.weights_different * share / total for pairs, share in parts]),
    )
