"""Which score counts as an animal: chosen on pictures that may be trained on, so that test figures stay honest."""

from collections import defaultdict
from pathlib import Path

import numpy as np

from training.detector.data import CLASSES, Pictures
from training.detector.model import DOUBLES_IOU, Model
from training.detector.scoring import Hits, match

PICTURES = 800
STEP = 0.05
LEAST = 0.2
BETA_OF_HEADS = 2.0
# Half of the aim (1 per 100 scenes): these scenes were trained on, strange ones come out worse.
FALSE_PETS_PER_100 = 0.5


def chosen(model: Model, pictures: Pictures) -> dict[str, float]:
    """Best F per class on training pictures; and the overlap above which two boxes are doubles."""
    return {**best_f(training_hits(model, pictures)), "nms_iou": DOUBLES_IOU}


def quiet(model: Model, scenes: list[Path], least: dict[str, float]) -> dict[str, float]:
    """``least``, with cat and dog raised until ``scenes`` without one show hardly any: for cameras."""
    score = quiet_score(model, scenes)
    return {**least, **{name: max(least[name], score) for name in ("cat", "dog")}}


def training_hits(model: Model, pictures: Pictures) -> Hits:
    """(score, hit) on every n-th training picture; what a picture is silent about is left out."""
    hits: Hits = defaultdict(list)
    for index in range(0, len(pictures.labels), max(1, len(pictures.labels) // PICTURES)):
        rows = model.rows(np.asarray(pictures.pixels[index]))
        rows = rows[~np.isin(rows[:, 0], pictures.silent[index])]
        match(rows, [(int(label[0]), label[1:]) for label in pictures.labels[index]], hits)
    return hits


def best_f(hits: Hits) -> dict[str, float]:
    """Per class, among the labels that were found at all, the score with the best F, in steps of 0.05.

    F1 for bodies and people; F2 for heads, which count only within a body: a missed one costs more than a false one.
    """
    scores = {}
    for index, name in enumerate(CLASSES):
        ranked = sorted(hits[index], key=lambda h: -h[0])
        right = np.cumsum([hit for _, hit in ranked])
        weight = BETA_OF_HEADS**2 if name.endswith("_head") else 1.0
        f = (1 + weight) * right / (np.arange(1, len(ranked) + 1) + weight * right[-1])
        score = float(ranked[int(np.argmax(f))][0])
        scores[name] = round(max(LEAST, round(score / STEP) * STEP), 2)
    return scores


def quiet_score(model: Model, scenes: list[Path]) -> float:
    """Lowest step at which scenes without a cat or dog show no more false ones than allowed."""
    scores = np.array([row[5] for path in scenes for row in model.boxes(path) if row[0] < 2])
    allowed = FALSE_PETS_PER_100 * len(scenes) / 100
    steps = np.arange(LEAST, 0.96, STEP)
    return round(float(next((s for s in steps if (scores >= s).sum() <= allowed), steps[-1])), 2)
