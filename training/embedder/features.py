"""Features: a finished ONNX file in; what its trunks make of pictures, before the projection, out. Never learns."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime

from training.embedder.export import FEATURES, scaled
from training.embedder.pictures import Pixels

BATCH = 4
Floats = npt.NDArray[np.float32]


class Trunks:
    """All of the network but its last layer, on one thread."""

    def __init__(self, file: Path) -> None:
        """Of an embedder that `training.embedder.export` wrote; ``name`` tells its weights from others'."""
        model = onnx.load(str(file))
        weights = [one for one in model.graph.initializer if not one.name.startswith("project.")]
        self.name = hashlib.sha256(b"".join(one.SerializeToString() for one in weights)).hexdigest()[:12]
        model.graph.output.append(onnx.helper.make_empty_tensor_value_info(FEATURES))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        content = model.SerializeToString()
        self._session: Any = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])

    def __call__(self, squares: Pixels) -> Floats:
        """Float32 [n, 3584] for uint8 [n, 224, 224, 3]."""
        starts = range(0, len(squares), BATCH)
        return np.concatenate([self._one(np.asarray(squares[start : start + BATCH])) for start in starts])

    def _one(self, squares: Pixels) -> Floats:
        return np.asarray(self._session.run([FEATURES], {"images": scaled(squares)})[0])
