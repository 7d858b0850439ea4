"""Third lesson's pictures: heads alone, and those that neither hand nor machine marked.

Nobody marked the heads of most cats, and the machine that marked the dogs' knows faces turned to the camera. What the
second lesson's network sees on such a photo, the same way round and mirrored, is the label; where that sees nothing
either, the whole photo is no negative.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch

from training.detector.boxes import Floats, decode, iou, keep_best
from training.detector.data import CAT, CAT_HEAD, DOG, DOG_HEAD, Pictures
from training.detector.network import Detector
from training.detector.teacher import SIDE

LEAST = 0.25
ALIKE_IOU = 0.5
BODY_OF = {CAT_HEAD: CAT, DOG_HEAD: DOG}


def of_heads(pictures: Pictures, network: Detector) -> Pictures:
    """The same photos with labels of heads only; found ones are added."""
    labels, silent, added = [], [], 0
    for index, (rows, unknown) in enumerate(zip(pictures.labels, pictures.silent, strict=True)):
        own = [rows[rows[:, 0] >= CAT_HEAD]]
        hidden, there = [], {*rows[:, 0].astype(int).tolist(), *unknown}
        for head in (name for name in unknown if BODY_OF.get(name) in there):
            found = _seen(network, np.asarray(pictures.pixels[index]), pictures.sizes[index], head)
            own.append(found)
            hidden += [BODY_OF[head]] * (not len(found))
            added += len(found)
        labels.append(np.concatenate(own))
        silent.append(tuple(hidden))
    print(f"heads: {added} found by the network itself", flush=True)
    return replace(pictures, labels=labels, silent=silent)


def _seen(network: Detector, picture: npt.NDArray[np.uint8], size: tuple[int, int], head: int) -> Floats:
    """The surest head that is seen both ways round, as a label row; none where there is none."""
    width = round(size[0])
    mirrored = picture.copy()
    mirrored[:, :width] = picture[:, :width][:, ::-1]
    one, other = (_heads(network, view, head) for view in (picture, mirrored))
    other[:, [1, 3]] = width - other[:, [3, 1]]
    for row in one:
        overlaps = iou(row[1:5], other[:, 1:5]) if len(other) else np.zeros(0)
        if len(overlaps) and overlaps.max() >= ALIKE_IOU:
            twin = other[int(np.argmax(overlaps))]
            return np.concatenate([[head], (row[1:5] + twin[1:5]) / 2])[None].astype(np.float32)
    return np.zeros((0, 5), np.float32)


@torch.no_grad()
def _heads(network: Detector, picture: npt.NDArray[np.uint8], head: int) -> Floats:
    maps = network(torch.from_numpy(picture.transpose(2, 0, 1)[None].copy()).float())
    table = torch.cat([m.flatten(2) for m in maps], 2)[0].T.numpy()
    scores = 1 / (1 + np.exp(-table[:, 4:5])) / (1 + np.exp(-table[:, [5 + head]]))
    return keep_best(decode(table[:, :4], SIDE), scores, LEAST, iou=ALIKE_IOU, classes=[head])
