"""Spoil: crops in, the same as a camera, a night, a bad lens or another place would show them, out; whole batches.

All on the device of the crops; Values are 0..255.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn import functional

from training.embedder.pictures import FILL
from training.embedder.views import SIZE_PX

GROUPS = 8  # of a batch; pictures of a group share their resolution, blur and JPEG
CLEAN, MILD = 1, 2  # groups that are only mirrored, and those that keep their resolution; the others a camera shows
LOW_PX, HIGH_PX = 26, 180
ELSEWHERE, COVERED, GREY = 0.4, 0.15, 0.08
NIGHTS, BLURS, MOTIONS, JPEGS = 0.35, 0.35, 0.15, 0.8
LEAST_AREA = 0.5
TURN_DEGREES = 12.0
SMALLEST_MASK, LARGEST_MASK = 0.15, 0.95
BLOCK = 8

# ITU-T T.81, annex K: what quantises luminance and chrominance at quality 50.
LUMINANCE = (
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55,
    14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
)  # fmt: skip
CHROMINANCE = (
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99,
    24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99, 99, 99, 99,
    *(99,) * 32,
)  # fmt: skip
TO_YCC = ((0.299, 0.587, 0.114), (-0.168736, -0.331264, 0.5), (0.5, -0.418688, -0.081312))


class Chance:
    """Dice: for each picture on the pictures' device, for each group here, so that nobody waits for the device."""

    def __init__(self, device: torch.device, seed: int) -> None:
        self.each = torch.Generator(device).manual_seed(seed)
        self.group = random.Random(seed)


@dataclass(frozen=True, slots=True)
class Squares:
    """uint8 [n, 4, 224, 224], padded squares and outlines of animals; float32 [n, 2], width and height of the crop."""

    squares: Tensor
    shares: Tensor


def spoilt(crops: Squares, chance: Chance) -> Tensor:
    """One view of each crop: float32 [n, 3, 224, 224] in 0..255."""
    device, count = crops.squares.device, len(crops.squares)
    group = torch.arange(count, device=device) * GROUPS // count
    pixels = _elsewhere(crops, group >= CLEAN, chance)
    moved = functional.grid_sample(pixels - FILL, _grids(crops.shares, group >= CLEAN, chance), align_corners=False)
    lit = torch.where((group >= CLEAN)[:, None, None, None], _light(moved + FILL, chance), moved + FILL)
    made = []
    for number, some in enumerate(_split(lit)):
        made.append(some if number < CLEAN else _through_camera(some, chance, keeps_size=number < CLEAN + MILD))
    views = torch.cat(made)
    return _covered(views, (group >= CLEAN) & _happens(count, COVERED, chance), chance).clamp(0, 255).round()


def _split(pictures: Tensor) -> list[Tensor]:
    edges = [-(-len(pictures) * number // GROUPS) for number in range(GROUPS + 1)]
    return [pictures[first:last] for first, last in pairwise(edges) if last > first]


def _uniform(shape: tuple[int, ...], low: float, high: float, chance: Chance) -> Tensor:
    return torch.rand(shape, generator=chance.each, device=chance.each.device) * (high - low) + low


def _happens(count: int, share: float, chance: Chance) -> Tensor:
    return _uniform((count,), 0, 1, chance) < share


def _elsewhere(crops: Squares, some: Tensor, chance: Chance) -> Tensor:
    """Some animals before what is on another crop."""
    pixels, masks = crops.squares[:, :3].float(), crops.squares[:, 3:].float() / 255
    inside = _content(crops.shares)
    share = masks.sum((1, 2, 3)) / inside.sum((1, 2, 3))
    usable = (share > SMALLEST_MASK) & (share < LARGEST_MASK) & some & _happens(len(pixels), ELSEWHERE, chance)
    soft = functional.avg_pool2d(masks, 7, 1, 3, count_include_pad=False)
    other = functional.interpolate(
        pixels.roll(1, 0)[:, :, 40:184, 40:184], size=SIZE_PX, mode="bilinear", align_corners=False
    )
    placed = torch.where(inside, soft * pixels + (1 - soft) * other, pixels)
    return torch.where(usable[:, None, None, None], placed, pixels)


def _content(shares: Tensor) -> Tensor:
    """Where the square is photo: bool [n, 1, 224, 224]."""
    at = (torch.arange(SIZE_PX, device=shares.device) * 2 + 1) / SIZE_PX - 1
    across, down = at.abs()[None] < shares[:, :1], at.abs()[None] < shares[:, 1:]
    return (down[:, :, None] & across[:, None, :])[:, None]


def _grids(shares: Tensor, moves: Tensor, chance: Chance) -> Tensor:
    """Turned, mirrored parts of each crop, padded to squares in turn; those that do not move are only mirrored."""
    count = len(shares)
    scale = _uniform((count,), LEAST_AREA, 1, chance).sqrt()
    stretch = _uniform((count,), -0.15, 0.15, chance).exp()
    sides = torch.minimum(shares * scale[:, None] * torch.stack((stretch, 1 / stretch), 1), shares)
    sides = torch.where(moves[:, None], sides, shares)
    middle = _uniform((count, 2), -1, 1, chance) * (shares - sides)
    half = sides.amax(1)
    turn = _uniform((count,), -1, 1, chance) * math.radians(TURN_DEGREES) * moves
    mirror = torch.where(_happens(count, 0.5, chance), 1.0, -1.0)
    rows = (
        torch.stack((mirror * half * turn.cos(), -half * turn.sin(), middle[:, 0]), 1),
        torch.stack((mirror * half * turn.sin(), half * turn.cos(), middle[:, 1]), 1),
    )
    return functional.affine_grid(torch.stack(rows, 1), [count, 3, SIZE_PX, SIZE_PX], align_corners=False)


def _light(pixels: Tensor, chance: Chance) -> Tensor:
    """Brightness, tint, saturation and gamma; now and then grey."""
    count = len(pixels)
    each = (count, 1, 1, 1)
    gain = _uniform(each, -0.35, 0.35, chance).exp()
    tint = _uniform((count, 3, 1, 1), -0.08, 0.08, chance).exp()
    pixels = (pixels - FILL) * gain * tint + FILL + _uniform(each, -25, 25, chance)
    mean = pixels.mean(1, keepdim=True)
    saturation = _uniform(each, 0.6, 1.3, chance) * (~_happens(count, GREY, chance)).view(each)
    pixels = mean + (pixels - mean) * saturation
    gamma = _uniform(each, -0.3, 0.3, chance).exp()
    return ((pixels.clamp(0, 255) + 0.5) / 255.5) ** gamma * 255


def _through_camera(pixels: Tensor, chance: Chance, *, keeps_size: bool) -> Tensor:
    """Small, blurred, dark and noisy, through JPEG; back to the size that the network sees."""
    side = SIZE_PX if keeps_size else round(math.exp(chance.group.uniform(math.log(LOW_PX), math.log(HIGH_PX))))
    seen = functional.interpolate(pixels, size=(side, side), mode="area") if side < SIZE_PX else pixels
    if chance.group.random() < BLURS:
        seen = _gaussian(seen, chance.group.uniform(0.3, 1.0))
    if chance.group.random() < MOTIONS:
        seen = _motion(seen, chance)
    share = NIGHTS / 3 if keeps_size else NIGHTS
    seen = _day_or_night(seen, _happens(len(seen), share, chance), chance, changes=not keeps_size)
    if chance.group.random() < JPEGS * (0.5 if keeps_size else 1):
        seen = through_jpeg(seen, chance.group.uniform(25, 90))
    return functional.interpolate(seen, size=SIZE_PX, mode="bilinear", align_corners=False)


def _day_or_night(pixels: Tensor, nights: Tensor, chance: Chance, *, changes: bool) -> Tensor:
    each = (len(pixels), 1, 1, 1)
    grey = pixels.mean(1, keepdim=True) * _uniform(each, 0.25, 0.8, chance) + _uniform(each, 5, 55, chance)
    noise = torch.randn(grey.shape, generator=chance.each, device=chance.each.device)
    night = grey + noise * _uniform(each, 2, 15, chance)
    day = pixels * _uniform(each, 0.6, 1.2, chance) + _uniform(each, -20, 20, chance) if changes else pixels
    return torch.where(nights.view(each), night, day).clamp(0, 255)


def _gaussian(pixels: Tensor, sigma: float) -> Tensor:
    at = torch.arange(-4, 5, device=pixels.device, dtype=torch.float32)
    line = torch.exp(-0.5 * (at / sigma) ** 2)
    line = (line / line.sum()).expand(3, 1, 1, -1)
    padded = functional.pad(pixels, (4, 4, 4, 4), mode="replicate")
    return functional.conv2d(functional.conv2d(padded, line, groups=3), line.transpose(2, 3), groups=3)


def _motion(pixels: Tensor, chance: Chance) -> Tensor:
    """Along a line of three to seven pixels."""
    kernel, direction = torch.zeros(7, 7), chance.group.uniform(0, math.pi)
    reach = chance.group.uniform(1, 3)
    for step in torch.linspace(-reach, reach, 13).tolist():
        kernel[3 + round(step * math.sin(direction)), 3 + round(step * math.cos(direction))] += 1
    weights = (kernel / kernel.sum()).to(pixels.device).expand(3, 1, 7, 7)
    return functional.conv2d(functional.pad(pixels, (3, 3, 3, 3), mode="replicate"), weights, groups=3)


def through_jpeg(pixels: Tensor, quality: float) -> Tensor:
    """What JPEG of ``quality`` (1 to 99) leaves of float32 [n, 3, h, w], with colours at half the resolution."""
    height, width = pixels.shape[2:]
    two = 2 * BLOCK
    padded = functional.pad(pixels, (0, -width % two, 0, -height % two), mode="replicate")
    turn = torch.tensor(TO_YCC, device=pixels.device)
    ycc = torch.einsum("oc,nchw->nohw", turn, padded)
    bright = _quantised(ycc[:, :1] - 128, LUMINANCE, quality) + 128
    colour = _quantised(functional.avg_pool2d(ycc[:, 1:], 2), CHROMINANCE, quality)
    colour = functional.interpolate(colour, scale_factor=2, mode="bilinear", align_corners=False)
    back = torch.einsum("oc,nchw->nohw", torch.linalg.inv(turn), torch.cat((bright, colour), 1))
    return back[:, :, :height, :width].clamp(0, 255)


def _quantised(planes: Tensor, table: tuple[int, ...], quality: float) -> Tensor:
    """Blocks of cosines rounded to steps of the table, as libjpeg scales it."""
    scale = 50 / quality if quality < 50 else 2 - quality / 50
    steps = (torch.tensor(table, device=planes.device).view(BLOCK, BLOCK) * scale).floor().clamp(1, 255)
    waves = _cosines().to(planes.device)
    n, c, h, w = planes.shape
    blocks = planes.view(n, c, h // BLOCK, BLOCK, w // BLOCK, BLOCK)
    found = torch.einsum("ui,ncaibj,vj->ncaubv", waves, blocks, waves)
    rounded = (found / steps[:, None, :]).round() * steps[:, None, :]
    return torch.einsum("ui,ncaubv,vj->ncaibj", waves, rounded, waves).reshape(n, c, h, w)


def _cosines() -> Tensor:
    at = torch.arange(BLOCK, dtype=torch.float32)
    waves = torch.cos((2 * at[None] + 1) * at[:, None] * math.pi / (2 * BLOCK)) * math.sqrt(2 / BLOCK)
    waves[0] /= math.sqrt(2)
    return waves


def _covered(views: Tensor, which: Tensor, chance: Chance) -> Tensor:
    """A rectangle of one colour over part of some."""
    count = len(views)
    first, side = _uniform((count, 2), 0, SIZE_PX - 40, chance), _uniform((count, 2), 30, 90, chance)
    at = torch.arange(SIZE_PX, device=views.device)[None]
    inside = [(at >= first[:, i : i + 1]) & (at < first[:, i : i + 1] + side[:, i : i + 1]) for i in (0, 1)]
    over = (inside[0][:, :, None] & inside[1][:, None, :] & which[:, None, None])[:, None]
    return torch.where(over, _uniform((count, 3, 1, 1), 0, 255, chance), views)
