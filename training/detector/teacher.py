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
COCO_OTHERS = (17, 18, 19)  # horse, sheep, cow; birds stay out: a city's nights are full of them

Maps = dict[str, npt.NDArray[np.float32]]


@dataclass(frozen=True)
class Joint:
    """One convolution of the teacher: the map that it reads and the one that it gives, before any activation."""

    reads: str
    gives: str


@dataclass(frozen=True)
class Teacher:
    """Runs the teacher; ``inner`` also returns what its convolutions read and give."""

    session: ort.InferenceSession
    joints: tuple[Joint, ...]

    @classmethod
    def load(cls, path: Path, threads: int = 1) -> "Teacher":
        model = onnx.load(str(path))
        joints = tuple(Joint(node.input[0], node.output[0]) for node in model.graph.node if node.op_type == "Conv")
        names = {joint.reads for joint in joints} | {joint.gives for joint in joints}
        for name in sorted(names - {model.graph.input[0].name}):
            model.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        return cls(session, joints)

    def table(self, picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Raw head (3549, 85) for a BGR picture of 416 x 416."""
        feed = picture.transpose(2, 0, 1)[None].astype(np.float32)
        return np.asarray(self.session.run(["output"], {"images": feed})[0][0])

    def inner(self, picture: npt.NDArray[np.uint8]) -> Maps:
        """Every map that a convolution reads or gives, each with a leading batch axis of one."""
        feed = picture.transpose(2, 0, 1)[None].astype(np.float32)
        names = [output.name for output in self.session.get_outputs()]
        return dict(zip(names, self.session.run(names, {"images": feed}), strict=True))

    def boxes(self, picture: npt.NDArray[np.uint8], least: float) -> npt.NDArray[np.float32]:
        """Rows (class, x0, y0, x1, y1, score) of cats, dogs and people above ``least``."""
        table = self.table(picture)
        scores = table[:, 4:5] * table[:, 5:]
        chosen = scores[:, list(COCO)]
        return keep_best(decode(table[:, :4], SIDE), chosen, least, iou=0.5, classes=list(COCO.values()))
