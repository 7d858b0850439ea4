"""Hard pictures: animals shrunk to a few pixels, made-up nights, and the frames of two city cameras at night."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageFilter

from training.detector.boxes import iou
from training.detector.data import CAT, DOG, FILL, letterbox
from training.detector.model import Model
from training.detector.teacher import SIDE

HEIGHTS_PX = (32, 48, 64)
# Frames in which the dog is to be seen: all but the first eight of cam_05, all of cam_06.
CLIPS = {"cam_05": 8, "cam_06": 0}


def small_recall(model: Model, root: Path, thresholds: dict[str, float]) -> dict[str, float]:
    """Share of the bodies of ``oxford_heads`` found (IoU 0.5) once their photo is so small; cat or dog both count."""
    found = {}
    for height in HEIGHTS_PX:
        hits = [_is_found(model, picture, box, thresholds) for picture, box in _shrunk(root, height)]
        found[f"{height} px"] = round(float(np.mean(hits)), 4)
    return found


def _shrunk(root: Path, height_px: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The photo in the middle of a grey 416 x 416 picture (BGR), and the box of its animal, ``height_px`` high."""
    photos = {path.name: path for path in root.rglob("*.jpg")}
    with (root / "boxes.csv").open(newline="") as rows:
        bodies = [row for row in csv.DictReader(rows) if row["part"] != "head"]
    for row in bodies:
        box = np.array([float(row[key]) for key in ("xmin", "ymin", "xmax", "ymax")], np.float32)
        with Image.open(photos[row["image"]]) as photo:
            scale = height_px / (box[3] - box[1])
            size = (max(1, round(photo.width * scale)), max(1, round(photo.height * scale)))
            if max(size) > SIDE:
                continue
            small = photo.convert("RGB").resize(size, Image.Resampling.BOX)
        canvas = Image.new("RGB", (SIDE, SIDE), (FILL, FILL, FILL))
        left, top = (SIDE - size[0]) // 2, (SIDE - size[1]) // 2
        canvas.paste(small, (left, top))
        yield np.asarray(canvas)[..., ::-1].copy(), box * scale + np.array([left, top, left, top], np.float32)


def _is_found(model: Model, picture: np.ndarray, box: np.ndarray, thresholds: dict[str, float]) -> bool:
    names = {CAT: "cat", DOG: "dog"}
    rows = model.rows(picture)
    return any(
        int(row[0]) in names and row[5] >= thresholds[names[int(row[0])]] and iou(row[1:5], box[None])[0] >= 0.5
        for row in rows
    )


def night(photo: Image.Image, seed: int) -> Image.Image:
    """A photo as a bad camera shows it by night: grey, dark and flat, noisy, sharpened, through JPEG."""
    chance = np.random.default_rng(seed)
    grey = np.asarray(photo.convert("L"), np.float32) * chance.uniform(0.3, 0.6) + chance.uniform(10, 50)
    noisy = grey + chance.normal(0, chance.uniform(3, 8), grey.shape)
    sharp = Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).filter(
        ImageFilter.UnsharpMask(2, int(chance.uniform(100, 250)), 0)
    )
    file = io.BytesIO()
    sharp.save(file, "JPEG", quality=int(chance.uniform(30, 60)))
    return Image.open(file).convert("RGB")


def by_night(model: Model, root: Path, scenes: list[Path], thresholds: dict[str, float]) -> dict[str, float]:
    """Bodies of ``oxford_heads`` found (IoU 0.5; cat or dog both count), false pets of ``scenes``: all made `night`."""
    photos = {path.name: path for path in root.rglob("*.jpg")}
    with (root / "boxes.csv").open(newline="") as rows:
        bodies = [row for row in csv.DictReader(rows) if row["part"] != "head"]
    hits = []
    for seed, row in enumerate(bodies):
        box = np.array([float(row[key]) for key in ("xmin", "ymin", "xmax", "ymax")], np.float32)
        with Image.open(photos[row["image"]]) as photo:
            pixels, scale = letterbox(night(photo, seed))
        hits.append(_is_found(model, pixels, box * scale, thresholds))
    false = 0
    for seed, path in enumerate(scenes):
        with Image.open(path) as photo:
            false += _pets(model, night(photo, seed), thresholds)
    return {
        "oxford_heads_body_recall": round(float(np.mean(hits)), 4),
        "street_test_false_pets_per_100": round(100 * false / len(scenes), 2),
    }


def clips(model: Model, root: Path, thresholds: dict[str, float]) -> dict[str, dict[str, float]]:
    """Whole frames: the share of those with the dog in which a cat or a dog is seen, and further boxes per 100 frames.

    Nobody drew boxes on the clips: the first box of a frame is taken for the dog, every other one for false.
    """
    found = {}
    for name, first in CLIPS.items():
        counts = []
        with av.open(str(root / f"{name}.mp4")) as clip:
            for frame in clip.decode(video=0):
                counts.append(_pets(model, frame.to_image(), thresholds))
        shown = np.array(counts[first:])
        extra = np.clip(shown - 1, 0, None).sum() + sum(counts[:first])
        found[name] = {
            "frames_with_a_box": round(float((shown > 0).mean()), 4),
            "further_boxes_per_100_frames": round(100 * float(extra) / len(counts), 2),
        }
    return found


def _pets(model: Model, frame: Image.Image, thresholds: dict[str, float]) -> int:
    rows = model.rows(letterbox(frame)[0])
    return sum(bool(row[0] in {CAT, DOG} and row[5] >= thresholds[("cat", "dog")[int(row[0])]]) for row in rows)
