"""Calibration: pairs of same and different animals in, a falling table of log-likelihood ratios out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.embedder.pairs import Pairs

KNOTS = 13
LIMIT = 7.0
# The animals measured are few and photographed alike: a table keeps only this share of its ratios.
HONESTY = 0.85

Distances = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Table:
    """Natural-log likelihood ratio, same against different, at ascending L2 distances."""

    knots_l2: tuple[float, ...]
    llr: tuple[float, ...]
    pairs_same: int
    pairs_different: int


def table(pairs: Pairs) -> Table:
    """Fit by isotonic regression with both kinds weighing the same, then smooth, hold back and clamp."""
    distances = np.concatenate((pairs.same, pairs.different))
    is_same = np.concatenate((np.ones(len(pairs.same)), np.zeros(len(pairs.different))))
    weights = np.concatenate((pairs.weights_same, pairs.weights_different))
    order = np.argsort(distances)
    share = _falling(is_same[order], weights[order])
    low, high = np.quantile(pairs.same, 0.005), np.quantile(pairs.different, 0.9)
    knots = np.linspace(low, max(high, low + 0.1), KNOTS)
    raw = np.clip(np.log((share + 1e-4) / (1 - share + 1e-4)), -LIMIT, LIMIT)
    llr = _smooth(distances[order], raw, weights[order], knots) * HONESTY
    return Table(
        tuple(round(float(knot), 4) for knot in knots),
        tuple(round(float(value), 3) for value in np.minimum.accumulate(llr)),
        len(pairs.same),
        len(pairs.different),
    )


def _falling(values: Distances, weights: Distances) -> Distances:
    """Weighted least-squares fit that never rises (pool adjacent violators)."""
    means: list[float] = []
    masses: list[float] = []
    counts: list[int] = []
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        means.append(value)
        masses.append(weight)
        counts.append(1)
        while len(means) > 1 and means[-2] <= means[-1]:
            mass = masses[-2] + masses[-1]
            means[-2] = (means[-2] * masses[-2] + means[-1] * masses[-1]) / mass
            masses[-2], counts[-2] = mass, counts[-2] + counts[-1]
            del means[-1], masses[-1], counts[-1]
    return np.repeat(means, counts)


def _smooth(distances: Distances, values: Distances, weights: Distances, knots: Distances) -> Distances:
    """Weighted mean of ``values`` around each knot, under a Gaussian as wide as the knots lie apart."""
    width = knots[1] - knots[0]
    near = np.exp(-0.5 * ((knots[:, None] - distances[None, :]) / width) ** 2) * weights
    return np.asarray((near @ values) / near.sum(1))
