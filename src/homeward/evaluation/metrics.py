"""Figures of retrieval, verification and detection; pure numpy."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.intp]


def ranks_and_precisions(distances: Floats, labels: Labels) -> tuple[list[int], list[float]]:
    """Leave-one-out over a square matrix of distances.

    For each query that has a twin: the rank (1 = first) of its first right answer, and its average precision.
    """
    ranks, precisions = [], []
    for query in range(len(labels)):
        others = np.delete(np.arange(len(labels)), query)
        order = others[np.argsort(distances[query, others], kind="stable")]
        right = labels[order] == labels[query]
        places = np.flatnonzero(right) + 1
        if len(places):
            ranks.append(int(places[0]))
            precisions.append(float(np.mean(np.arange(1, len(places) + 1) / places)))
    return ranks, precisions


def pairs(distances: Floats, labels: Labels) -> tuple[Floats, Floats]:
    """Distances of all pairs of one animal, and of all pairs of two."""
    upper = np.triu_indices(len(labels), 1)
    same = labels[upper[0]] == labels[upper[1]]
    found = distances[upper]
    return found[same], found[~same]


def rates(same: Floats, different: Floats) -> tuple[Floats, Floats, Floats]:
    """Thresholds, and at each the share of strangers accepted (FAR) and of the same animal accepted (TAR)."""
    thresholds = np.unique(np.concatenate([same, different]))
    far = np.searchsorted(np.sort(different), thresholds, side="right") / len(different)
    tar = np.searchsorted(np.sort(same), thresholds, side="right") / len(same)
    return thresholds, np.asarray(far, np.float64), np.asarray(tar, np.float64)


def equal_error_rate(same: Floats, different: Floats) -> float:
    """Where as many strangers are accepted as own animals refused, interpolated between thresholds."""
    _, far, tar = rates(same, different)
    far, refused = np.concatenate([[0.0], far]), np.concatenate([[1.0], 1 - tar])
    above = int(np.argmax(far >= refused))
    if above == 0:
        return float(far[0])
    gap_before = refused[above - 1] - far[above - 1]
    gap_after = far[above] - refused[above]
    share = gap_before / (gap_before + gap_after) if gap_before + gap_after else 0.0
    return float(far[above - 1] + share * (far[above] - far[above - 1]))


def accepted_at(same: Floats, different: Floats, far: float) -> float:
    """TAR at the largest threshold that accepts at most the share ``far`` of strangers."""
    _, fars, tars = rates(same, different)
    fitting = tars[fars <= far]
    return float(fitting.max()) if len(fitting) else 0.0


def average_precision(hits: Sequence[tuple[float, bool]], positives: int) -> float:
    """Area under the precision-recall curve at all points, precision made monotone; hits are (score, is right)."""
    precision, recall = precision_recall(hits, positives)
    if not len(recall):
        return 0.0
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(np.diff(recall, prepend=0.0) * envelope))


def precision_recall(hits: Sequence[tuple[float, bool]], positives: int) -> tuple[Floats, Floats]:
    """Precision and recall as the threshold falls."""
    if not hits or not positives:
        return np.zeros(0), np.zeros(0)
    right = np.array([hit for _, hit in sorted(hits, key=lambda hit: -hit[0])], np.float64)
    seen = np.cumsum(right)
    return seen / np.arange(1, len(right) + 1), seen / positives
