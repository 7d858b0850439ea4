"""Samples: a teacher's maps in, random positions of what enters and leaves each layer out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from training.embedder.network import Layer, LayerShape
from training.embedder.teacher import Maps

# A depthwise channel has 10 unknowns, a row of a 1x1 convolution up to 1,025: the first needs less.
POSITIONS = {True: 6, False: 48}


@dataclass(slots=True)
class LayerSamples:
    """What one layer saw and gave at sampled positions, float16.

    ``seen``: [n, fan-in], or [n, channels, 9] where the layer is depthwise; ``given``: [n, outputs].
    """

    seen: list[Tensor] = field(default_factory=list)
    given: list[Tensor] = field(default_factory=list)


def stage_inputs(images: Tensor, maps: Maps, shapes: Sequence[LayerShape]) -> Iterator[Tensor]:
    """What enters each layer of the teacher, from the pictures and what its layers gave."""
    current = kept = images
    for shape, given in zip(shapes, maps, strict=True):
        kept = current if shape.opens_block else kept
        yield current
        current = torch.from_numpy(given)
        current = current + kept if shape.adds_block_input else current


def sample(layer: Layer, entering: Tensor, given: Tensor, chance: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Patches that ``layer`` sees and what the teacher gave for them, at random positions."""
    shape = layer.shape
    height, width = given.shape[2:]
    count = min(POSITIONS[shape.depthwise], height * width)
    places = torch.from_numpy(chance.choice(height * width, count, replace=False))
    rows, columns = places // width, places % width
    targets = given[:, :, rows, columns].permute(0, 2, 1).reshape(-1, shape.outputs)
    padded = layer.padded(entering)
    taps = [
        padded[:, :, rows * shape.stride + y, columns * shape.stride + x]
        for y in range(shape.kernel)
        for x in range(shape.kernel)
    ]
    patches = torch.stack(taps, dim=-1).permute(0, 2, 1, 3).reshape(len(targets), shape.inputs, -1)
    patches = patches if shape.depthwise else patches.flatten(1)
    return patches.half(), targets.half()


def images_of(pixels: np.ndarray) -> Tensor:
    """Uint8 [n, h, w, 3] to float32 [n, 3, h, w] in -1..1: what the student's first layer sees."""
    return torch.from_numpy(np.array(pixels)).permute(0, 3, 1, 2).float() / 127.5 - 1
