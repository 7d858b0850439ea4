"""Figures on pictures that nothing was trained on, beside the teacher's; and the thresholds that they suggest."""

import csv
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
from PIL import Image

from training.detector.boxes import Floats, decode, iou, keep_best
from training.detector.data import CLASSES, Pictures, letterbox
from training.detector.teacher import COCO, SIDE

LEAST = 0.02
Run = Callable[[npt.NDArray[np.uint8]], Floats]


@dataclass(frozen=True)
class Model:
    """A YOLOX-headed file: which output class is which of ours."""

    session: ort.InferenceSession
    classes: dict[int, int]

    @classmethod
    def open(cls, file: Path, classes: dict[int, int]) -> "Model":
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        return cls(ort.InferenceSession(str(file), options, providers=["CPUExecutionProvider"]), classes)

    def table(self, picture: npt.NDArray[np.uint8]) -> Floats:
        """Raw table for a BGR picture of 416 x 416."""
        return np.asarray(self.session.run(None, {"images": picture.transpose(2, 0, 1)[None].astype(np.float32)})[0][0])

    def boxes(self, path: Path, least: float = LEAST) -> Floats:
        """Rows (class, x0, y0, x1, y1, score) in the picture's own pixels."""
        with Image.open(path) as picture:
            pixels, scale = letterbox(picture)
        table = self.table(pixels)
        scores = table[:, 4:5] * table[:, [5 + index for index in self.classes]]
        rows = keep_best(decode(table[:, :4], SIDE), scores, least, iou=0.5, classes=list(self.classes.values()))
        rows[:, 1:5] /= scale
        return rows


def ours(file: Path) -> Model:
    return Model.open(file, {index: index for index in range(len(CLASSES))})


def teacher(file: Path) -> Model:
    return Model.open(file, COCO)


def average_precision(hits: list[tuple[float, bool]], positives: int) -> float:
    """Area under the precision-recall curve, all points, precision made monotone."""
    if not hits or not positives:
        return 0.0
    right = np.array([hit for _, hit in sorted(hits, key=lambda h: -h[0])])
    recall = np.cumsum(right) / positives
    precision = np.maximum.accumulate((np.cumsum(right) / np.arange(1, len(right) + 1))[::-1])[::-1]
    return float(np.sum(np.diff(recall, prepend=0.0) * precision))


def heads_and_bodies(model: Model, root: Path) -> tuple[dict[str, float], dict[str, list[tuple[float, bool]]]]:
    """AP at IoU 0.5 per class on oxford_heads; and each class's (score, hit)."""
    wanted: dict[str, list[tuple[int, Floats]]] = defaultdict(list)
    with (root / "boxes.csv").open(newline="") as rows:
        for row in csv.DictReader(rows):
            name = CLASSES.index(row["species"] + ("_head" if row["part"] == "head" else ""))
            box = np.array([float(row[key]) for key in ("xmin", "ymin", "xmax", "ymax")], np.float32)
            wanted[row["image"]].append((name, box))
    hits: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    positives: dict[int, int] = defaultdict(int)
    folder = root / "images" if (root / "images").is_dir() else root
    for image, truths in wanted.items():
        for name, _ in truths:
            positives[name] += 1
        _match(model.boxes(folder / image), truths, hits)
    named = {CLASSES[name]: round(average_precision(hits[name], n), 4) for name, n in sorted(positives.items())}
    return named, {CLASSES[name]: found for name, found in hits.items()}


def _match(found: Floats, truths: list[tuple[int, Floats]], hits: dict[int, list[tuple[float, bool]]]) -> None:
    free = list(truths)
    for row in found:
        name, score = int(row[0]), float(row[5])
        overlaps = [float(iou(row[1:5], box[None])[0]) if kind == name else 0.0 for kind, box in free]
        best = int(np.argmax(overlaps)) if overlaps else -1
        hit = best >= 0 and overlaps[best] >= 0.5
        if hit:
            free.pop(best)
        hits[name].append((score, hit))


def false_animals(model: Model, root: Path, thresholds: dict[str, float]) -> float:
    """Cats and dogs seen per 100 street scenes that have none."""
    scenes = [path for path in sorted(root.rglob("*.jpg")) if not _has_pet(path)]
    false = 0
    for path in scenes:
        rows = model.boxes(path)
        false += sum(row[5] >= thresholds[CLASSES[int(row[0])]] for row in rows if row[0] < 2)
    return round(100 * false / len(scenes), 2)


def _has_pet(path: Path) -> bool:
    label = path.with_suffix(".txt")
    if not label.exists():
        label = Path(str(path.parent).replace("images", "labels")) / f"{path.stem}.txt"
    return label.exists() and any(line.split()[0] in {"15", "16"} for line in label.read_text().splitlines() if line)


def person_recall(mine: Model, reference: Model, root: Path, least: float) -> float:
    """Share of the people whom the teacher sees surely (0.5) in pennfudan that ``mine`` sees too."""
    seen = total = 0
    for path in sorted(root.rglob("*.jpg")):
        people = [row for row in reference.boxes(path, 0.5) if row[0] == 2]
        found = [row for row in mine.boxes(path, least) if row[0] == 2]
        boxes = np.array([row[1:5] for row in found], np.float32).reshape(-1, 4)
        total += len(people)
        seen += sum(len(boxes) > 0 and float(iou(person[1:5], boxes).max()) >= 0.5 for person in people)
    return round(seen / max(total, 1), 4)


def training_hits(model: Model, pictures: Pictures, count: int = 800) -> dict[str, list[tuple[float, bool]]]:
    """Each class's (score, hit) on every n-th training picture; what a picture is silent about is left out."""
    hits: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for index in range(0, len(pictures.labels), max(1, len(pictures.labels) // count)):
        table = model.table(np.asarray(pictures.pixels[index]))
        scores = table[:, 4:5] * table[:, [5 + i for i in model.classes]]
        rows = keep_best(decode(table[:, :4], SIDE), scores, LEAST, iou=0.5, classes=list(model.classes.values()))
        rows = rows[~np.isin(rows[:, 0], pictures.silent[index])]
        _match(rows, [(int(label[0]), label[1:]) for label in pictures.labels[index]], hits)
    return {CLASSES[name]: found for name, found in hits.items()}


def suggested(hits: dict[str, list[tuple[float, bool]]]) -> dict[str, float]:
    """Per class the score with the best F1, rounded to 0.05, at least 0.2."""
    chosen = {}
    for name, found in hits.items():
        ranked = sorted(found, key=lambda h: -h[0])
        right = np.cumsum([hit for _, hit in ranked])
        f1 = 2 * right / (np.arange(1, len(ranked) + 1) + right[-1])
        chosen[name] = max(0.2, round(float(ranked[int(np.argmax(f1))][0]) / 0.05) * 0.05)
    return {name: round(value, 2) for name, value in chosen.items()}


def milliseconds(model: Model) -> float:
    """Median time of the network alone on one thread."""
    picture = np.zeros((SIDE, SIDE, 3), np.uint8)
    times = []
    for _ in range(30):
        start = time.process_time()
        model.table(picture)
        times.append(time.process_time() - start)
    return round(float(np.median(times)) * 1000, 1)


def figures(file: Path, reference: Path, shared: Path, thresholds: dict[str, float]) -> dict[str, Any]:
    """Everything that the card and the README state."""
    mine, other = ours(file), teacher(reference)
    street = shared / "data/street/test"
    theirs = {**thresholds, "cat": 0.4, "dog": 0.4}
    return {
        "oxford_heads_ap50": heads_and_bodies(mine, shared / "data/detect/oxford_heads")[0],
        "oxford_heads_ap50_yolox_nano": {
            k: v for k, v in heads_and_bodies(other, shared / "data/detect/oxford_heads")[0].items() if "head" not in k
        },
        "street_test_false_pets_per_100": false_animals(mine, street, thresholds),
        "street_test_false_pets_per_100_yolox_nano_at_0.4": false_animals(other, street, theirs),
        "pennfudan_test_people_of_yolox_nano_found": person_recall(
            mine, other, street / "pennfudan", thresholds["person"]
        ),
        "ms_one_thread": milliseconds(mine),
        "ms_one_thread_yolox_nano": milliseconds(other),
    }
