"""The trained network as an ONNX file, and the vector by which a wrongly loaded one is noticed."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import torch

from training.detector.data import CAT_HEAD
from training.detector.network import Detector, Exported
from training.detector.teacher import SIDE

NAME = "homeward-detector-1"
OPSET = 17


def write_onnx(bodies: Detector, heads: Detector, folder: Path) -> Path:
    """Export with a free batch axis."""
    file = folder / f"{NAME}.onnx"
    torch.onnx.export(
        Exported(bodies, heads, CAT_HEAD).eval(),
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


def golden_vector(run: Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.float32]]) -> list[float]:
    """Mean over all anchors of each output channel; ``run`` takes a BGR picture and gives the table."""
    table = run(np.ascontiguousarray(golden_picture(SIDE, SIDE)[..., ::-1]))
    return [float(f"{value:.5g}") for value in table.mean(0)]
