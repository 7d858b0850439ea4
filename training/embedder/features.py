"""Features: a student and pictures in, pooled feature rows out, through OpenVINO for speed. Never learns."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import openvino as ov
import torch

from training.embedder.network import Features
from training.embedder.pictures import Pixels
from training.embedder.samples import images_of
from training.embedder.teacher import options


def features_of(student: Features, squares: Pixels, *, batch: int = 16) -> npt.NDArray[np.float32]:
    """Float32 [n, 3584] for uint8 [n, 224, 224, 3]; on the accelerator where torch sees one."""
    if torch.cuda.is_available():
        return _on_accelerator(student, squares)
    model = ov.convert_model(student.eval(), example_input=torch.zeros(1, 3, 224, 224), input=[-1, 3, 224, 224])
    network = ov.Core().compile_model(model, "CPU", options(1))
    starts = range(0, len(squares), batch)
    return np.concatenate(
        [np.array(network([images_of(squares[start : start + batch]).numpy()])[0]) for start in starts]
    )


@torch.no_grad()
def _on_accelerator(student: Features, squares: Pixels) -> npt.NDArray[np.float32]:
    device = torch.device("cuda")
    moved = student.eval().to(device)
    rows = [moved(images_of(squares[start : start + 256]).to(device)).cpu() for start in range(0, len(squares), 256)]
    student.to("cpu")
    return torch.cat(rows).numpy()
