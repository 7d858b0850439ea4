"""Pictures and labels: which photos, their boxes, and which classes each photo is silent about.

Labels are rows (class, x0, y0, x1, y1) in pixels of the 416 letterbox. A photo says nothing about a class that was
not looked for, or not found though it is there: such photos are no negatives for it (``silent``). Where the folder
names the animal, a body that the teacher took for the other species gets the folder's name.
"""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from training.detector.boxes import Floats, iou
from training.detector.teacher import COCO, SIDE, Teacher

CLASSES = ("cat", "dog", "person", "cat_head", "dog_head")
CAT, DOG, PERSON, CAT_HEAD, DOG_HEAD = range(5)
LEAST_SCORE = 0.35
# A photo that is known to show an animal is believed at a lower score, if nothing scores more.
LEAST_KNOWN = 0.1
DOUBLES_IOU = 0.5
# The same photo, larger, is oxford_heads/wheaten_terrier_171.jpg: kept for the figures.
TEST_PHOTOS = {"2bc9073d1664907cd2c44574980bb872.jpg"}
STREET_SHARE = 0.15
FILL = 114
SETS = {
    "pets8k": "none stated",
    "detect/cat_faces/train": "none stated",
    "street/train/coco": "CC BY 4.0 annotations, Flickr photos",
    "street/train/pennfudan": "research",
}


Shares = tuple[int, float, float, float, float]


@dataclass(frozen=True)
class Source:
    """A photo; boxes by hand or machine (class, x0, y0, x1, y1 as shares of the picture); what it is silent about.

    ``species`` is what the folder says is on it; ``by_hand`` means that bodies and people were marked, so that nobody
    asks the teacher.
    """

    path: Path
    boxes: tuple[Shares, ...] = ()
    silent: tuple[int, ...] = ()
    species: int | None = None
    by_hand: bool = False
    street: bool = False


def sources(shared: Path) -> list[Source]:
    """All photos that may be trained on, in a fixed order."""
    data = shared / "data"
    return [*_pets(data / "pets8k"), *_cat_faces(data / "detect/cat_faces"), *_street(data / "street/train")]


def _pets(root: Path) -> Iterator[Source]:
    heads = _dog_heads(root / "dog_heads_dlib.csv")
    for path in sorted(p for p in root.rglob("*") if p.suffix.lower() in {".jpg", ".jpeg", ".png"}):
        if path.name in TEST_PHOTOS:
            continue
        found = tuple(heads.get(path.name, ()))
        folder = str(path.relative_to(root)).rsplit("/", 1)[0].lower()
        is_cat = "cat" in folder.replace("catdog", "")
        yield Source(path, found, (CAT_HEAD,) if is_cat else () if found else (DOG_HEAD,), CAT if is_cat else DOG)


def _dog_heads(file: Path) -> dict[str, list[Shares]]:
    """By file name; the boxes grown by 1.1 about their centres, as shares of the picture."""
    boxes: dict[str, list[Shares]] = {}
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
        heads = tuple((CAT_HEAD, *box) for _, box in _marked(root / "labels/train" / f"{path.stem}.txt"))
        yield Source(path, heads, species=CAT)


def _street(root: Path) -> Iterator[Source]:
    """Of COCO the boxes by hand; of Penn-Fudan, which has none, the teacher's."""
    for path in sorted(p for p in root.rglob("*.jpg")):
        labels = path.parent.parent / "labels" / f"{path.stem}.txt"
        by_hand = path.parent.parent.name == "coco"
        boxes = tuple((COCO[name], *box) for name, box in _marked(labels) if name in COCO) if by_hand else ()
        yield Source(path, boxes, (CAT_HEAD, DOG_HEAD), by_hand=by_hand, street=True)


def _marked(file: Path) -> Iterator[tuple[int, tuple[float, float, float, float]]]:
    """Class and corners, as shares of the picture, of a label file in YOLO's format; none where there is no file."""
    for line in file.read_text().splitlines() if file.exists() else []:
        name, x, y, w, h = (float(v) for v in line.split()[:5])
        yield int(name), (x - w / 2, y - h / 2, x + w / 2, y + h / 2)


def letterbox(picture: Image.Image) -> tuple[npt.NDArray[np.uint8], float]:
    """BGR, 416 x 416, the picture at the top left; and the scale."""
    scale = SIDE / max(picture.size)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    canvas = np.full((SIDE, SIDE, 3), FILL, np.uint8)
    canvas[: size[1], : size[0]] = np.asarray(picture.convert("RGB").resize(size, Image.Resampling.BILINEAR))[..., ::-1]
    return canvas, scale


@dataclass(frozen=True)
class Pictures:
    """All photos decoded once. ``labels[i]`` are rows (class, x0, y0, x1, y1), ``silent[i]`` unknown classes.

    ``species[i]`` is the class that the folder names, -1 where it names none. ``chances`` [n] is how often each is
    drawn: scenes of streets are few and get a fixed share.
    """

    pixels: npt.NDArray[np.uint8]
    sizes: list[tuple[int, int]]
    labels: list[npt.NDArray[np.float32]]
    silent: list[tuple[int, ...]]
    species: list[int]
    chances: npt.NDArray[np.float64]

    def some(self, indices: npt.NDArray[np.int64]) -> "Pictures":
        """Only these, each drawn as often as the others."""
        return Pictures(
            self.pixels[np.sort(indices)],
            *([column[i] for i in np.sort(indices)] for column in (self.sizes, self.labels, self.silent, self.species)),
            np.full(len(indices), 1 / len(indices)),
        )


def load(shared: Path, cache: Path, teacher: Teacher) -> Pictures:
    """Decode and label once; later from ``cache``."""
    file, notes = cache / "pictures.npy", cache / "labels.json"
    if not notes.exists():
        cache.mkdir(parents=True, exist_ok=True)
        _write(sources(shared), file, notes, teacher)
    rows = json.loads(notes.read_text())
    labels = [np.array(row["labels"], np.float32).reshape(-1, 5) for row in rows]
    sizes = [(int(row["size"][0]), int(row["size"][1])) for row in rows]
    street = np.array([row["street"] for row in rows])
    chances = np.where(street, STREET_SHARE / street.sum(), (1 - STREET_SHARE) / (~street).sum())
    species = [-1 if row["species"] is None else int(row["species"]) for row in rows]
    silent = [tuple(row["silent"]) for row in rows]
    return Pictures(np.load(file, mmap_mode="r"), sizes, labels, silent, species, chances)


def _write(photos: list[Source], file: Path, notes: Path, teacher: Teacher) -> None:
    pixels = np.lib.format.open_memmap(file, "w+", np.uint8, (len(photos), SIDE, SIDE, 3))
    rows = []
    for index, photo in enumerate(photos):
        with Image.open(photo.path) as picture:
            pixels[index], scale = letterbox(picture)
            width, height = picture.size
        w, h = width * scale, height * scale
        boxes = [[c, x0 * w, y0 * h, x1 * w, y1 * h] for c, x0, y0, x1, y1 in photo.boxes]
        bodies, silent = _bodies(photo, np.asarray(pixels[index]), teacher)
        rows.append({
            "labels": bodies + boxes, "silent": list(silent), "size": [w, h], "street": photo.street,
            "species": photo.species,
        })  # fmt: skip
        if index % 500 == 0:
            print(f"labelled {index} of {len(photos)}", flush=True)
    pixels.flush()
    notes.write_text(json.dumps(rows))


def _bodies(
    photo: Source, pixels: npt.NDArray[np.uint8], teacher: Teacher
) -> tuple[list[list[float]], tuple[int, ...]]:
    """What the teacher sees, under the folder's name of the animal; and what the photo is silent about."""
    if photo.by_hand:
        return [], photo.silent
    rows = teacher.boxes(pixels, LEAST_KNOWN)
    if photo.species is None:
        return rows[rows[:, 5] >= LEAST_SCORE, :5].tolist(), photo.silent
    pets = rows[:, 0] != PERSON
    rows[pets, 0] = photo.species
    sure = rows[:, 5] >= LEAST_SCORE
    if not (sure & pets).any() and pets.any():
        sure[np.flatnonzero(pets)[np.argmax(rows[pets, 5])]] = True
    rows = rows[sure]
    silent = photo.silent if (rows[:, 0] == photo.species).any() else (photo.species, *photo.silent)
    return _without_doubles(rows)[:, :5].tolist(), silent


def _without_doubles(rows: Floats) -> Floats:
    """Boxes of one class that lie over a surer one go: renaming makes some."""
    kept: list[Floats] = []
    for row in rows[np.argsort(-rows[:, 5])]:
        rivals = [other for other in kept if other[0] == row[0]]
        if not rivals or iou(row[1:5], np.array(rivals)[:, 1:5]).max() < DOUBLES_IOU:
            kept.append(row)
    return np.array(kept, np.float32).reshape(-1, 6)
