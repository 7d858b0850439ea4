"""Found boxes against true ones: hits, average precision, recall at a threshold."""

import numpy as np

from training.detector.boxes import Floats, iou

Hits = dict[int, list[tuple[float, bool]]]
Truths = list[tuple[int, Floats]]


def match(found: Floats, truths: Truths, hits: Hits) -> None:
    """Add (score, hit) of each row of ``found``; every truth is hit once at most, at IoU 0.5."""
    free = list(truths)
    for row in found:
        name, score = int(row[0]), float(row[5])
        overlaps = [float(iou(row[1:5], box[None])[0]) if kind == name else 0.0 for kind, box in free]
        best = int(np.argmax(overlaps)) if overlaps else -1
        hit = best >= 0 and bool(overlaps[best] >= 0.5)
        if hit:
            free.pop(best)
        hits[name].append((score, hit))


def average_precision(hits: list[tuple[float, bool]], positives: int) -> float:
    """Area under the precision-recall curve, all points, precision made monotone."""
    if not hits or not positives:
        return 0.0
    right = np.array([hit for _, hit in sorted(hits, key=lambda h: -h[0])])
    recall = np.cumsum(right) / positives
    precision = np.maximum.accumulate((np.cumsum(right) / np.arange(1, len(right) + 1))[::-1])[::-1]
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def recall_at(hits: list[tuple[float, bool]], positives: int, least: float) -> float:
    """Share of the truths hit by a box that scores ``least`` or more."""
    return sum(hit for score, hit in hits if score >= least) / max(positives, 1)
