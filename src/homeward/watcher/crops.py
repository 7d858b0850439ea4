"""Crops: the whole animal with a margin, how good a likeness it is, and people kept out of it."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from homeward.domain.animals import Animal, Part, Picture
from homeward.domain.boxes import Box
from homeward.domain.crops import cut, head_region

MARGIN = 0.15
EDGE_PX = 2.0
JPEG_QUALITY = 92
MOST_SIDE_PX = 1600
SHARP_SIDE_PX = 128
SHARP_HALF = 60.0  # variance of the Laplacian at which a crop counts as half sharp
SIZE_HALF_PX = 80.0
CUT_OFF = 0.4
FACE_GAIN, FACE_HALF_PX = 0.5, 64.0  # a face counts half as much again, half of that at so many pixels
PERSON_MARGIN = 0.1
HELD = 0.6  # share of an animal within a person's head: then it cannot be shown without the person


@dataclass(frozen=True)
class Crop:
    """An animal on a frame: the picture to send and where on the frame it was cut."""

    picture: Picture
    at: Box
    animal: Animal
    is_cut_off: bool

    @property
    def face_px(self) -> float:
        """The smaller side of the head; 0 where none was seen."""
        heads = [crop.box for crop in self.animal.crops if crop.part is Part.FACE]
        return max((min(head.width, head.height) for head in heads), default=0.0)

    @property
    def has_face(self) -> bool:
        """Whether a head was seen."""
        return self.face_px > 0

    @property
    def box(self) -> Box:
        """The animal on ``picture``, in pixels."""
        own = self.animal.box
        moved = Box(own.x0 - self.at.x0, own.y0 - self.at.y0, own.x1 - self.at.x0, own.y1 - self.at.y0)
        return moved.clipped(self.picture.shape[1], self.picture.shape[0])

    @cached_property
    def quality(self) -> float:
        """How good a likeness: confidence, sharpness and size; less where cut off, more with a large face."""
        return self._plain_quality * (1.0 + FACE_GAIN * self.face_px / (self.face_px + FACE_HALF_PX))

    @property
    def most_quality(self) -> float:
        """What `quality` would be with the largest of faces."""
        return self._plain_quality * (1.0 + FACE_GAIN)

    @cached_property
    def _plain_quality(self) -> float:
        size = min(self.animal.box.width, self.animal.box.height)
        found = self.animal.confidence * size / (size + SIZE_HALF_PX) * sharpness(cut(self.picture, self.box))
        return float(found) * (CUT_OFF if self.is_cut_off else 1.0)

    def jpeg(self) -> bytes:
        """To send; shrunk where it is very large."""
        picture = Image.fromarray(self.picture)
        picture.thumbnail((MOST_SIDE_PX, MOST_SIDE_PX))
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=JPEG_QUALITY)
        return file.getvalue()

    @property
    def shrunk(self) -> float:
        """By how much `jpeg` is smaller than ``picture``."""
        return float(min(1.0, MOST_SIDE_PX / max(self.picture.shape[:2])))


def crop_of(frame: Picture, animal: Animal, people: Sequence[Box]) -> Crop | None:
    """The animal with 15 % around it; people are cut away or made unrecognisable. None where that cannot be done."""
    height, width = frame.shape[:2]
    at = animal.box.grown(MARGIN).clipped(width, height)
    near = [person for person in people if person.overlap(at).area > 0]
    for person in near:
        at = _beside(at, animal.box, person)
    strangers = [person.grown(PERSON_MARGIN) for person in near]
    if any(head_region(person).overlap(animal.box).area > HELD * animal.box.area for person in strangers):
        return None
    own = animal.box
    is_cut_off = own.x0 < EDGE_PX or own.y0 < EDGE_PX or own.x1 > width - EDGE_PX or own.y1 > height - EDGE_PX
    rounded = Box(*(float(side) for side in at.rounded()))
    picture = cut(frame, rounded)
    for person in strangers:
        picture = _blurred(picture, person, own, rounded)
    return Crop(picture, rounded, animal, is_cut_off)


def sharpness(picture: Picture) -> float:
    """0 (a blur) to 1, from the variance of the Laplacian at one size, so that near and far animals compare."""
    small = Image.fromarray(picture).convert("L").resize((SHARP_SIDE_PX, SHARP_SIDE_PX), Image.Resampling.BILINEAR)
    grey = np.asarray(small, np.float32)
    inner = grey[1:-1, 1:-1]
    laplacian = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * inner
    variance = float(np.var(laplacian))
    return variance / (variance + SHARP_HALF)


def _beside(at: Box, animal: Box, person: Box) -> Box:
    """Without the margin on a side where a person stands, as far as the animal's own box allows."""
    x0 = max(at.x0, min(person.x1, animal.x0)) if person.x1 <= animal.x0 else at.x0
    x1 = min(at.x1, max(person.x0, animal.x1)) if person.x0 >= animal.x1 else at.x1
    y0 = max(at.y0, min(person.y1, animal.y0)) if person.y1 <= animal.y0 else at.y0
    y1 = min(at.y1, max(person.y0, animal.y1)) if person.y0 >= animal.y1 else at.y1
    return Box(x0, y0, x1, y1)


def _blurred(picture: Picture, person: Box, animal: Box, at: Box) -> Picture:
    """The person outside of the animal's box, and the person's head wherever it is."""
    mask = np.zeros(picture.shape[:2], np.bool_)
    _mark(mask, person, at, value=True)
    _mark(mask, animal, at, value=False)
    _mark(mask, head_region(person), at, value=True)
    if not mask.any():
        return picture
    strength = max(8.0, max(person.width, person.height) / 12)
    blurred = np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(strength)))
    return np.where(mask[..., None], blurred, picture)


def _mark(mask: npt.NDArray[np.bool_], box: Box, at: Box, *, value: bool) -> None:
    x0, y0, x1, y1 = Box(box.x0 - at.x0, box.y0 - at.y0, box.x1 - at.x0, box.y1 - at.y0).rounded()
    mask[max(0, y0) : max(0, y1), max(0, x0) : max(0, x1)] = value
