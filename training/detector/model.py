"""A YOLOX-headed ONNX file as a function: picture in, boxes of our classes out."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime as ort
from PIL import Image

from homeward.models.prepare import has_colour, smoothed
from training.detector.boxes import Floats, decode, keep_best
from training.detector.data import CAT, CLASSES, DOG, FILL, letterbox
from training.detector.teacher import COCO, COCO_OTHERS, SIDE

LEAST = 0.02
DOUBLES_IOU = 0.5
GREY_BLUR_PX = 0.7  # of pictures without colour; of 0, 0.7 and 1 the best at night that costs nothing by day


@dataclass(frozen=True)
class Model:
    """A session, which output class is which of ours, and how pictures without colour are looked at.

    Those are blurred by ``grey_blur_px``, and on them the classes ``others`` count for cat or dog.
    """

    session: ort.InferenceSession
    classes: dict[int, int]
    others: tuple[int, ...]
    grey_blur_px: float = 0.0

    @classmethod
    def open(cls, file: Path, classes: dict[int, int], others: tuple[int, ...], grey_blur_px: float = 0.0) -> "Model":
        """On one thread."""
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        session = ort.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        return cls(session, classes, others, grey_blur_px)

    def table(self, picture: npt.NDArray[np.uint8]) -> Floats:
        """Raw table for a BGR picture of 416 x 416."""
        feed = {"images": picture.transpose(2, 0, 1)[None].astype(np.float32)}
        return np.asarray(self.session.run(None, feed)[0][0])

    def rows(self, picture: npt.NDArray[np.uint8], least: float = LEAST) -> Floats:
        """Rows (class, x0, y0, x1, y1, score) in pixels of the 416 x 416 picture, best first."""
        is_grey = not has_colour(picture[(picture != FILL).any(-1)][None])
        table = self.table(smoothed(picture, self.grey_blur_px) if is_grey else picture)
        every = table[:, 4:5] * table[:, 5:]
        scores = every[:, list(self.classes)]
        names = list(self.classes.values())
        if is_grey:
            pets = [names.index(CAT), names.index(DOG)]
            together = every[:, list(self.others)].sum(1) + scores[:, pets].sum(1)
            likelier = scores[:, pets] == scores[:, pets].max(1, keepdims=True)
            scores[:, pets] = likelier * together[:, None]
        return keep_best(decode(table[:, :4], SIDE), scores, least, iou=DOUBLES_IOU, classes=names)

    def boxes(self, path: Path, least: float = LEAST) -> Floats:
        """The same for a photo, in its own pixels."""
        with Image.open(path) as picture:
            pixels, scale = letterbox(picture)
        rows = self.rows(pixels, least)
        rows[:, 1:5] /= scale
        return rows


def ours(file: Path) -> Model:
    """A file with our five classes, and in the column behind them the other animals."""
    return Model.open(file, {index: index for index in range(len(CLASSES))}, (len(CLASSES),), GREY_BLUR_PX)


def teacher(file: Path) -> Model:
    """YOLOX-nano; of its 80 classes only ours are looked at."""
    return Model.open(file, COCO, COCO_OTHERS)
