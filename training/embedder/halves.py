"""Halves: a student in; its fixed first half, run through OpenVINO, and its trainable second half out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import openvino as ov
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.embedder.network import Features
from training.embedder.teacher import options

# The layers of the two trunks that first see maps of 7 x 7; what lies before learns no more.
SPLITS = (24, 41)

Halfway = tuple[npt.NDArray[np.float16], npt.NDArray[np.float16], npt.NDArray[np.float32]]


class FirstHalf(nn.Module):
    """Pictures to the maps that enter the second half, one per trunk, and the pooled features."""

    def __init__(self, student: Features) -> None:
        super().__init__()
        self.student = student

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Maps [n, 512, 7, 7] and [n, 576, 7, 7], features [n, 2304]."""
        trunks = zip(self.student.trunks, SPLITS, strict=True)
        first, second = (trunk.run(images, 0, split) for trunk, split in trunks)
        return first, second, second_half(self.student, (first, second))


def first_half(student: Features) -> Callable[[Tensor], Halfway]:
    """What runs the first half of ``student`` on float32 [n, 3, 224, 224] in -1..1."""
    half = FirstHalf(student).eval()
    if torch.cuda.is_available():
        half.cuda()
        return lambda images: _halfway(*half(images.cuda()))
    model = ov.convert_model(half, example_input=torch.zeros(1, 3, 224, 224), input=[-1, 3, 224, 224])
    network = ov.Core().compile_model(model, "CPU", options(1))
    return lambda images: _halfway(*(torch.from_numpy(network([images.numpy()])[index]) for index in range(3)))


@torch.no_grad()
def _halfway(first: Tensor, second: Tensor, features: Tensor) -> Halfway:
    return first.half().cpu().numpy(), second.half().cpu().numpy(), features.float().cpu().numpy()


def second_half(student: Features, maps: tuple[Tensor, Tensor]) -> Tensor:
    """Pooled features [n, 2304] of ``student``, given the ``maps`` that enter its second half."""
    pooled = [
        functional.normalize(trunk.run(entering, split, len(trunk.layers)).float().mean((2, 3)), dim=1)
        for trunk, split, entering in zip(student.trunks, SPLITS, maps, strict=True)
    ]
    return torch.cat(pooled, dim=1)


def second_half_parameters(student: Features) -> list[nn.Parameter]:
    """What fine-tuning may change."""
    return [
        parameter
        for trunk, split in zip(student.trunks, SPLITS, strict=True)
        for layer in trunk.layers[split:]
        for parameter in layer.parameters()
    ]
