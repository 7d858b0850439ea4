"""Distil: photos and the teachers in, a student of random weights that answers as they do out."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from training.embedder import stagewise
from training.embedder.network import Features
from training.embedder.pictures import Pixels
from training.embedder.teacher import teachers
from training.embedder.views import MILD, views

log = logging.getLogger(__name__)


def student_of(
    shared: Path, squares: Pixels, shares: npt.NDArray[np.float32], checkpoint: Path, *, count: int, seed: int
) -> Features:
    """Train every layer of a fresh student on ``count`` views; a finished trunk is not trained twice.

    ``squares`` are uint8 [n, 256, 256, 3] padded squares of training photos, ``shares`` float32 [n, 2] the
    part of each that is photo; ``checkpoint`` is written after each trunk, and gone on from.
    """
    torch.manual_seed(seed)
    chance = np.random.default_rng(seed)
    student = Features()
    done = 0
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        student.load_state_dict(saved["student"])
        done = saved["trunks"]
    chosen = np.sort(chance.choice(len(squares), min(count, len(squares)), replace=False))
    seen = views(squares[chosen], shares[chosen], MILD, chance)
    pixels = seen.permute(0, 2, 3, 1).to(torch.uint8).numpy()
    for index, (trunk, teacher) in enumerate(zip(student.trunks, teachers(shared), strict=True)):
        if index < done:
            continue
        samples = stagewise.collect(trunk, teacher, pixels, chance)
        for number, layer in enumerate(trunk.layers):
            left = stagewise.fit(layer, samples[number])
            samples[number] = stagewise.LayerSamples()
            log.info("trunk %d layer %d: %.5f of the variance left", index, number, left)
        torch.save({"student": student.state_dict(), "trunks": index + 1}, checkpoint)
    return student
