"""Crops: photos of animals in; what the product would cut out of them, as they are and as cameras show them, out.

Features of the shipped network lie beside each crop: all that curves and joining are learned from.
"""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from homeward.domain.animals import Animal, Part, Species
from homeward.domain.animals import Picture as Pixels
from homeward.domain.boxes import Box
from homeward.domain.crops import cut, whole
from homeward.engine.recognise import Recognise
from homeward.images.reader import PillowReader
from homeward.models.prepare import fit
from homeward.models.registry import Registry
from training.embedder.features import Trunks
from training.embedder.sets import Picture

LOW_PX, HIGH_PX = 28, 170  # how high a camera shows an animal
LEAST_FACE_PX = 20
NIGHTS, BLURS = 0.3, 0.3
Floats = npt.NDArray[np.float32]
Copy = Literal["plain", "cam"]


@dataclass(frozen=True, slots=True)
class Cut:
    """A crop: number and animal of its photo, part, plain or as a camera shows it, its sides, the head's share."""

    photo: int
    animal: str
    species: str
    part: Part
    copy: Copy
    side_px: int
    head_share: float


@dataclass(frozen=True, slots=True)
class Crops:
    """Crops and the features of each, [n, channels]."""

    cuts: tuple[Cut, ...]
    features: Floats


class Cutter:
    """The product's detector and embedder on files of labelled photos."""

    def __init__(self, embedder: Path, detector: str = "homeward-detector-1") -> None:
        registry = Registry([])
        self._recognise = Recognise(registry.detector(detector, 1))
        self._input = registry.card("homeward-embedder-3").input
        self._reader = PillowReader(40_000_000, 50_000_000)
        self.trunks = Trunks(embedder)
        self._name = f"{self.trunks.name}-{str(registry.card(detector).sha256)[:8]}"

    def crops(self, pictures: Sequence[Picture], file: Path) -> Crops:
        """Of all pictures; kept as ``file``, in a folder named after trunks and detector."""
        file = file.parent / self._name / file.name
        if not file.exists():
            made = [(number, one) for number, picture in enumerate(pictures) for one in self._of(number, picture)]
            features = self.trunks(np.stack([fit(pixels, self._input).canvas for _, (_, pixels) in made]))
            rows = [row for _, (row, _) in made]
            file.parent.mkdir(parents=True, exist_ok=True)
            np.savez(file, f=features.astype(np.float16), rows=json.dumps(rows))
        with np.load(file) as kept:
            rows, features = json.loads(str(kept["rows"])), kept["f"].astype(np.float32)
        wanted = [n for n, row in enumerate(rows) if row["variant"] in {"plain", "cam"}]
        return Crops(tuple(_cut(rows[n]) for n in wanted), features[wanted])

    def photo(self, path: Path) -> Pixels:
        """As the product reads it."""
        return self._reader.read(path.read_bytes()).picture

    def animal(self, photo: Pixels, species: Species) -> Animal:
        """The surest of that species; else the surest at all, or the whole photo."""
        animals = self._recognise.look([photo])[0].animals
        of_species = [animal for animal in animals if animal.species is species]
        height, width = photo.shape[:2]
        return next(iter(of_species or animals), whole(width, height, species))

    def _of(self, number: int, picture: Picture) -> Iterator[tuple[dict[str, Any], Pixels]]:
        chance = np.random.default_rng(zlib.crc32(str(picture.path).encode()))
        photo = self.photo(picture.path)
        height, width = photo.shape[:2]
        boxes = {crop.part: crop.box for crop in self.animal(photo, Species(picture.species)).crops}
        body, face = boxes[Part.BODY], boxes.get(Part.FACE)
        about = {"n": number, "id": picture.identity, "sp": picture.species}
        about["share"] = face.area / body.area if face else 0.0
        high = float(np.exp(chance.uniform(np.log(LOW_PX), np.log(HIGH_PX))))
        seen = _through_camera(photo, chance, min(1.0, high / max(1.0, body.height)))
        scale = (seen.shape[1] / width, seen.shape[0] / height)
        for part, box in boxes.items():
            small = Box(box.x0 * scale[0], box.y0 * scale[1], box.x1 * scale[0], box.y1 * scale[1])
            yield from _row(about, part, "plain", cut(photo, box))
            if part is Part.BODY or min(small.width, small.height) >= LEAST_FACE_PX:
                yield from _row(about, part, "cam", cut(seen, small))


def _row(about: dict[str, Any], part: Part, copy: Copy, crop: Pixels) -> Iterator[tuple[dict[str, Any], Pixels]]:
    yield {**about, "part": part.value, "variant": copy, "ch": crop.shape[0], "cw": crop.shape[1]}, crop


def _cut(row: dict[str, Any]) -> Cut:
    side, share = min(row["cw"], row["ch"]), min(1.0, row["share"])
    return Cut(row["n"], row["id"], row["sp"], Part(row["part"]), row["variant"], side, share)


def _through_camera(photo: Pixels, chance: np.random.Generator, scale: float) -> Pixels:
    """Small, now and then blurred or dark, grey and noisy, through JPEG."""
    size = (max(8, round(photo.shape[1] * scale)), max(8, round(photo.shape[0] * scale)))
    how = Image.Resampling.BOX if scale < 1 else Image.Resampling.BILINEAR
    image, is_night = Image.fromarray(photo).resize(size, how), chance.random() < NIGHTS
    if chance.random() < BLURS:
        image = image.filter(ImageFilter.GaussianBlur(chance.uniform(0.4, 1.2)))
    seen = np.asarray(image).astype(np.float32)
    if is_night:
        grey = seen.mean(2, keepdims=True) * chance.uniform(0.25, 0.7) + chance.uniform(10, 50)
        seen = np.repeat(grey + chance.normal(0, chance.uniform(3, 12), (*seen.shape[:2], 1)), 3, 2)
    else:
        seen = seen * chance.uniform(0.6, 1.2) + chance.uniform(-20, 20)
    with io.BytesIO() as file:
        quality = int(chance.integers(40, 85))
        Image.fromarray(np.clip(seen, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=quality)
        return np.asarray(Image.open(file).convert("RGB"))
