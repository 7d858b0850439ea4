"""Pictures and labels: which photos, their boxes, and which classes each photo is silent about.

Labels are rows (class, x0, y0, x1, y1) in pixels of the 416 letterbox. A photo says nothing about a head class where
heads were not looked for, or not found: such photos are no negatives for it (``silent``).
"""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from training.detector.teacher import SIDE, Teacher

CLASSES = ("cat", "dog", "person", "cat_head", "dog_head")
CAT_HEAD, DOG_HEAD = 3, 4
LEAST_SCORE = 0.35
FILL = 114
SETS = {
    "pets8k": "none stated",
    "detect/cat_faces/train": "none stated",
    "street/train/coco": "CC BY 4.0 annotations, Flickr photos",
    "street/train/pennfudan": "research",
}


@dataclass(frozen=True)
class Source:
    """A photo; head boxes (class, x0, y0, x1, y1 as shares of the picture); classes nobody looked for."""

    path: Path
    heads: tuple[tuple[int, float, float, float, float], ...]
    silent: tuple[int, ...]


def sources(shared: Path) -> list[Source]:
    """All photos that may be trained on, in a fixed order."""
    data = shared / "data"
    return [*_pets(data / "pets8k"), *_cat_faces(data / "detect/cat_faces"), *_street(data / "street/train")]


def _pets(root: Path) -> Iterator[Source]:
    heads = _dog_heads(root / "dog_heads_dlib.csv")
    for path in sorted(p for p in root.rglob("*") if p.suffix.lower() in {".jpg", ".jpeg", ".png"}):
        found = tuple(heads.get(path.name, ()))
        is_cat = "cat" in str(path.relative_to(root)).lower()
        yield Source(path, found, (CAT_HEAD,) if is_cat else () if found else (DOG_HEAD,))


def _dog_heads(file: Path) -> dict[str, list[tuple[int, float, float, float, float]]]:
    """By file name; the boxes grown by 1.1 about their centres, as shares of the picture."""
    boxes: dict[str, list[tuple[int, float, float, float, float]]] = {}
    with file.open(newline="") as rows:
        for row in csv.DictReader(rows):
            width, height = float(row["img_w"]), float(row["img_h"])
            x0, y0, x1, y1 = (float(row[key]) for key in ("x1", "y1", "x2", "y2"))
            dx, dy = (x1 - x0) * 0.05, (y1 - y0) * 0.05
            box = (DOG_HEAD, (x0 - dx) / width, (y0 - dy) / height, (x1 + dx) / width, (y1 + dy) / height)
            boxes.setdefault(Path(row["path"]).name, []).append(box)
    return boxes


def _cat_faces(root: Path) -> Iterator[Source]:
    for path in sorted((root / "images/train").iterdir()):
        label = root / "labels/train" / f"{path.stem}.txt"
        heads = []
        for line in label.read_text().splitlines() if label.exists() else []:
            _, x, y, w, h = (float(v) for v in line.split()[:5])
            heads.append((CAT_HEAD, x - w / 2, y - h / 2, x + w / 2, y + h / 2))
        yield Source(path, tuple(heads), ())


def _street(root: Path) -> Iterator[Source]:
    for path in sorted(p for p in root.rglob("*.jpg")):
        yield Source(path, (), (CAT_HEAD, DOG_HEAD))


def letterbox(picture: Image.Image) -> tuple[npt.NDArray[np.uint8], float]:
    """BGR, 416 x 416, the picture at the top left; and the scale."""
    scale = SIDE / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    canvas = np.full((SIDE, SIDE, 3), FILL, np.uint8)
    canvas[: size[1], : size[0]] = np.asarray(picture.convert("RGB").resize(size, Image.Resampling.BILINEAR))[..., ::-1]
    return canvas, scale


@dataclass(frozen=True)
class Pictures:
    """All photos decoded once. ``labels[i]`` are rows (class, x0, y0, x1, y1), ``silent[i]`` unknown classes."""

    pixels: npt.NDArray[np.uint8]
    sizes: list[tuple[int, int]]
    labels: list[npt.NDArray[np.float32]]
    silent: list[tuple[int, ...]]


def load(shared: Path, cache: Path, teacher: Teacher) -> Pictures:
    """Decode and label once; later from ``cache``."""
    file, notes = cache / "pictures.npy", cache / "labels.json"
    if not notes.exists():
        cache.mkdir(parents=True, exist_ok=True)
        _write(sources(shared), file, notes, teacher)
    rows = json.loads(notes.read_text())
    labels = [np.array(row["labels"], np.float32).reshape(-1, 5) for row in rows]
    sizes = [(int(row["size"][0]), int(row["size"][1])) for row in rows]
    return Pictures(np.load(file, mmap_mode="r"), sizes, labels, [tuple(row["silent"]) for row in rows])


def _write(photos: list[Source], file: Path, notes: Path, teacher: Teacher) -> None:
    pixels = np.lib.format.open_memmap(file, "w+", np.uint8, (len(photos), SIDE, SIDE, 3))
    rows = []
    for index, photo in enumerate(photos):
        with Image.open(photo.path) as picture:
            pixels[index], scale = letterbox(picture)
            width, height = picture.size
        found = teacher.boxes(np.asarray(pixels[index]), LEAST_SCORE)
        w, h = width * scale, height * scale
        heads = [[c, x0 * w, y0 * h, x1 * w, y1 * h] for c, x0, y0, x1, y1 in photo.heads]
        rows.append({"labels": found[:, :5].tolist() + heads, "silent": list(photo.silent), "size": [w, h]})
        if index % 500 == 0:
            print(f"labelled {index} of {len(photos)}", flush=True)
    pixels.flush()
    notes.write_text(json.dumps(rows))
