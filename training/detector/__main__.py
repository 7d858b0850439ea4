"""One command: pictures -> labels -> layers -> heads -> ONNX -> figures -> card."""

import argparse
import copy
import os
from pathlib import Path

import torch

from training.detector import data, layers, train
from training.detector.heads import of_heads
from training.detector.network import Detector
from training.detector.publish import publish
from training.detector.teacher import Teacher
from training.detector.train import Lesson

SEED = 20261123
LAST_RATE = 3e-4


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
    last = options.cache / "heads.pt"
    if options.publish_only:
        _, lesson = train.reached(copy.deepcopy(heads), checkpoint)
        heads, own = train.reached(heads, last)
    else:
        heads, lesson = train.learn(heads, pictures, options.minutes, checkpoint, SEED)
        alone = of_heads(pictures, heads)
        heads, own = train.learn(heads, alone, options.minutes_heads, last, SEED + 1, LAST_RATE)
    publish(bodies, heads, reference, pictures, options.shared, options.out, told(lesson, own))


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


def told(lesson: Lesson, own: Lesson) -> str:
    """How long it learned, for the card."""
    return (
        f"{layers.VIEWS} views layer by layer, then {lesson.views} end to end ({lesson.minutes:.0f} min) and "
        f"{own.views} of heads alone ({own.minutes:.0f} min), some of which it had found itself."
    )


def arguments() -> argparse.Namespace:
    """What can be chosen."""
    parser = argparse.ArgumentParser(prog="python -m training.detector", description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path(os.environ.get("HOMEWARD_SHARED", "../shared")))
    parser.add_argument("--cache", type=Path, default=Path("build/detector"), help="decoded pictures and checkpoints")
    parser.add_argument("--out", type=Path, default=Path("src/homeward/models/weights"))
    parser.add_argument("--minutes", type=float, default=100.0, help="for the second network's lesson")
    parser.add_argument("--minutes-heads", type=float, default=40.0, help="for its last lesson, of heads alone")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--publish-only", action="store_true", help="train no more: write what the checkpoints hold")
    return parser.parse_args()


if __name__ == "__main__":
    main()
