"""Fine-tune: a distilled student in, one whose second half has learnt to tell animals apart out.

The loss pulls photos of one animal together and pushes all others away (supervised contrast, arXiv
2004.11362; two views of a stranger's photo count as one animal), and holds the features near those that the
student started with, so that few animals cannot bend it far.
"""

from __future__ import annotations

import logging
import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from training.embedder.bank import Bank, Batch
from training.embedder.halves import second_half, second_half_parameters
from training.embedder.network import Features
from training.embedder.projection import Projection

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Plan:
    """How long and how hard to fine-tune."""

    minutes: float
    rate: float = 2e-4
    temperature: float = 0.1
    hold: float = 4.0
    checkpoint_every_s: float = 120.0


def fine_tuned(
    start: Features, bank: Bank, projection: Projection, plan: Plan, checkpoint: Path, *, seed: int
) -> Features:
    """``start`` with its second half trained for ``plan.minutes``; goes on from ``checkpoint``."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    student = Features()
    student.load_state_dict(start.state_dict())
    student.to(device, memory_format=torch.channels_last)
    project = _linear(projection).to(device)
    optimiser = torch.optim.AdamW([*second_half_parameters(student), *project.parameters()], lr=plan.rate)
    state = {"student": student, "project": project, "optimiser": optimiser}
    spent, steps = _resume(checkpoint, state)
    chance = np.random.default_rng(seed + 100 + steps)
    saved = spent
    while spent < plan.minutes * 60:
        begun = time.monotonic()
        for group in optimiser.param_groups:
            group["lr"] = plan.rate * _pace(spent / (plan.minutes * 60))
        contrast, held = losses(student, project, bank.batch(chance), plan.temperature, device)
        optimiser.zero_grad()
        (contrast + plan.hold * held).backward()
        optimiser.step()
        steps, spent = steps + 1, spent + time.monotonic() - begun
        if steps % 20 == 0:
            log.info("step %d, %.0f s: contrast %.3f, held %.4f", steps, spent, contrast.item(), held.item())
        if spent - saved > plan.checkpoint_every_s or spent >= plan.minutes * 60:
            _save(checkpoint, state, spent, steps)
            saved = spent
    return student.to("cpu", memory_format=torch.contiguous_format).eval()


def losses(
    student: Features, project: nn.Linear, batch: Batch, temperature: float, device: torch.device
) -> tuple[Tensor, Tensor]:
    """How badly the batch's animals are told apart, and how far the features have moved (mean square)."""
    maps = tuple(each.to(device, memory_format=torch.channels_last) for each in batch.maps)
    with torch.autocast(device.type, torch.bfloat16):
        features = second_half(student, (maps[0], maps[1]))
    vectors = functional.normalize(project(features), dim=1)
    contrast = supervised_contrast(vectors, batch.labels.to(device), temperature)
    return contrast, (features - batch.before.to(device)).square().sum(1).mean()


def _linear(projection: Projection) -> nn.Linear:
    project = nn.Linear(projection.matrix.shape[1], projection.matrix.shape[0])
    with torch.no_grad():
        project.weight.copy_(torch.from_numpy(projection.matrix))
        project.bias.copy_(torch.from_numpy(projection.offset))
    return project


def supervised_contrast(vectors: Tensor, labels: Tensor, temperature: float) -> Tensor:
    """Mean over photos of how surprising their own animal's other photos are among the batch."""
    alike = vectors @ vectors.T / temperature
    alone = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    surprise = -functional.log_softmax(alike.masked_fill(alone, -1e4), dim=1)
    same = (labels[:, None] == labels[None, :]) & ~alone
    return ((surprise * same).sum(1) / same.sum(1).clamp(min=1)).mean()


def _pace(done: float) -> float:
    """Share of the learning rate: a short climb, then a cosine down to a fiftieth."""
    return min(1.0, done / 0.03 + 0.05) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, done))))


def _save(file: Path, state: dict[str, object], spent: float, steps: int) -> None:
    parts = {name: part.state_dict() for name, part in state.items()}  # type: ignore[attr-defined]
    torch.save({**parts, "spent": spent, "steps": steps}, file.with_suffix(".part"))
    file.with_suffix(".part").replace(file)


def _resume(file: Path, state: dict[str, object]) -> tuple[float, int]:
    if not file.exists():
        return 0.0, 0
    saved = torch.load(file, weights_only=True)
    for name, part in state.items():
        part.load_state_dict(saved[name])  # type: ignore[attr-defined]
    return saved["spent"], saved["steps"]
