"""The trained network as an ONNX file and its card."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import torch
import yaml

from training.detector.data import CLASSES, FILL, SETS
from training.detector.network import STRIDES, Detector, Exported
from training.detector.teacher import SIDE

NAME = "homeward-detector-1"
OPSET = 17


def write_onnx(network: Detector, folder: Path) -> Path:
    """Export with a free batch axis."""
    file = folder / f"{NAME}.onnx"
    torch.onnx.export(
        Exported(network).eval(),
        (torch.zeros(1, 3, SIDE, SIDE),),
        str(file),
        input_names=["images"],
        output_names=["output"],
        dynamic_axes={"images": {0: "n"}, "output": {0: "n"}},
        opset_version=OPSET,
        dynamo=False,
    )
    onnx.checker.check_model(onnx.load(str(file)))
    return file


def golden_picture(width: int, height: int) -> npt.NDArray[np.uint8]:
    """Picture ``pattern-1``: RGB (height, width, 3), made of whole numbers."""
    y, x, c = np.mgrid[:height, :width, :3]
    return ((x * 7 + y * 13 + c * 29 + (x * y) // 64) % 256).astype(np.uint8)


def golden_vector(run: Any) -> list[float]:
    """Mean over all anchors of each output channel; ``run`` takes a BGR picture and gives the table."""
    table = run(np.ascontiguousarray(golden_picture(SIDE, SIDE)[..., ::-1]))
    return [float(f"{value:.5g}") for value in table.mean(0)]


def write_card(file: Path, thresholds: dict[str, float], figures: dict[str, Any], golden: list[float], how: str) -> Path:
    """The card beside the ONNX file."""
    card = {
        "name": NAME,
        "kind": "detector",
        "version": 1,
        "file": file.name,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "licence": "Apache-2.0",
        "about": (
            "YOLOX-nano shape, random weights at the start; learned from the feature maps and boxes of YOLOX-nano "
            f"(Apache-2.0, Megvii) and from head boxes. {how}"
        ),
        "trained_on": [{"name": name, "licence": licence} for name, licence in SETS.items()],
        "input": {
            "name": "images", "width": SIDE, "height": SIDE, "layout": "NCHW", "colour": "BGR", "scale": 1.0,
            "mean": [0.0, 0.0, 0.0], "std": [1.0, 1.0, 1.0], "fit": "pad-top-left", "fill": FILL,
        },
        "output": {"name": "output", "head": "yolox", "strides": list(STRIDES)},
        "classes": dict(enumerate(CLASSES)),
        "thresholds": thresholds,
        "figures": figures,
        "golden": {"picture": "pattern-1", "vector": golden},
    }  # fmt: skip
    path = file.with_suffix(".yaml")
    path.write_text(yaml.safe_dump(card, sort_keys=False, width=110), encoding="utf-8")
    return path
