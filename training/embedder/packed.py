"""Packed: the file of crops that `wild` writes in; squares, outlines and whose they are, on a device, out."""

from __future__ import annotations

import io
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

from training.embedder.crossfit import fold_of
from training.embedder.pictures import FILL
from training.embedder.spoil import Squares
from training.embedder.views import SIZE_PX

MASK_PX = 56


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose each crop is, int64 [n]: the animal (-1: nobody knows), the animal's part, the photo."""

    animals: Tensor
    parts: Tensor
    photos: Tensor

    def at(self, rows: Tensor) -> Whose:
        """Of some crops."""
        return Whose(self.animals[rows], self.parts[rows], self.photos[rows])


def read_crops(file: Path, device: torch.device, without: Collection[int] = ()) -> tuple[Squares, Whose]:
    """All crops of a file that `wild` wrote, unpacked, but those of animals of some folds of `crossfit`."""
    with np.load(file) as kept:
        data, masks = kept["data"], np.unpackbits(kept["masks"], axis=1).reshape(-1, MASK_PX, MASK_PX)
        ends, animals, parts, photos = np.cumsum(kept["lengths"]), kept["animals"], kept["parts"], kept["photos"]
    starts = ends - np.diff(ends, prepend=0)
    fold = fold_of(name for name in animals.tolist() if name)
    wanted = np.flatnonzero([not name or fold[name] not in without for name in animals.tolist()])
    squares = np.empty((len(wanted), 4, SIZE_PX, SIZE_PX), np.uint8)
    shares = np.empty((len(wanted), 2), np.float32)

    def unpack(place: int) -> None:
        row = wanted[place]
        with Image.open(io.BytesIO(data[starts[row] : ends[row]].tobytes())) as image:
            squares[place], shares[place] = _square(image.convert("RGB"), masks[row])

    with ThreadPoolExecutor() as pool:
        list(pool.map(unpack, range(len(wanted))))
    animals = animals[wanted]
    numbers = np.where(animals == "", -1, np.unique(animals, return_inverse=True)[1])
    columns = (numbers, np.unique(parts[wanted], return_inverse=True)[1], photos[wanted])
    whose = Whose(*(torch.from_numpy(column).to(device) for column in columns))
    return Squares(torch.from_numpy(squares).to(device), torch.from_numpy(shares).to(device)), whose


def _square(image: Image.Image, mask: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.uint8], tuple[float, float]]:
    """The crop and its mask as large as fits, padded: uint8 [4, 224, 224], and the share of it that is crop."""
    scale = SIZE_PX / max(image.size)
    width, height = (max(1, round(side * scale)) for side in image.size)
    left, top = (SIZE_PX - width) // 2, (SIZE_PX - height) // 2
    square = np.full((4, SIZE_PX, SIZE_PX), FILL, np.uint8)
    square[3] = 0
    pixels = np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))
    animal = Image.fromarray(mask * np.uint8(255)).resize((width, height), Image.Resampling.BILINEAR)
    square[:3, top : top + height, left : left + width] = pixels.transpose(2, 0, 1)
    square[3, top : top + height, left : left + width] = np.asarray(animal)
    return square, (width / SIZE_PX, height / SIZE_PX)
