"""The card beside the ONNX file: what it is, what it learned from, how it is fed, its figures and golden vector."""

import hashlib
from pathlib import Path
from typing import Any

import yaml

from training.detector.data import CLASSES, FILL, SETS
from training.detector.model import GREY_BLUR_PX
from training.detector.network import STRIDES
from training.detector.teacher import COCO_OTHERS, SIDE

YOLOX_NANO = "https://github.com/Megvii-BaseDetection/YOLOX/releases/download/0.1.1rc0/yolox_nano.onnx"


class Dumper(yaml.SafeDumper):
    """Writes the innermost lists and mappings on one line, and nothing as a reference to something above."""

    def ignore_aliases(self, data: Any) -> bool:
        """Always."""
        del data
        return True


def network_input() -> dict[str, Any]:
    """How the network and its teacher are fed."""
    return {
        "name": "images", "width": SIDE, "height": SIDE, "layout": "NCHW", "colour": "BGR", "scale": 1.0,
        "mean": [0.0, 0.0, 0.0], "std": [1.0, 1.0, 1.0], "fit": "pad-top-left", "fill": FILL, "cpu_batch": 1,
    }  # fmt: skip


def write(
    file: Path,
    about: str,
    thresholds: dict[str, float],
    figures: dict[str, Any],
    golden: list[float],
) -> Path:
    """The bundled detector's card."""
    card = {
        "name": file.stem, "kind": "detector", "version": 1, "file": file.name,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(), "licence": "Apache-2.0", "about": about,
        "trained_on": [{"name": name, "licence": licence} for name, licence in SETS.items()],
        "input": {**network_input(), "grey_blur_px": GREY_BLUR_PX},
        "output": {"name": "output", "head": "yolox", "strides": list(STRIDES)},
        "classes": dict(enumerate(CLASSES)), "grey_animals": [len(CLASSES)], "thresholds": thresholds,
        "figures": figures,
        "golden": {"picture": "pattern-1", "vector": golden},
    }  # fmt: skip
    return save(card, file.with_suffix(".yaml"))


def write_teacher(
    file: Path, path: Path, thresholds: dict[str, float], figures: dict[str, Any], golden: list[float]
) -> Path:
    """The teacher's card: the example for adding a model. Its ONNX file is not ours to bundle."""
    card = {
        "name": "yolox_nano", "kind": "detector", "version": 1, "file": file.name, "url": YOLOX_NANO,
        "licence": "Apache-2.0",
        "about": "YOLOX-nano by Megvii (github.com/Megvii-BaseDetection/YOLOX), trained there on COCO.",
        "trained_on": [{"name": "COCO train2017", "licence": "CC BY 4.0 annotations, Flickr photos"}],
        "input": network_input(),
        "output": {"name": "output", "head": "yolox", "strides": list(STRIDES)},
        "classes": {15: "cat", 16: "dog", 0: "person"}, "grey_animals": list(COCO_OTHERS), "thresholds": thresholds,
        "figures": figures,
        "golden": {"picture": "pattern-1", "vector": golden},
    }  # fmt: skip
    return save(card, path)


def save(card: dict[str, Any], path: Path) -> Path:
    """As YAML, keys in their order."""
    path.write_text(
        yaml.dump(card, Dumper=Dumper, sort_keys=False, width=110, default_flow_style=None), encoding="utf-8"
    )
    return path
