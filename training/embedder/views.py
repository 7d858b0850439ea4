"""Views: cached squares in, cropped, flipped and spoilt copies out. Seeded; never touches the cache."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from training.embedder.pictures import FILL, Pixels

SIZE_PX = 224


@dataclass(frozen=True, slots=True)
class Strength:
    """How far a view may stray from its photo."""

    smallest_area: float = 0.35
    turn_degrees: float = 12.0
    light: float = 0.35
    tint: float = 0.06
    grey: float = 0.08
    blur: float = 0.15
    low_resolution: float = 0.2
    jpeg: float = 0.2
    cut_out: float = 0.15


MILD = Strength(0.7, 6.0, 0.2, 0.03, 0.03, 0.05, 0.1, 0.1, 0.0)
STRONG = Strength()


def views(squares: Pixels, shares: npt.NDArray[np.float32], strength: Strength, chance: np.random.Generator) -> Tensor:
    """One view of each padded square of uint8 [n, s, s, 3]: float32 [n, 3, 224, 224] in 0..255.

    ``shares`` [n, 2] is the width and height of the photo inside its square; only that part is cropped.
    """
    grids = torch.stack([_grid(share, strength, chance) for share in shares])
    pixels = torch.from_numpy(np.ascontiguousarray(squares)).permute(0, 3, 1, 2).float() - FILL
    crops = functional.grid_sample(pixels, grids, align_corners=False) + FILL
    spoilt = torch.stack([_spoil(crop, strength, chance) for crop in crops])
    return spoilt.clamp(0, 255).round()


def _grid(share: npt.NDArray[np.float32], strength: Strength, chance: np.random.Generator) -> Tensor:
    """Sampling grid [224, 224, 2] of a turned, flipped crop that is padded to a square in turn."""
    scale = np.sqrt(chance.uniform(strength.smallest_area, 1.0))
    stretch = np.exp(chance.uniform(-0.15, 0.15))
    width, height = np.minimum(share * scale * np.array([stretch, 1 / stretch]), share)
    middle_x = chance.uniform(-1, 1) * (share[0] - width)
    middle_y = chance.uniform(-1, 1) * (share[1] - height)
    half = max(width, height)
    turn = np.deg2rad(chance.uniform(-1, 1) * strength.turn_degrees)
    flip = 1 if chance.random() < 0.5 else -1
    rows = [
        [flip * half * np.cos(turn), -half * np.sin(turn), middle_x],
        [flip * half * np.sin(turn), half * np.cos(turn), middle_y],
    ]
    theta = torch.tensor(np.array([rows]), dtype=torch.float32)
    return functional.affine_grid(theta, [1, 3, SIZE_PX, SIZE_PX], align_corners=False)[0]


def _spoil(crop: Tensor, strength: Strength, chance: np.random.Generator) -> Tensor:
    """Light, tint, grey, blur, low resolution, JPEG and a covered corner, each with its own chance."""
    gain = np.exp(chance.uniform(-1, 1) * strength.light)
    shift = chance.uniform(-1, 1) * strength.light * 60
    tint = torch.tensor(np.exp(chance.uniform(-1, 1, 3) * strength.tint), dtype=torch.float32)[:, None, None]
    crop = (crop - 114) * gain * tint + 114 + shift
    if chance.random() < strength.grey:
        crop = crop.mean(0, keepdim=True).expand(3, -1, -1) + torch.randn(1, *crop.shape[1:]) * 6
    if chance.random() < strength.blur:
        crop = functional.avg_pool2d(crop[None], 3, 1, 1, count_include_pad=False)[0]
    if chance.random() < strength.low_resolution:
        crop = _through_low_resolution(crop, int(chance.integers(40, 140)))
    if chance.random() < strength.jpeg:
        crop = _through_jpeg(crop, int(chance.integers(20, 70)))
    if chance.random() < strength.cut_out:
        left, top = (int(value) for value in chance.integers(0, SIZE_PX - 40, 2))
        side = int(chance.integers(30, 90))
        crop = crop.clone()
        crop[:, top : top + side, left : left + side] = FILL
    return crop


def _through_low_resolution(crop: Tensor, side_px: int) -> Tensor:
    small = functional.interpolate(crop[None], size=(side_px, side_px), mode="area")
    return functional.interpolate(small, size=crop.shape[1:], mode="bilinear", align_corners=False)[0]


def _through_jpeg(crop: Tensor, quality: int) -> Tensor:
    pixels = crop.clamp(0, 255).permute(1, 2, 0).to(torch.uint8).numpy()
    with io.BytesIO() as file:
        Image.fromarray(pixels).save(file, "JPEG", quality=quality)
        return torch.from_numpy(np.array(Image.open(file))).permute(2, 0, 1).float()
