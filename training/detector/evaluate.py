"""Figures on pictures that nothing was trained on, beside the teacher's, as the card and the README state them."""

import csv
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from training.detector import hard
from training.detector.boxes import Floats
from training.detector.data import CLASSES, PERSON
from training.detector.model import Model
from training.detector.scoring import Hits, Truths, average_precision, match, recall_at
from training.detector.teacher import SIDE

ANIMALS = set(range(14, 24))  # of COCO, birds to giraffes
TEACHER_THRESHOLDS = {"cat": 0.4, "dog": 0.4, "person": 0.35}


def figures(
    mine: Model, other: Model, shared: Path, thresholds: dict[str, float], quiet: dict[str, float]
) -> dict[str, Any]:
    """Ours at the shipped thresholds and at the quiet ones, beside the teacher."""
    data = shared / "data"
    return {
        "homeward": of_model(mine, data, thresholds),
        "homeward_quiet": of_model(mine, data, quiet),
        "yolox_nano": of_model(other, data, TEACHER_THRESHOLDS),
        "pennfudan_test_people_of_yolox_nano_also_found": agreement(
            mine, other, data / "street/test/pennfudan", thresholds["person"]
        ),
        "ms_one_thread": dict(zip(("homeward", "yolox_nano"), milliseconds([mine, other]), strict=True)),
    }


def of_model(model: Model, data: Path, thresholds: dict[str, float]) -> dict[str, Any]:
    """What is measured of each model alone."""
    precision, recall = oxford_heads(model, data / "detect/oxford_heads", thresholds)
    street = data / "street/test"
    false = false_pets(model, scenes_without_pets(street), thresholds)
    return {
        "thresholds": thresholds,
        "oxford_heads_ap50": precision,
        "oxford_heads_recall_at_threshold": recall,
        "street_test_false_pets_per_100": false,
        "street_test_coco_person_recall": person_recall(model, street / "coco", thresholds["person"]),
        "oxford_heads_shrunk_body_recall": hard.small_recall(model, data / "detect/oxford_heads", thresholds),
        "by_night": hard.by_night(model, data / "detect/oxford_heads", scenes_without_animals(street), thresholds),
        "clips": hard.clips(model, data / "clips/resqpet_cctv", thresholds),
    }


def oxford_heads(model: Model, root: Path, thresholds: dict[str, float]) -> tuple[dict[str, float], dict[str, float]]:
    """AP at IoU 0.5, and recall at the threshold, of each class named in ``thresholds``."""
    wanted: dict[str, Truths] = defaultdict(list)
    with (root / "boxes.csv").open(newline="") as rows:
        for row in csv.DictReader(rows):
            name = CLASSES.index(row["species"] + ("_head" if row["part"] == "head" else ""))
            box = np.array([float(row[key]) for key in ("xmin", "ymin", "xmax", "ymax")], np.float32)
            wanted[row["image"]].append((name, box))
    photos = {path.name: path for path in root.rglob("*.jpg")}
    hits: Hits = defaultdict(list)
    for image, truths in wanted.items():
        match(model.boxes(photos[image]), truths, hits)
    counts = Counter(name for truths in wanted.values() for name, _ in truths)
    known = [(CLASSES[n], hits[n], counts[n]) for n in sorted(counts) if CLASSES[n] in thresholds]
    precision = {name: round(average_precision(found, count), 4) for name, found, count in known}
    return precision, {name: round(recall_at(found, n, thresholds[name]), 4) for name, found, n in known}


def scenes_without_pets(root: Path) -> list[Path]:
    """Street pictures on which nobody marked a cat or a dog."""
    return [path for path in sorted(root.rglob("*.jpg")) if not {15, 16} & {n for n, *_ in _marked(path)}]


def scenes_without_animals(root: Path) -> list[Path]:
    """Street pictures on which nobody marked any animal but people: a cow of the night counts for a dog."""
    return [path for path in sorted(root.rglob("*.jpg")) if not ANIMALS & {n for n, *_ in _marked(path)}]


def false_pets(model: Model, scenes: list[Path], thresholds: dict[str, float]) -> float:
    """Cats and dogs seen per 100 scenes."""
    rows = [row for path in scenes for row in model.boxes(path) if row[0] < PERSON]
    return round(100 * sum(bool(row[5] >= thresholds[CLASSES[int(row[0])]]) for row in rows) / len(scenes), 2)


def person_recall(model: Model, root: Path, least: float) -> float:
    """Share of the people marked by hand that are found (IoU 0.5)."""
    hits: Hits = defaultdict(list)
    total = 0
    for path in sorted(root.rglob("*.jpg")):
        with Image.open(path) as picture:
            width, height = picture.size
        people = [_corners(box, width, height) for number, *box in _marked(path) if number == 0]
        total += len(people)
        match(model.boxes(path), [(PERSON, box) for box in people], hits)
    return round(recall_at(hits[PERSON], total, least), 4)


def agreement(mine: Model, reference: Model, root: Path, least: float) -> float:
    """Share of the people whom ``reference`` sees at 0.5 that ``mine`` sees too: these photos have no boxes by hand."""
    hits: Hits = defaultdict(list)
    total = 0
    for path in sorted(root.rglob("*.jpg")):
        people = [row[1:5] for row in reference.boxes(path, 0.5) if row[0] == PERSON]
        total += len(people)
        match(mine.boxes(path), [(PERSON, box) for box in people], hits)
    return round(recall_at(hits[PERSON], total, least), 4)


def milliseconds(models: list[Model]) -> list[float]:
    """Median processor time of the network alone, the models taking turns, on one thread."""
    picture = np.zeros((SIDE, SIDE, 3), np.uint8)
    times: list[list[float]] = [[] for _ in models]
    for _ in range(40):
        for model, mine in zip(models, times, strict=True):
            start = time.process_time()
            model.table(picture)
            mine.append(time.process_time() - start)
    return [round(float(np.median(mine)) * 1000, 1) for mine in times]


def _marked(path: Path) -> list[tuple[float, ...]]:
    """Hand-made boxes (COCO class, x, y, w, h as shares) of a picture; none where there is no label file."""
    label = path.parent.parent / "labels" / f"{path.stem}.txt"
    lines = label.read_text().splitlines() if label.exists() else []
    return [tuple(float(value) for value in line.split()[:5]) for line in lines if line.strip()]


def _corners(box: list[float], width: int, height: int) -> Floats:
    x, y, w, h = box
    shares = (x - w / 2, y - h / 2, x + w / 2, y + h / 2)
    return np.array(shares, np.float32) * np.array([width, height, width, height], np.float32)
