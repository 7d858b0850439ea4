"""End to end: all trunks learn to say of a spoilt view what they said of the clean crop. No animal's name is read.

    python -m training.embedder.endtoend --start FILE.onnx --crops CROPS.npz --out student.pt

The teacher is the network that is trained, as it was before: its features of each clean crop, both ways round. A view
is to have the same features, and the same neighbours among all crops under the projection of ``--start``. Uses a GPU
where there is one.
"""

from __future__ import annotations

import argparse
import copy
import csv
import io
import logging
import math
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import numpy_helper
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from training.embedder.network import Embedder, Features
from training.embedder.pictures import FILL
from training.embedder.spoil import Chance, Crops, spoilt
from training.embedder.views import SIZE_PX

MASK_PX = 56
CLOSER = 1.1
TRUNK_WEIGHT, NEIGHBOUR_WEIGHT, VECTOR_WEIGHT = 2.0, 0.5, 1.0
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


def read_crops(file: Path, device: torch.device) -> Crops:
    """All crops of a file that `wild` wrote, unpacked."""
    with np.load(file) as kept:
        data, masks = kept["data"], np.unpackbits(kept["masks"], axis=1).reshape(-1, MASK_PX, MASK_PX)
        ends = np.cumsum(kept["lengths"])
    starts = ends - np.diff(ends, prepend=0)
    squares = np.empty((len(ends), 4, SIZE_PX, SIZE_PX), np.uint8)
    shares = np.empty((len(ends), 2), np.float32)

    def unpack(row: int) -> None:
        with Image.open(io.BytesIO(data[starts[row] : ends[row]].tobytes())) as image:
            squares[row], shares[row] = _square(image.convert("RGB"), masks[row])

    with ThreadPoolExecutor() as pool:
        list(pool.map(unpack, range(len(ends))))
    return Crops(torch.from_numpy(squares).to(device), torch.from_numpy(shares).to(device))


def _square(image: Image.Image, mask: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.uint8], tuple[float, float]]:
    """The crop and its mask as large as fits, padded: uint8 [4, 224, 224], and the share of it that is crop."""
    scale = SIZE_PX / max(image.size)
    width, height = (max(1, round(side * scale)) for side in image.size)
    left, top = (SIZE_PX - width) // 2, (SIZE_PX - height) // 2
    square = np.full((4, SIZE_PX, SIZE_PX), FILL, np.uint8)
    square[3] = 0
    pixels = np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))
    animal = Image.fromarray(mask * np.uint8(255)).resize((width, height), Image.Resampling.BILINEAR)
    square[:3, top : top + height, left : left + width] = pixels.transpose(2, 0, 1)
    square[3, top : top + height, left : left + width] = np.asarray(animal)
    return square, (width / SIZE_PX, height / SIZE_PX)


@torch.no_grad()
def taught(network: Embedder, crops: Crops, batch: int) -> tuple[Tensor, Tensor]:
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


def loss_of(
    said: Tensor, vectors: Tensor, rows: Tensor, features: Tensor, all_vectors: Tensor, sizes: list[int]
) -> dict[str, Tensor]:
    """How far features and neighbours of views lie from what is to be learned of their crops, ``rows``."""
    trunks = zip(said.split(sizes, 1), features[rows].split(sizes, 1), strict=True)
    apart = sum((1 - functional.cosine_similarity(one, other)).mean() for one, other in trunks) / len(sizes)
    wanted = (all_vectors[rows] @ all_vectors.T / TEMPERATURE).softmax(1)
    given = (vectors @ all_vectors.T / TEMPERATURE).log_softmax(1)
    neighbours = functional.kl_div(given, wanted, reduction="batchmean")
    vector = (1 - (vectors * all_vectors[rows]).sum(1)).mean()
    return {"trunks": apart, "neighbours": neighbours, "vector": vector}


@dataclass(frozen=True, slots=True)
class Lesson:
    """How long and how fast to learn; ``share`` of what was learned is taken, the rest stays as it was."""

    minutes: float
    batch: int
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
    crops = read_crops(crops_file, device)
    learner = _Learner(network, crops, taught(network, crops, lesson.batch), lesson, device)
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
        self, network: Embedder, crops: Crops, lessons: tuple[Tensor, Tensor], lesson: Lesson, device: torch.device
    ) -> None:
        self._network, self._crops, self._lesson, self._device = network, crops, lesson, device
        self._features, self._vectors = lessons
        self.average = copy.deepcopy(network.features).eval()
        self._weights = list(network.features.parameters())
        self._optimiser = torch.optim.AdamW(self._weights, lr=lesson.rate, weight_decay=1e-4)
        self._scaler = torch.amp.GradScaler(device.type, enabled=device.type == "cuda")
        self._chance = Chance(device, lesson.seed)
        self._sizes = [trunk.layers[-1].shape.outputs for trunk in network.features.trunks]
        self.steps = 0
        self._left = torch.empty(0, dtype=torch.long)

    def step(self, spent: float) -> dict[str, Tensor]:
        """One batch, with a rate that falls along a cosine as time is ``spent``, 0 to 1; the parts of its loss."""
        falling = LEAST_RATE + (1 - LEAST_RATE) * (1 + math.cos(math.pi * spent)) / 2
        for group in self._optimiser.param_groups:
            group["lr"] = self._lesson.rate * falling * min(1, (self.steps + 1) / WARM_STEPS)
        rows = self._next_rows()
        views = scaled(spoilt(Crops(self._crops.squares[rows], self._crops.shares[rows]), self._chance))
        parts = loss_of(*self._said(views), rows, self._features, self._vectors, self._sizes)
        loss = TRUNK_WEIGHT * parts["trunks"] + NEIGHBOUR_WEIGHT * parts["neighbours"] + VECTOR_WEIGHT * parts["vector"]
        self._optimiser.zero_grad(set_to_none=True)
        self._scaler.scale(loss).backward()
        self._scaler.unscale_(self._optimiser)
        nn.utils.clip_grad_norm_(self._weights, LARGEST_GRADIENT)
        self._scaler.step(self._optimiser)
        self._scaler.update()
        self.steps += 1
        self._follow(min(AVERAGE, self.steps / (self.steps + 10)))
        return {name: value.detach() for name, value in parts.items()}

    def save(self, file: Path, curve: list[dict[str, float]]) -> None:
        """All that going on needs."""
        kept = {name: one.state_dict() for name, one in self._parts().items()}
        torch.save({**kept, "steps": self.steps, "curve": curve}, file.with_suffix(".new"))
        file.with_suffix(".new").replace(file)

    def resumed(self, file: Path) -> list[dict[str, float]]:
        """Goes on from a saved state; the curve so far."""
        kept = torch.load(file, weights_only=True, map_location=self._device)
        for name, one in self._parts().items():
            one.load_state_dict(kept[name])
        self.steps = kept["steps"]
        return list(kept["curve"])

    def _parts(self) -> dict[str, Any]:
        learned = {"network": self._network, "average": self.average}
        return {**learned, "optimiser": self._optimiser, "scaler": self._scaler}

    def _next_rows(self) -> Tensor:
        if len(self._left) < self._lesson.batch:
            count = len(self._features)
            self._left = torch.randperm(count, generator=self._chance.each, device=self._device)
        rows, self._left = self._left[: self._lesson.batch], self._left[self._lesson.batch :]
        return rows

    def _said(self, views: Tensor) -> tuple[Tensor, Tensor]:
        """Features and vectors of views; on a GPU the maps are float16."""
        with torch.autocast(self._device.type, torch.float16, enabled=self._device.type == "cuda"):
            maps = [trunk.run(views, 0, len(trunk.layers)) for trunk in self._network.features.trunks]
        said = torch.cat([functional.normalize(one.float().mean((2, 3)), dim=1) for one in maps], dim=1)
        return said, functional.normalize(self._network.project(said), dim=1)

    @torch.no_grad()
    def _follow(self, share: float) -> None:
        torch._foreach_lerp_(list(self.average.parameters()), self._weights, 1 - share)


def _write_curve(curve: list[dict[str, float]], file: Path) -> None:
    with file.open("w", newline="", encoding="utf-8") as lines:
        table = csv.DictWriter(lines, ["views", "minutes", "trunks", "neighbours", "vector"])
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
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    _learn(options.start, options.crops, options.out, Lesson(options.minutes, options.batch, options.rate))


if __name__ == "__main__":
    main()
