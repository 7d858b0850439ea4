"""One command: pictures -> labels -> layers -> heads -> ONNX -> figures -> card."""

import argparse
import copy
import os
from pathlib import Path

import torch

from training.detector import data, layers, train
from training.detector.network import Detector
from training.detector.publish import publish
from training.detector.teacher import Teacher
from training.detector.train import Lesson

SEED = 20261123


def main() -> None:
    """Train, or go on where a run was broken off, and write the model."""
    options = arguments()
    torch.manual_seed(SEED)
    torch.set_num_threads(options.threads)
    options.cache.mkdir(parents=True, exist_ok=True)
    reference = options.shared / "weights/yolox_nano/yolox_nano.onnx"
    teacher = Teacher.load(reference, options.threads)
    pictures = data.load(options.shared, options.cache, teacher)
    bodies = likeness(teacher, pictures, options.cache / "layers.pt")
    heads, checkpoint = copy.deepcopy(bodies), options.cache / "whole.pt"
    if options.publish_only:
        heads, lesson = train.reached(heads, checkpoint)
    else:
        heads, lesson = train.learn(heads, pictures, options.minutes, checkpoint, SEED)
    publish(bodies, heads, reference, pictures, options.shared, options.out, told(lesson))


def likeness(teacher: Teacher, pictures: data.Pictures, checkpoint: Path) -> Detector:
    """The network of the first lesson, from ``checkpoint`` where there is one."""
    network = Detector(len(data.CLASSES))
    if checkpoint.exists():
        network.load_state_dict(torch.load(checkpoint, weights_only=True))
    else:
        left = layers.learn(network, teacher, pictures, SEED)
        print(f"layer by layer: {left:.1e} of the variance left")
        torch.save(network.state_dict(), checkpoint)
    return network.eval()


def told(lesson: Lesson) -> str:
    """How long it learned, for the card."""
    return (
        f"{layers.VIEWS} views layer by layer, then {lesson.views} end to end for the heads ({lesson.minutes:.0f} min)."
    )


def arguments() -> argparse.Namespace:
    """What can be chosen."""
    parser = argparse.ArgumentParser(prog="python -m training.detector", description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path(os.environ.get("HOMEWARD_SHARED", "../shared")))
    parser.add_argument("--cache", type=Path, default=Path("build/detector"), help="decoded pictures and checkpoints")
    parser.add_argument("--out", type=Path, default=Path("src/homeward/models/weights"))
    parser.add_argument("--minutes", type=float, default=100.0, help="for the second network's lesson")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--publish-only", action="store_true", help="train no more: write what the checkpoints hold")
    return parser.parse_args()


if __name__ == "__main__":
    main()
