"""What a detector sees on a picture, and the animals made of it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from homeward.domain.boxes import Box

Picture: TypeAlias = npt.NDArray[np.uint8]
"""An upright RGB picture, shape (height, width, 3), 0 to 255."""


class Species(StrEnum):
    """The animals that people look for here."""

    CAT = "cat"
    DOG = "dog"


class Part(StrEnum):
    """What a crop shows; only like is compared with like."""

    FACE = "face"
    BODY = "body"


class Label(StrEnum):
    """What a detector may say about a box."""

    CAT = "cat"
    DOG = "dog"
    PERSON = "person"
    CAT_HEAD = "cat_head"
    DOG_HEAD = "dog_head"


@dataclass(frozen=True, slots=True)
class Detection:
    """One box that a detector drew, in pixels of the picture it was given."""

    box: Box
    label: Label
    confidence: float


@dataclass(frozen=True, slots=True)
class CropBox:
    """Where on the photo a crop was cut, in pixels of the kept photo."""

    part: Part
    box: Box


@dataclass(frozen=True, slots=True)
class Animal:
    """One animal on a photo. ``crops`` holds its body, and its face where a head was seen.

    ``confidence`` is how sure the detector is that there is an animal, ``species_confidence`` that it is of this kind.
    """

    box: Box
    species: Species
    confidence: float
    crops: tuple[CropBox, ...]
    species_confidence: float = 1.0
