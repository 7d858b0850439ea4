"""Third lesson's pictures: heads alone, and those dogs' heads that the machine that made the labels did not find.

That machine knows faces turned to the camera. Where it found none on a dog's photo, what the second lesson's network
sees there, the same way round and mirrored, is the label; where that sees nothing either, the photo stays silent.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch

from training.detector.boxes import Floats, decode, iou, keep_best
from training.detector.data import CAT_HEAD, DOG_HEAD, Pictures
from training.detector.network import Detector
from training.detector.teacher import SIDE

LEAST = 0.25
ALIKE_IOU = 0.5


def of_heads(pictures: Pictures, network: Detector) -> Pictures:
    """The same photos with labels of heads only; found ones are added."""
    labels, silent, added = [], [], 0
    for index, (rows, unknown) in enumerate(zip(pictures.labels, pictures.silent, strict=True)):
        heads = rows[rows[:, 0] >= CAT_HEAD]
        is_dog = DOG_HEAD in unknown and CAT_HEAD not in unknown and not len(heads)
        own = _seen(network, np.asarray(pictures.pixels[index]), pictures.sizes[index]) if is_dog else heads[:0]
        labels.append(np.concatenate([heads, own]))
        silent.append(tuple(name for name in unknown if name >= CAT_HEAD and not (len(own) and name == DOG_HEAD)))
        added += len(own)
    print(f"heads: {added} found by the network itself", flush=True)
    return replace(pictures, labels=labels, silent=silent)


def _seen(network: Detector, picture: npt.NDArray[np.uint8], size: tuple[int, int]) -> Floats:
    """The surest dog's head that is seen both ways round, as a label row; none where there is none."""
    width = round(size[0])
    mirrored = picture.copy()
    mirrored[:, :width] = picture[:, :width][:, ::-1]
    one, other = (_heads(network, view) for view in (picture, mirrored))
    other[:, [1, 3]] = width - other[:, [3, 1]]
    for row in one:
        overlaps = iou(row[1:5], other[:, 1:5]) if len(other) else np.zeros(0)
        if len(overlaps) and overlaps.max() >= ALIKE_IOU:
            twin = other[int(np.argmax(overlaps))]
            return np.concatenate([[DOG_HEAD], (row[1:5] + twin[1:5]) / 2])[None].astype(np.float32)
    return np.zeros((0, 5), np.float32)


@torch.no_grad()
def _heads(network: Detector, picture: npt.NDArray[np.uint8]) -> Floats:
    maps = network(torch.from_numpy(picture.transpose(2, 0, 1)[None].copy()).float())
    table = torch.cat([m.flatten(2) for m in maps], 2)[0].T.numpy()
    scores = 1 / (1 + np.exp(-table[:, 4:5])) / (1 + np.exp(-table[:, [5 + DOG_HEAD]]))
    return keep_best(decode(table[:, :4], SIDE), scores, LEAST, iou=ALIKE_IOU, classes=[DOG_HEAD])
