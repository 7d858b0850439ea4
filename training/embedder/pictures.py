"""Pictures: photo files in, equal square uint8 arrays kept on disk out. Never changes the photos."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from training.embedder.sets import Picture

FILL = 114

Pixels = npt.NDArray[np.uint8]


def padded_square(image: Image.Image, size_px: int) -> Pixels:
    """``image`` centred on a grey square and resized, as the engine does it: uint8 [size, size, 3], RGB."""
    rgb = image.convert("RGB")
    side = max(rgb.size)
    square = Image.new("RGB", (side, side), (FILL, FILL, FILL))
    square.paste(rgb, ((side - rgb.width) // 2, (side - rgb.height) // 2))
    return np.asarray(square.resize((size_px, size_px), Image.Resampling.BILINEAR))


def read_upright(path: Path) -> Image.Image:
    """The photo at ``path``, turned as its EXIF orientation says."""
    with Image.open(path) as image:
        return ImageOps.exif_transpose(image).convert("RGB")


def content_size(size: tuple[int, int], side_px: int) -> tuple[int, int]:
    """Width and height that a photo of ``size`` takes up inside a padded square of ``side_px``."""
    longest = max(size)
    return max(1, round(size[0] * side_px / longest)), max(1, round(size[1] * side_px / longest))


def cached(pictures: Sequence[Picture], size_px: int, cache: Path) -> tuple[Pixels, npt.NDArray[np.float32]]:
    """Padded squares of ``pictures`` and the share of the square that each photo fills.

    Returns:
        uint8 [n, size, size, 3] mapped from ``cache``, and float32 [n, 2] (width, height in 0..1).
    """
    names = "\n".join(f"{p.set_name}/{p.path.parent.name}/{p.path.name}" for p in pictures)
    key = hashlib.sha256(f"{size_px}\n{names}".encode()).hexdigest()[:16]
    file, shares_file = cache / f"squares-{key}.npy", cache / f"shares-{key}.npy"
    if not shares_file.exists():
        cache.mkdir(parents=True, exist_ok=True)
        shape = (len(pictures), size_px, size_px, 3)
        squares = np.lib.format.open_memmap(file, mode="w+", dtype=np.uint8, shape=shape)
        shares = np.ones((len(pictures), 2), dtype=np.float32)
        for row, picture in enumerate(pictures):
            image = read_upright(picture.path)
            squares[row] = padded_square(image, size_px)
            shares[row] = np.asarray(content_size(image.size, size_px)) / size_px
        squares.flush()
        np.save(shares_file, shares)
    return np.load(file, mmap_mode="r"), np.load(shares_file)
