"""Views: cached pictures moved, shrunk, mixed and dimmed, with their labels. Seeded by the caller's generator."""

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from training.detector.data import FILL, Pictures
from training.detector.teacher import SIDE

Floats = npt.NDArray[np.float32]
MIN_SIDE_PX = 6.0


@dataclass(frozen=True)
class View:
    """BGR picture 416 x 416; labels and unknown areas, rows (class, x0, y0, x1, y1)."""

    picture: npt.NDArray[np.uint8]
    labels: Floats
    unknown: Floats


def view(pictures: Pictures, rng: np.random.Generator) -> View:
    """One training view: a third are mosaics of four, the others one picture, scaled and shifted."""
    if rng.random() < 0.35:
        centre = rng.uniform(0.35, 0.65, 2) * SIDE
        cells = [(0.0, 0.0, *centre), (centre[0], 0.0, SIDE, centre[1]),
                 (0.0, centre[1], centre[0], SIDE), (*centre, SIDE, SIDE)]  # fmt: skip
    else:
        cells = [(0.0, 0.0, SIDE, SIDE)]
    canvas = np.full((SIDE, SIDE, 3), FILL, np.uint8)
    labels, unknown = [], []
    for cell in cells:
        mine, silent = _place(
            canvas, pictures, int(np.searchsorted(np.cumsum(pictures.chances), rng.random())), cell, rng
        )
        labels.append(mine)
        unknown.append(silent)
    return View(_dimmed(canvas, rng), np.concatenate(labels), np.concatenate(unknown))


def _place(
    canvas: npt.NDArray[np.uint8],
    pictures: Pictures,
    index: int,
    cell: tuple[float, ...],
    rng: np.random.Generator,
) -> tuple[Floats, Floats]:
    x0, y0, x1, y1 = (round(v) for v in cell)
    width, height = pictures.sizes[index]
    fit = min((x1 - x0) / width, (y1 - y0) / height)
    scale = fit * (rng.uniform(0.8, 1.6) if rng.random() < 0.6 else rng.uniform(0.15, 0.8))
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    source = Image.fromarray(pictures.pixels[index][: round(height), : round(width)])
    part = np.asarray(source.resize(size, Image.Resampling.BILINEAR))
    labels = pictures.labels[index].copy()
    labels[:, 1:] *= scale
    if rng.random() < 0.5:
        part = part[:, ::-1]
        labels[:, [1, 3]] = size[0] - labels[:, [3, 1]]
    left = round(rng.uniform(min(0, x1 - x0 - size[0]), max(0, x1 - x0 - size[0])))
    top = round(rng.uniform(min(0, y1 - y0 - size[1]), max(0, y1 - y0 - size[1])))
    shown = (max(x0, x0 + left), max(y0, y0 + top), min(x1, x0 + left + size[0]), min(y1, y0 + top + size[1]))
    canvas[shown[1] : shown[3], shown[0] : shown[2]] = part[
        shown[1] - y0 - top : shown[3] - y0 - top, shown[0] - x0 - left : shown[2] - x0 - left
    ]
    labels[:, [1, 3]] += x0 + left
    labels[:, [2, 4]] += y0 + top
    unknown = np.array([[c, *shown] for c in pictures.silent[index]], np.float32).reshape(-1, 5)
    return _clipped(labels, shown), unknown


def _clipped(labels: Floats, shown: tuple[int, int, int, int]) -> Floats:
    """Labels inside ``shown``; those of which less than 40 % are left, or too small, go."""
    area = np.prod(labels[:, 3:5] - labels[:, 1:3], 1)
    cut = labels.copy()
    cut[:, [1, 3]] = np.clip(cut[:, [1, 3]], shown[0], shown[2])
    cut[:, [2, 4]] = np.clip(cut[:, [2, 4]], shown[1], shown[3])
    sides = cut[:, 3:5] - cut[:, 1:3]
    return cut[(np.prod(sides, 1) > 0.4 * area) & (sides.min(1, initial=np.inf) >= MIN_SIDE_PX)]


def _dimmed(picture: npt.NDArray[np.uint8], rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Light, contrast, grey, blur, noise: days, nights and bad cameras."""
    x = picture.astype(np.float32)
    if rng.random() < 0.15:
        x[:] = x.mean(2, keepdims=True)
    x = x * rng.uniform(0.5, 1.3) + rng.uniform(-25, 25)
    x *= rng.uniform(0.9, 1.1, 3)
    if rng.random() < 0.2:
        x += rng.normal(0, rng.uniform(2, 14), x.shape)
    out = np.clip(x, 0, 255).astype(np.uint8)
    if rng.random() < 0.15:
        out = np.asarray(Image.fromarray(out).filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 2.0))))
    return _through_jpeg(out, int(rng.integers(15, 70))) if rng.random() < 0.3 else out


def _through_jpeg(picture: npt.NDArray[np.uint8], quality: int) -> npt.NDArray[np.uint8]:
    with io.BytesIO() as file:
        Image.fromarray(picture).save(file, "JPEG", quality=quality)
        return np.asarray(Image.open(file))
