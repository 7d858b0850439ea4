"""First lesson: every convolution learns, from random weights and by itself, to give what the teacher's gives.

Each gets the teacher's map as its input and learns the teacher's next map before its activation. That is a
least-squares problem with one answer, found in closed form from positions drawn at random. It recovers networks very
close to the teacher, and the card says so. The classes that the teacher does not know come with the second lesson.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from training.detector.data import Pictures
from training.detector.network import Bottleneck, Csp, Detector, Down, Head, Pyramid, Stem, Up
from training.detector.teacher import COCO, Teacher
from training.detector.views import view

VIEWS = 400
# A depthwise channel has 10 unknowns, a row of a 1x1 convolution up to 513: the first needs less.
POSITIONS = {True: 8, False: 64}
DAMPING = 1e-6


@dataclass
class Samples:
    """What one convolution saw [n, channels or 1, taps] and what the teacher's gave for it [n, outputs]."""

    seen: list[Tensor] = field(default_factory=list)
    given: list[Tensor] = field(default_factory=list)


def learn(network: Detector, teacher: Teacher, pictures: Pictures, seed: int, views: int = VIEWS) -> float:
    """Fit every convolution; the mean share of the teacher's variance that is left."""
    rng = np.random.default_rng(seed)
    pairs = list(zip(convolutions(network), teacher.joints, strict=True))
    samples = [Samples() for _ in pairs]
    for _ in range(views):
        maps = teacher.inner(view(pictures, rng).picture)
        for kept, (layer, joint) in zip(samples, pairs, strict=True):
            seen, given = _drawn(layer.conv, maps[joint.reads], maps[joint.gives], rng)
            kept.seen.append(seen)
            kept.given.append(given[:, list(COCO)] if layer.names_classes else given)
    left = [
        _fit(layer, torch.cat(kept.seen), torch.cat(kept.given))
        for kept, (layer, _) in zip(samples, pairs, strict=True)
    ]
    return float(np.mean(left))


@dataclass(frozen=True)
class Layer:
    """A convolution, the normalisation behind it if there is one, and whether its rows are classes."""

    conv: nn.Conv2d
    norm: nn.BatchNorm2d | None = None
    names_classes: bool = False


def convolutions(network: Detector) -> Iterator[Layer]:
    """All convolutions in the order in which the teacher runs its own."""
    for part in network.parts.values():
        yield from _of(part)


def _of(module: nn.Module) -> Iterator[Layer]:
    match module:
        case Csp():
            inner = [module.deep, module.side, *module.blocks, module.join]
        case Bottleneck():
            inner = [module.first, module.second]
        case Stem():
            inner = [module.conv]
        case Pyramid():
            inner = [module.first, module.last]
        case Up():
            inner = [module.csp]
        case Down():
            inner = [module.halve, module.csp]
        case Head():
            yield from (*_of(module.stem), *_of(module.cls), Layer(module.classes, names_classes=True))
            yield from (*_of(module.reg), Layer(module.box), Layer(module.obj))
            return
        case nn.Sequential() if isinstance(module[0], nn.Conv2d):
            yield Layer(module[0], module[1])
            return
        case _:
            inner = list(module.children())
    for one in inner:
        yield from _of(one)


def _drawn(
    conv: nn.Conv2d, reads: npt.NDArray[np.float32], gives: npt.NDArray[np.float32], rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """What ``conv`` would see, and what the teacher gave, at random positions of one picture's maps."""
    height, width = gives.shape[2:]
    places = rng.choice(height * width, min(POSITIONS[conv.groups > 1], height * width), replace=False)
    rows, columns = places // width, places % width
    border, step = conv.padding[0], conv.stride[0]
    padded = np.pad(reads[0], ((0, 0), (border, border), (border, border)))
    size = conv.kernel_size[0]
    taps = [padded[:, rows * step + y, columns * step + x] for y in range(size) for x in range(size)]
    seen = np.stack(taps, -1).transpose(1, 0, 2)
    seen = seen if conv.groups > 1 else seen.reshape(len(places), 1, -1)
    return torch.from_numpy(seen.copy()), torch.from_numpy(gives[0][:, rows, columns].T.copy())


@torch.no_grad()
def _fit(layer: Layer, seen: Tensor, given: Tensor) -> float:
    """Least squares for each output channel; the share of the variance of ``given`` that is left."""
    inputs = torch.cat((seen, torch.ones(*seen.shape[:2], 1)), -1).transpose(0, 1).double()
    targets = given.double().T[:, :, None] if layer.conv.groups > 1 else given.double()[None]
    moments = inputs.transpose(1, 2) @ inputs
    scale = moments.diagonal(dim1=1, dim2=2).mean(1)[:, None, None]
    damped = moments + DAMPING * scale * torch.eye(moments.shape[-1])
    answer = torch.linalg.solve(damped, inputs.transpose(1, 2) @ targets)
    made = inputs @ answer
    left = float((made - targets).square().mean() / targets.var())
    rows = answer[:, :, 0] if layer.conv.groups > 1 else answer[0].T
    _write(
        layer,
        rows[:, :-1].float(),
        rows[:, -1].float(),
        (made[:, :, 0].T if layer.conv.groups > 1 else made[0]).float(),
    )
    return left


def _write(layer: Layer, weight: Tensor, bias: Tensor, made: Tensor) -> None:
    """Into the layer, so that it gives the same whether its normalisation goes by the batch or not."""
    count = len(weight)
    layer.conv.weight[:count] = weight.reshape(count, *layer.conv.weight.shape[1:])
    if layer.norm is None:
        layer.conv.bias[:count] = bias
        return
    layer.norm.running_mean.copy_(made.mean(0) - bias)
    layer.norm.running_var.copy_(made.var(0))
    layer.norm.weight.copy_((made.var(0) + layer.norm.eps).sqrt())
    layer.norm.bias.copy_(made.mean(0))
