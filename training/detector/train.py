"""Second lesson: the network for heads, end to end, on labelled views. Checkpoints, resumes, keeps a moving average."""

import copy
import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from training.detector.data import Pictures
from training.detector.loss import total
from training.detector.network import Detector
from training.detector.views import view

BATCH = 8
LEARNING_RATE = 5e-4
AVERAGE = 0.9985


@dataclass(frozen=True)
class Lesson:
    """How far the lesson came: views seen and minutes spent, and on what."""

    views: int
    minutes: float
    where: str = "a processor"


def learn(
    network: Detector,
    pictures: Pictures,
    minutes: float,
    checkpoint: Path,
    seed: int,
    most: float = LEARNING_RATE,
) -> tuple[Detector, Lesson]:
    """Train for ``minutes`` at a rate of ``most`` that falls; the averaged network and how far it came."""
    averaged = copy.deepcopy(network).eval()
    optimiser = torch.optim.AdamW(network.parameters(), lr=most, weight_decay=5e-4)
    views, spent = 0, 0.0
    if checkpoint.exists():
        weights, average, moments, views, spent = torch.load(checkpoint, weights_only=True)
        network.load_state_dict(weights)
        averaged.load_state_dict(average)
        optimiser.load_state_dict(moments)
    rng = np.random.default_rng(seed + 1 + views)
    network.eval()  # normalisation stays as the first lesson left it: a batch of 8 says too little
    start, running = time.monotonic(), 0.0
    while (done := spent + (time.monotonic() - start) / 60) < minutes:
        rate = most * _schedule(done / minutes, views)
        for group in optimiser.param_groups:
            group["lr"] = rate
        batch = [view(pictures, rng) for _ in range(BATCH)]
        images = torch.from_numpy(np.stack([v.picture.transpose(2, 0, 1) for v in batch])).float()
        loss = total(network(images), batch)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 10.0)
        optimiser.step()
        views += BATCH
        _follow(averaged, network, min(AVERAGE, (1 + views / BATCH) / (10 + views / BATCH)))
        running = 0.95 * running + 0.05 * float(loss)
        if views % 400 == 0:
            print(f"{checkpoint.stem} {views} views {done:.1f} min loss {running:.3f}", flush=True)
            torch.save((network.state_dict(), averaged.state_dict(), optimiser.state_dict(), views, done), checkpoint)
    return averaged, Lesson(views, minutes)


def _schedule(share: float, views: int) -> float:
    return min(1.0, (views + BATCH) / 400) * (0.03 + 0.97 * (1 + math.cos(math.pi * min(share, 1.0))) / 2)


@torch.no_grad()
def _follow(averaged: Detector, network: Detector, keep: float) -> None:
    for mine, theirs in zip(averaged.state_dict().values(), network.state_dict().values(), strict=True):
        if mine.dtype.is_floating_point:
            mine.mul_(keep).add_(theirs, alpha=1 - keep)
        else:
            mine.copy_(theirs)
