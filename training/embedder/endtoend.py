"""End to end: all trunks learn to say of a spoilt view what they said of the clean crop, and who is on it.

    python -m training.embedder.endtoend --start FILE.onnx --crops CROPS.npz --out student.pt

The teacher is the network that is trained, as it was before: its features of each clean crop, both ways round. A view
is to have the same features; that of an animal that nobody names the same neighbours among all crops, under the
projection of ``--start``, that of a named one other photos of the same animal. Uses a GPU where there is one.
"""

from __future__ import annotations

import argparse
import copy
import csv
import logging
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional

from training.embedder.network import Embedder, Features
from training.embedder.packed import Whose, read_crops
from training.embedder.spoil import Chance, Squares, spoilt
from training.embedder.views import SIZE_PX

CLOSER = 1.1
TRUNK_WEIGHT, NEIGHBOUR_WEIGHT, VECTOR_WEIGHT, NAME_WEIGHT = 2.0, 0.5, 1.0, 0.5
NAMED = 0.25  # of a batch
NEWEST = 0.5  # how much a view of a named crop moves what is remembered of it
TEMPERATURE = 0.07
WARM_STEPS = 200
AVERAGE = 0.999
LEAST_RATE = 0.02
LARGEST_GRADIENT = 1.0
REPORT_EVERY = 100
log = logging.getLogger("training.embedder.endtoend")


def started(file: Path) -> Embedder:
    """The network in an ONNX file that `export` wrote."""
    tensors = {one.name: numpy_helper.to_array(one) for one in onnx.load(str(file)).graph.initializer}
    network = Embedder(Features())
    state = network.state_dict()
    for name, value in state.items():
        found = tensors[name] if name in tensors else tensors[f"{name}.bytes"] * tensors[f"{name}.scale"]
        state[name] = torch.from_numpy(np.array(found, np.float32)).reshape(value.shape)
    network.load_state_dict(state)
    return network.eval()


@torch.no_grad()
def taught(network: Embedder, crops: Squares, batch: int) -> tuple[Tensor, Tensor]:
    """What is to be learned of each crop: features [n, 3584] and unit vectors [n, 256], both ways round and closer."""
    found = []
    for at in range(0, len(crops.squares), batch):
        whole = crops.squares[at : at + batch, :3].float()
        closer = functional.interpolate(whole, scale_factor=CLOSER, mode="bilinear", align_corners=False)
        edge = (closer.shape[3] - SIZE_PX) // 2
        looks = [scaled(whole), scaled(closer[:, :, edge : edge + SIZE_PX, edge : edge + SIZE_PX])]
        found.append(torch.stack([network.features(each) for look in looks for each in (look, look.flip(3))]).mean(0))
    features = torch.cat(found)
    return features, functional.normalize(network.project(features), dim=1)


def scaled(pixels: Tensor) -> Tensor:
    """0..255 as the network reads it."""
    return pixels / 127.5 - 1


def trunks_apart(said: Tensor, wanted: Tensor, sizes: list[int]) -> Tensor:
    """How far features of views lie from those of their crops, trunk by trunk."""
    pairs = zip(said.split(sizes, 1), wanted.split(sizes, 1), strict=True)
    apart = sum((1 - functional.cosine_similarity(one, other)).mean() for one, other in pairs) / len(sizes)
    assert isinstance(apart, Tensor)
    return apart


def neighbours_apart(vectors: Tensor, rows: Tensor, everything: Tensor) -> Tensor:
    """How far the neighbours of views among ``everything`` are from those of their crops, its ``rows``."""
    wanted = (everything[rows] @ everything.T / TEMPERATURE).softmax(1)
    return functional.kl_div((vectors @ everything.T / TEMPERATURE).log_softmax(1), wanted, reduction="batchmean")


def strangers_near(vectors: Tensor, own: Whose, others: Whose, everything: Tensor) -> Tensor:
    """How unsure it is, among ``everything``, that views show the animal that other photos of the same part show."""
    animal = own.animals[:, None] == others.animals
    is_other = own.photos[:, None] != others.photos
    wanted = animal & is_other & (own.parts[:, None] == others.parts)
    near = (vectors @ everything.T / TEMPERATURE).masked_fill(~(wanted | (~animal & is_other)), -torch.inf)
    missing = near.logsumexp(1, keepdim=True) - near.masked_fill(~wanted, 0)
    has_any = wanted.any(1)
    return ((missing * wanted).sum(1) / wanted.sum(1).clamp(min=1))[has_any].sum() / has_any.sum().clamp(min=1)


@dataclass(frozen=True, slots=True)
class Lesson:
    """How long and how fast to learn, without animals of some folds; ``share`` of what was learned is taken."""

    minutes: float
    batch: int
    without: tuple[int, ...] = ()
    rate: float = 3e-4
    share: float = 0.5
    seed: int = 1


def learned(start: Path, crops_file: Path, out: Path, lesson: Lesson) -> Embedder:
    """The network in ``start``, moved towards what it learned; learned weights and curve are kept in ``out``."""
    network = started(start)
    before = network.features.state_dict()
    if not out.exists():
        _learn(start, crops_file, out, lesson)
    after = torch.load(out, weights_only=True)
    both = {name: torch.lerp(value, after[name].float(), lesson.share) for name, value in before.items()}
    network.features.load_state_dict(both)
    return network


def _learn(start: Path, crops_file: Path, out: Path, lesson: Lesson) -> None:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = started(start).to(device).train()
    network.project.requires_grad_(requires_grad=False)
    crops, whose = read_crops(crops_file, device, lesson.without)
    learner = _Learner(network, crops, whose, taught(network, crops, lesson.batch), lesson, device)
    log.info("%d crops on %s", len(crops.squares), device)
    part = out.with_suffix(".part")
    curve = learner.resumed(part) if part.exists() else []
    spent_before = curve[-1]["minutes"] if curve else 0.0
    begun = time.monotonic()
    sums: dict[str, Tensor] = {}
    while (minutes := spent_before + (time.monotonic() - begun) / 60) < lesson.minutes:
        for name, value in learner.step(minutes / lesson.minutes).items():
            sums[name] = sums[name] + value if name in sums else value
        if learner.steps % REPORT_EVERY == 0:
            row = {name: round(float(value) / REPORT_EVERY, 4) for name, value in sums.items()}
            curve.append({"views": learner.steps * lesson.batch, "minutes": round(minutes, 2), **row})
            log.info("%s", curve[-1])
            sums = {}
            learner.save(part, curve)
    torch.save({name: value.half().cpu() for name, value in learner.average.state_dict().items()}, out)
    _write_curve(curve, out.with_suffix(".csv"))
    part.unlink(missing_ok=True)


class _Learner:
    """Weights, their mean on the way, and what moves them."""

    def __init__(
        self,
        network: Embedder,
        crops: Squares,
        whose: Whose,
        lessons: tuple[Tensor, Tensor],
        lesson: Lesson,
        device: torch.device,
    ) -> None:
        self._network, self._crops, self._whose, self._lesson, self._device = network, crops, whose, lesson, device
        self._features, self._vectors = lessons
        self._remembered = self._vectors.clone()
        self.average = copy.deepcopy(network.features).eval()
        self._weights = list(network.features.parameters())
        self._optimiser = torch.optim.AdamW(self._weights, lr=lesson.rate, weight_decay=1e-4)
        self._scaler = torch.amp.GradScaler(device.type, enabled=device.type == "cuda")
        self._chance = Chance(device, lesson.seed)
        self._sizes = [trunk.layers[-1].shape.outputs for trunk in network.features.trunks]
        self.steps = 0
        named = round(lesson.batch * NAMED) if bool((whose.animals >= 0).any()) else 0
        self._decks = (_Deck(whose.animals < 0, lesson.batch - named), _Deck(whose.animals >= 0, named))

    def step(self, spent: float) -> dict[str, Tensor]:
        """One batch, with a rate that falls along a cosine as time is ``spent``, 0 to 1; the parts of its loss."""
        falling = LEAST_RATE + (1 - LEAST_RATE) * (1 + math.cos(math.pi * spent)) / 2
        for group in self._optimiser.param_groups:
            group["lr"] = self._lesson.rate * falling * min(1, (self.steps + 1) / WARM_STEPS)
        rows = torch.cat([deck.next(self._chance) for deck in self._decks])
        rows = rows[torch.randperm(len(rows), generator=self._chance.each, device=self._device)]
        views = scaled(spoilt(Squares(self._crops.squares[rows], self._crops.shares[rows]), self._chance))
        said, vectors = self._said(views)
        named = self._whose.animals[rows] >= 0
        wild_rows, own = rows[~named], self._whose.at(rows[named])
        parts = {
            "trunks": trunks_apart(said, self._features[rows], self._sizes),
            "neighbours": neighbours_apart(vectors[~named], wild_rows, self._vectors),
            "vector": (1 - (vectors[~named] * self._vectors[wild_rows]).sum(1)).mean(),
            "names": strangers_near(vectors[named], own, self._whose, self._remembered),
        }
        weights = {
            "trunks": TRUNK_WEIGHT,
            "neighbours": NEIGHBOUR_WEIGHT,
            "vector": VECTOR_WEIGHT,
            "names": NAME_WEIGHT,
        }
        loss = sum((weights[name] * value for name, value in parts.items()), torch.zeros((), device=self._device))
        self._optimiser.zero_grad(set_to_none=True)
        self._scaler.scale(loss).backward()
        self._scaler.unscale_(self._optimiser)
        nn.utils.clip_grad_norm_(self._weights, LARGEST_GRADIENT)
        self._scaler.step(self._optimiser)
        self._scaler.update()
        self._remember(rows[named], vectors[named].detach())
        self.steps += 1
        self._follow(min(AVERAGE, self.steps / (self.steps + 10)))
        return {name: value.detach() for name, value in parts.items()}

    def save(self, file: Path, curve: list[dict[str, float]]) -> None:
        """All that going on needs."""
        kept: dict[str, Any] = {name: one.state_dict() for name, one in self._parts().items()}
        kept |= {"remembered": self._remembered, "steps": self.steps, "curve": curve}
        torch.save(kept, file.with_suffix(".new"))
        file.with_suffix(".new").replace(file)

    def resumed(self, file: Path) -> list[dict[str, float]]:
        """Goes on from a saved state; the curve so far."""
        kept = torch.load(file, weights_only=True, map_location=self._device)
        for name, one in self._parts().items():
            one.load_state_dict(kept[name])
        self.steps, self._remembered = kept["steps"], kept["remembered"]
        return list(kept["curve"])

    def _parts(self) -> dict[str, Any]:
        learned = {"network": self._network, "average": self.average}
        return {**learned, "optimiser": self._optimiser, "scaler": self._scaler}

    def _said(self, views: Tensor) -> tuple[Tensor, Tensor]:
        """Features and vectors of views; on a GPU the maps are float16."""
        with torch.autocast(self._device.type, torch.float16, enabled=self._device.type == "cuda"):
            maps = [trunk.run(views, 0, len(trunk.layers)) for trunk in self._network.features.trunks]
        said = torch.cat([functional.normalize(one.float().mean((2, 3)), dim=1) for one in maps], dim=1)
        return said, functional.normalize(self._network.project(said), dim=1)

    @torch.no_grad()
    def _remember(self, rows: Tensor, vectors: Tensor) -> None:
        mixed = torch.lerp(self._remembered[rows], vectors.to(self._remembered.dtype), NEWEST)
        self._remembered[rows] = functional.normalize(mixed, dim=1)

    @torch.no_grad()
    def _follow(self, share: float) -> None:
        torch._foreach_lerp_(list(self.average.parameters()), self._weights, 1 - share)


class _Deck:
    """Some rows, shuffled, dealt a few at a time."""

    def __init__(self, which: Tensor, few: int) -> None:
        self._rows, self._few = which.nonzero()[:, 0], min(few, int(which.sum()))
        self._left = self._rows[:0]

    def next(self, chance: Chance) -> Tensor:
        if len(self._left) < self._few:
            order = torch.randperm(len(self._rows), generator=chance.each, device=self._rows.device)
            self._left = self._rows[order]
        dealt, self._left = self._left[: self._few], self._left[self._few :]
        return dealt


def _write_curve(curve: list[dict[str, float]], file: Path) -> None:
    with file.open("w", newline="", encoding="utf-8") as lines:
        table = csv.DictWriter(lines, ["views", "minutes", "trunks", "neighbours", "vector", "names"])
        table.writeheader()
        table.writerows(curve)


def main() -> None:
    """Learn, and write the weights learned."""
    parser = argparse.ArgumentParser(prog="python -m training.embedder.endtoend", description=__doc__)
    parser.add_argument("--start", type=Path, required=True)
    parser.add_argument("--crops", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=7)
    parser.add_argument("--batch", type=int, default=192)
    parser.add_argument("--rate", type=float, default=Lesson.rate)
    parser.add_argument("--without", type=int, nargs="*", default=[], help="folds whose animals are left out")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    _learn(
        options.start,
        options.crops,
        options.out,
        Lesson(options.minutes, options.batch, tuple(options.without), options.rate),
    )


if __name__ == "__main__":
    main()
