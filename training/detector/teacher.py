"""The teacher, YOLOX-nano (Apache-2.0, Megvii): its boxes as labels, its inner feature maps as lessons."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort

from training.detector.boxes import decode, keep_best

SIDE = 416
COCO = {15: 0, 16: 1, 0: 2}  # COCO index -> ours: cat, dog, person

# student's part -> (names of the maps it reads, name of the map it learns)
STAGES: dict[str, tuple[tuple[str, ...], str]] = {
    "stem": (("images",), "input.7"),
    "dark2a": (("input.7",), "input.23"),
    "dark2b": (("input.23",), "input.67"),
    "dark3a": (("input.67",), "input.83"),
    "dark3b": (("input.83",), "input.175"),
    "dark4a": (("input.175",), "input.191"),
    "dark4b": (("input.191",), "input.283"),
    "dark5a": (("input.283",), "input.299"),
    "dark5b": (("input.299",), "input.315"),
    "dark5c": (("input.315",), "input.359"),
    "lateral": (("input.359",), "input.367"),
    "up4": (("input.367", "input.283"), "input.415"),
    "reduce": (("input.415",), "input.423"),
    "up3": (("input.423", "input.175"), "input.471"),
    "down4": (("input.471", "input.423"), "input.531"),
    "down5": (("input.531", "input.367"), "input.591"),
}
HEADS = {"head8": "input.471", "head16": "input.531", "head32": "input.591"}
Maps = dict[str, npt.NDArray[np.float32]]


@dataclass(frozen=True)
class Teacher:
    """Runs the teacher; ``maps`` also returns what goes on inside."""

    session: ort.InferenceSession
    inner: tuple[str, ...]

    @classmethod
    def load(cls, path: Path, threads: int = 1) -> "Teacher":
        model = onnx.load(str(path))
        inner = tuple(sorted({target for _, target in STAGES.values()}))
        for name in inner:
            model.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        return cls(session, inner)

    def table(self, picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Raw head (3549, 85) for a BGR picture of 416 x 416."""
        feed = picture.transpose(2, 0, 1)[None].astype(np.float32)
        return np.asarray(self.session.run(["output"], {"images": feed})[0][0])

    def maps(self, picture: npt.NDArray[np.uint8]) -> Maps:
        """All inner maps and the raw head, each with a leading batch axis."""
        feed = picture.transpose(2, 0, 1)[None].astype(np.float32)
        names = (*self.inner, "output")
        return {
            "images": feed,
            **dict(zip(names, self.session.run(list(names), {"images": feed}), strict=True)),
        }

    def boxes(self, picture: npt.NDArray[np.uint8], least: float) -> npt.NDArray[np.float32]:
        """Rows (class, x0, y0, x1, y1, score) of cats, dogs and people above ``least``."""
        table = self.table(picture)
        scores = table[:, 4:5] * table[:, 5:]
        chosen = scores[:, list(COCO)]
        return keep_best(decode(table[:, :4], SIDE), chosen, least, iou=0.5, classes=list(COCO.values()))
