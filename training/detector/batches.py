"""Views by the hundred, drawn where the network learns (a GPU, or the processor): the same kinds as in `views`.

Each view is drawn once clean, for the teachers, and once as a camera, a night or a bad lens would show it, for the
network that learns.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, grid_sample, pad

from training.detector.data import FILL, Pictures
from training.detector.teacher import SIDE

MOSAICS = 0.35
GROUNDS = 0.75
LEAST_SIDE_PX = 6.0
LEAST_LEFT = 0.4
MOST_LABELS = 16
LUMA = (0.114, 0.587, 0.299)  # of blue, green and red
QUANTA = torch.tensor([
    [16, 11, 10, 16, 24, 40, 51, 61], [12, 12, 14, 19, 26, 58, 60, 55], [14, 13, 16, 24, 40, 57, 69, 56],
    [14, 17, 22, 29, 51, 87, 80, 62], [18, 22, 37, 56, 68, 109, 103, 77], [24, 35, 55, 64, 81, 104, 113, 92],
    [49, 64, 78, 87, 103, 121, 120, 101], [72, 92, 95, 98, 112, 100, 103, 99],
], dtype=torch.float32)  # fmt: skip  # the luma table of the JPEG standard's annex K


@dataclass(frozen=True)
class Shelf:
    """All photos on one device: ``pixels`` at 416, 208 and 104 px, sizes (n, 2), labels (n, 16, 5) padded with -1.

    ``species`` (n,) is what the folder says is on the photo, -1 where it says nothing.
    """

    pixels: tuple[Tensor, ...]
    sizes: Tensor
    labels: Tensor
    species: Tensor
    chances: Tensor

    @classmethod
    def of(cls, pictures: Pictures, device: torch.device) -> "Shelf":
        """Everything, 6 GB of it for nine thousand photos."""
        full = torch.empty((len(pictures.pixels), 3, SIDE, SIDE), dtype=torch.uint8, device=device)
        smaller = [torch.empty((len(full), 3, SIDE // n, SIDE // n), dtype=torch.uint8, device=device) for n in (2, 4)]
        for start in range(0, len(full), 256):
            some = torch.from_numpy(np.ascontiguousarray(pictures.pixels[start : start + 256])).to(device)
            full[start : start + 256] = some.permute(0, 3, 1, 2)
            for shrunk, times in zip(smaller, (2, 4), strict=True):
                shrunk[start : start + 256] = avg_pool2d(full[start : start + 256].float(), times).round().byte()
        labels = torch.full((len(full), MOST_LABELS, 5), -1.0)
        for row, known in zip(labels, pictures.labels, strict=True):
            row[: len(known)] = torch.from_numpy(known[:MOST_LABELS])
        return cls(
            (full, *smaller),
            torch.tensor(pictures.sizes, device=device, dtype=torch.float32),
            labels.to(device),
            torch.tensor(pictures.species, device=device),
            torch.from_numpy(pictures.chances).float().to(device),
        )


@dataclass(frozen=True)
class Batch:
    """``clean`` and ``shown`` (n, 3, 416, 416) BGR 0..255; labels (n, k, 5), -1 where none.

    ``species`` (n, 416, 416): what is known to be the only kind of animal at each pixel, -1 where nothing is known.
    """

    clean: Tensor
    shown: Tensor
    labels: Tensor
    species: Tensor


def batch(shelf: Shelf, count: int, chance: torch.Generator) -> Batch:
    """``count`` views: a third mosaics of four, the others one photo, scaled, shifted and turned over.

    Most lie on another photo, of which nothing but the teachers' answer is known: a small animal is not to be told by
    the plain colour around it.
    """
    device = shelf.sizes.device
    clean = torch.full((count, 3, SIDE, SIDE), float(FILL), device=device)
    species = torch.full((count, SIDE, SIDE), -1, dtype=torch.int8, device=device)
    mosaic = _random(count, chance, device) < MOSAICS
    middle = torch.stack([_random(count, chance, device, 0.35, 0.65) for _ in range(2)], 1) * SIDE
    grounds = (_random(count, chance, device) < GROUNDS).nonzero().squeeze(1)
    whole = _cells(0, torch.zeros_like(mosaic)[grounds], middle[grounds])
    _place(shelf, clean, species, grounds, whole, chance, (1.0, 2.0), 0.0)
    species[:] = -1
    labels = []
    for slot in range(4):
        mine = torch.arange(count, device=device) if slot == 0 else mosaic.nonzero().squeeze(1)
        cells = _cells(slot, mosaic[mine], middle[mine])
        labels.append(torch.full((count, MOST_LABELS, 5), -1.0, device=device))
        labels[-1][mine] = _place(shelf, clean, species, mine, cells, chance)
    joined = torch.cat(labels, 1)
    order = (joined[..., 0] < 0).float().argsort(dim=1, stable=True)
    joined = joined.gather(1, order[..., None].expand_as(joined))
    most = max(1, int((joined[..., 0] >= 0).sum(1).max()))
    return Batch(clean, dimmed(clean, chance), joined[:, :most], species)


def _cells(slot: int, mosaic: Tensor, middle: Tensor) -> Tensor:
    """Corners (n, 4) of one quarter of each mosaic, of the whole where there is none."""
    column, row = slot % 2, slot // 2
    whole = torch.tensor([0.0, 0.0, SIDE, SIDE], device=middle.device).expand(len(middle), 4)
    zero, end = torch.zeros_like(middle[:, 0]), torch.full_like(middle[:, 0], SIDE)
    x = (middle[:, 0], end) if column else (zero, middle[:, 0])
    y = (middle[:, 1], end) if row else (zero, middle[:, 1])
    quarter = torch.stack([x[0], y[0], x[1], y[1]], 1).round()
    return torch.where(mosaic[:, None], quarter, whole)


def _place(
    shelf: Shelf,
    canvas: Tensor,
    species: Tensor,
    mine: Tensor,
    cells: Tensor,
    chance: torch.Generator,
    close: tuple[float, float] = (0.8, 1.6),
    far_share: float = 0.4,
) -> Tensor:
    """Draw one photo into each cell; its labels in the view's pixels."""
    device, count = canvas.device, len(mine)
    if not count:
        return canvas.new_zeros((0, MOST_LABELS, 5))
    index = torch.multinomial(shelf.chances, count, replacement=True, generator=chance)
    size, room = shelf.sizes[index], cells[:, 2:] - cells[:, :2]
    near = _random(count, chance, device, *close)
    far = torch.exp(_random(count, chance, device, float(np.log(0.1)), float(np.log(0.8))))
    scale = (room / size).min(1).values * torch.where(_random(count, chance, device) < far_share, far, near)
    drawn = size * scale[:, None]
    spare = room - drawn
    corner = (
        cells[:, :2]
        + spare.clamp(max=0)
        + spare.abs() * torch.stack([_random(count, chance, device) for _ in range(2)], 1)
    )
    flipped = _random(count, chance, device) < 0.5
    ends = corner + drawn
    shown = torch.cat([torch.maximum(cells[:, :2], corner), torch.minimum(cells[:, 2:], ends)], 1)
    _draw(shelf, canvas, species, mine, index, scale, corner, flipped, shown)
    labels = shelf.labels[index].clone()
    left, right = labels[..., 1].clone(), labels[..., 3].clone()
    labels[..., 1] = torch.where(flipped[:, None], size[:, :1] - right, left)
    labels[..., 3] = torch.where(flipped[:, None], size[:, :1] - left, right)
    labels[..., 1:] = labels[..., 1:] * scale[:, None, None] + corner.repeat(1, 2)[:, None]
    return _clipped(labels, shown)


def _draw(
    shelf: Shelf,
    canvas: Tensor,
    species: Tensor,
    mine: Tensor,
    index: Tensor,
    scale: Tensor,
    corner: Tensor,
    flipped: Tensor,
    shown: Tensor,
) -> None:
    """Sample each photo, from the smaller copy where it is shrunk, at the pixels of ``shown``."""
    places = torch.arange(SIDE, device=canvas.device) + 0.5
    x = (places[None] - corner[:, :1]) / scale[:, None]
    x = torch.where(flipped[:, None], shelf.sizes[index, :1] - x, x)
    y = (places[None] - corner[:, 1:]) / scale[:, None]
    grid = torch.stack([x[:, None, :].expand(-1, SIDE, -1), y[:, :, None].expand(-1, -1, SIDE)], -1) / SIDE * 2 - 1
    low, high = shown[:, :2], shown[:, 2:]
    inside_x = (places[None] >= low[:, :1]) & (places[None] < high[:, :1])
    inside_y = (places[None] >= low[:, 1:]) & (places[None] < high[:, 1:])
    inside = inside_y[:, :, None] & inside_x[:, None, :]
    level = (scale < 0.7).long() + (scale < 0.35).long()
    for number, pixels in enumerate(shelf.pixels):
        some = (level == number).nonzero().squeeze(1)
        if len(some):
            source = pixels[index[some]].float()
            sampled = grid_sample(source, grid[some], mode="bilinear", padding_mode="border", align_corners=False)
            rows = mine[some]
            canvas[rows] = torch.where(inside[some, None], sampled, canvas[rows])
    known = shelf.species[index].to(torch.int8)[:, None, None]
    species[mine] = torch.where(inside, known, species[mine])


def _clipped(labels: Tensor, shown: Tensor) -> Tensor:
    """Labels inside ``shown``; those of which less than 40 % are left, or too small, go."""
    area = (labels[..., 3:] - labels[..., 1:3]).prod(-1)
    low, high = shown[:, None, :2].repeat(1, 1, 2), shown[:, None, 2:].repeat(1, 1, 2)
    cut = torch.minimum(torch.maximum(labels[..., 1:], low), high)
    sides = cut[..., 2:] - cut[..., :2]
    kept = (labels[..., 0] >= 0) & (sides.prod(-1) > LEAST_LEFT * area) & (sides.min(-1).values >= LEAST_SIDE_PX)
    return torch.where(kept[..., None], torch.cat([labels[..., :1], cut], -1), -torch.ones_like(labels))


def dimmed(clean: Tensor, chance: torch.Generator) -> Tensor:
    """Light, contrast, grey, blur, sharpening, noise, JPEG: days, nights and bad cameras."""
    count, device = len(clean), clean.device

    def drawn(low: float, high: float) -> Tensor:
        return _random(count, chance, device, low, high)[:, None, None, None]

    def some(share: float) -> Tensor:
        return (_random(count, chance, device) < share)[:, None, None, None]

    night = some(0.15)
    grey = night | some(0.12)
    luma = (clean * torch.tensor(LUMA, device=device)[:, None, None]).sum(1, keepdim=True)
    x = torch.where(grey, luma.expand_as(clean), clean)
    x = torch.where(some(0.25), _blurred(x, drawn(0.4, 2.2)), x)
    flat = 128 + (x - 128) * drawn(0.25, 0.8) + drawn(-70, 20)
    x = torch.where(night, flat * _lamp(count, chance, device), x * drawn(0.5, 1.3) + drawn(-25, 25))
    cast = 1 + (torch.rand((count, 3, 1, 1), generator=chance, device=device) - 0.5) * 0.2
    x = torch.where(grey, x, x * cast)
    noise = torch.randn(x.shape, generator=chance, device=device)
    noise = torch.where(grey, noise[:, :1].expand_as(x), noise)
    x = x + torch.where(night | some(0.2), noise * drawn(2, 14), torch.zeros_like(x))
    x = torch.where((night & some(0.7)) | some(0.15), x + (x - _blurred(x, drawn(0.8, 1.6))) * drawn(0.5, 2.5), x)
    x = x.clamp(0, 255)
    x = torch.where(some(0.35), _through_jpeg(x, drawn(0.3, 4.0)), x)
    return torch.where(grey, _blurred(x, torch.full_like(drawn(0, 1), 0.7)), x).round()


def _lamp(count: int, chance: torch.Generator, device: torch.device) -> Tensor:
    """Factors (n, 1, 416, 416): bright at one place of the picture, darker away from it."""
    places = torch.arange(SIDE, device=device) / SIDE
    x, y, wide, least = (
        _random(count, chance, device, low, high)[:, None, None]
        for low, high in ((0.0, 1.0), (0.0, 1.0), (0.25, 1.2), (0.3, 1.0))
    )
    away = (places[None, None, :] - x) ** 2 + (places[None, :, None] - y) ** 2
    return (least + (1 - least) * torch.exp(-away / wide**2))[:, None]


def _blurred(x: Tensor, sigma: Tensor) -> Tensor:
    """Each picture with a Gaussian of its own."""
    taps = torch.arange(-5, 6, device=x.device, dtype=x.dtype)
    kernel = torch.exp(-(taps**2) / (2 * sigma.reshape(-1, 1) ** 2))
    kernel = (kernel / kernel.sum(1, keepdim=True)).repeat_interleave(x.shape[1], 0)
    planes = x.reshape(1, -1, *x.shape[2:])
    groups = planes.shape[1]
    planes = conv2d(pad(planes, (5, 5, 0, 0), mode="reflect"), kernel[:, None, None, :], groups=groups)
    planes = conv2d(pad(planes, (0, 0, 5, 5), mode="reflect"), kernel[:, None, :, None], groups=groups)
    return planes.reshape(x.shape)


def _through_jpeg(x: Tensor, coarse: Tensor) -> Tensor:
    """Blocks of 8 x 8 as JPEG would leave them, its table times ``coarse``; channel by channel."""
    place = torch.arange(8, device=x.device, dtype=torch.float32)
    waves = torch.cos((2 * place[None] + 1) * place[:, None] * torch.pi / 16) / 2
    waves[0] /= 2**0.5
    blocks = x.reshape(*x.shape[:2], SIDE // 8, 8, SIDE // 8, 8) - 128
    told = torch.einsum("ij,ncajbk,lk->ncaibl", waves, blocks, waves)
    step = (QUANTA.to(x.device)[:, None, :] * coarse[..., None, None]).reshape(len(x), 1, 1, 8, 1, 8)
    told = (told / step).round() * step
    back = torch.einsum("ij,ncaibl,lk->ncajbk", waves, told, waves)
    return (back.reshape(x.shape) + 128).clamp(0, 255)


def _random(count: int, chance: torch.Generator, device: torch.device, low: float = 0.0, high: float = 1.0) -> Tensor:
    return torch.rand(count, generator=chance, device=device) * (high - low) + low
