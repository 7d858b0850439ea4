"""Metrics: vectors and identities in, rank-1, mAP and EER out (leave-one-out). Never reads a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
Labels = npt.NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Scores:
    """How well vectors tell animals apart: shares between 0 and 1."""

    rank_1: float
    mean_ap: float
    eer: float
    animals: int
    photos: int


def l2_distances(vectors: Vectors) -> npt.NDArray[np.float32]:
    """True L2 distances between all rows, float32 [n, n]."""
    squares = np.sum(vectors * vectors, axis=1)
    return np.sqrt(np.maximum(squares[:, None] + squares[None, :] - 2 * vectors @ vectors.T, 0))


def score(vectors: Vectors, labels: Labels, queries: npt.NDArray[np.bool_] | None = None) -> Scores:
    """Each query (all photos if none are named) searches all other photos.

    Photos without a second one of their animal do not search; the EER is over all pairs with a query.
    """
    asking = np.arange(len(labels)) if queries is None else np.flatnonzero(queries)
    distances, same = l2_distances(vectors), labels[:, None] == labels[None, :]
    firsts, precisions = [], []
    for row in asking:
        others = np.arange(len(labels)) != row
        hits = same[row][others][np.argsort(distances[row][others], kind="stable")]
        if hits.any():
            firsts.append(bool(hits[0]))
            ranks = np.flatnonzero(hits) + 1
            precisions.append(float(np.mean(np.arange(1, len(ranks) + 1) / ranks)))
    pairs = ~np.eye(len(labels), dtype=bool)[asking]
    error = equal_error_rate(distances[asking][pairs], same[asking][pairs])
    animals = len(np.unique(labels[asking]))
    return Scores(float(np.mean(firsts)), float(np.mean(precisions)), error, animals, len(asking))


def pooled(scores: Sequence[Scores]) -> Scores:
    """One score for several groups of queries, each weighing as much as it has photos."""
    photos = np.array([one.photos for one in scores])
    values = np.array([(one.rank_1, one.mean_ap, one.eer) for one in scores])
    rank_1, mean_ap, eer = (float(value) for value in photos @ values / photos.sum())
    return Scores(rank_1, mean_ap, eer, sum(one.animals for one in scores), int(photos.sum()))


def equal_error_rate(distances: npt.NDArray[np.float32], same: npt.NDArray[np.bool_]) -> float:
    """The error at the threshold where as many strangers pass as same animals are refused."""
    order = np.argsort(distances, kind="stable")
    passed = same[order]
    refused_same = 1 - np.cumsum(passed) / max(1, passed.sum())
    passed_strangers = np.cumsum(~passed) / max(1, (~passed).sum())
    crossing = int(np.argmin(np.abs(refused_same - passed_strangers)))
    return float((refused_same[crossing] + passed_strangers[crossing]) / 2)
