"""First lesson: every part of the network learns, by itself and all at once, what the teacher makes of the same input.

A part gets the teacher's maps and learns the teacher's next one by normalised squared error, from random weights.
Every problem is small and local, so that it moves from the first step. Heads learn the teacher's boxes, objectness and
its three classes that are ours; the two head-of-animal classes come with the second lesson.
"""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from training.detector.data import Pictures
from training.detector.network import STRIDES, Detector
from training.detector.teacher import COCO, HEADS, SIDE, STAGES, Maps, Teacher
from training.detector.views import view

BATCH = 4
LEARNING_RATE = 4e-3


@dataclass(frozen=True)
class Lesson:
    """Where the first lesson stands: views seen and minutes spent."""

    views: int
    minutes: float


def learn(
    network: Detector, teacher: Teacher, pictures: Pictures, minutes: float, checkpoint: Path, seed: int
) -> Lesson:
    """Teach all parts for ``minutes``; goes on from ``checkpoint`` where there is one."""
    optimiser = torch.optim.AdamW(network.parameters(), lr=LEARNING_RATE, weight_decay=1e-4)
    views, spent = _resume(network, optimiser, checkpoint)
    rng = np.random.default_rng(seed + views)
    network.train()
    start = time.monotonic()
    while (done := spent + (time.monotonic() - start) / 60) < minutes:
        for group in optimiser.param_groups:
            group["lr"] = LEARNING_RATE * max(0.02, 1 - done / minutes)
        losses = step(network, [teacher.maps(view(pictures, rng).picture) for _ in range(BATCH)])
        optimiser.zero_grad(set_to_none=True)
        torch.stack(list(losses.values())).sum().backward()
        optimiser.step()
        views += BATCH
        if views % 400 == 0:
            print(
                f"stagewise {views} views {done:.1f} min",
                {k: round(float(v), 3) for k, v in losses.items()},
                flush=True,
            )
            torch.save((network.state_dict(), optimiser.state_dict(), views, done), checkpoint)
    torch.save((network.state_dict(), optimiser.state_dict(), views, minutes), checkpoint)
    return Lesson(views, minutes)


def step(network: Detector, lessons: list[Maps]) -> dict[str, Tensor]:
    """One loss for each part."""
    maps = {name: torch.from_numpy(np.concatenate([lesson[name] for lesson in lessons])) for name in lessons[0]}
    losses = {}
    for name, (inputs, target) in STAGES.items():
        made = network.parts[name](*(maps[i] for i in inputs))
        wanted = maps[target]
        losses[name] = (made - wanted).square().mean() / wanted.var()
    table = maps["output"].transpose(1, 2)
    start = 0
    for (name, read), stride in zip(HEADS.items(), STRIDES, strict=True):
        count = (SIDE // stride) ** 2
        losses[name] = head_loss(network.parts[name](maps[read]).flatten(2), table[:, :, start : start + count])
        start += count
    return losses


def head_loss(made: Tensor, wanted: Tensor) -> Tensor:
    """Boxes where the teacher sees something, objectness and classes everywhere."""
    sure = wanted[:, 4:5]
    boxes = ((made[:, :4] - wanted[:, :4]).abs() * sure).sum() / (sure.sum() + 1)
    objectness = torch.nn.functional.binary_cross_entropy_with_logits(made[:, 4:5], sure)
    classes = wanted[:, [5 + index for index in COCO]]
    named = torch.nn.functional.binary_cross_entropy_with_logits(made[:, 5:8], classes)
    return boxes + 20 * (objectness + named)


def reached(checkpoint: Path) -> Lesson:
    """How far the lesson in ``checkpoint`` came."""
    _, _, views, spent = torch.load(checkpoint, weights_only=True)
    return Lesson(int(views), float(spent))


def _resume(network: Detector, optimiser: torch.optim.Optimizer, checkpoint: Path) -> tuple[int, float]:
    if not checkpoint.exists():
        return 0, 0.0
    weights, moments, views, spent = torch.load(checkpoint, weights_only=True)
    network.load_state_dict(weights)
    optimiser.load_state_dict(moments)
    return int(views), float(spent)
