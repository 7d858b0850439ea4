"""One command: pictures -> labels -> stages -> whole network -> ONNX -> figures -> card."""

import argparse
import os
from pathlib import Path

import torch

from training.detector import data, stagewise, train
from training.detector.network import Detector
from training.detector.publish import publish
from training.detector.stagewise import Lesson
from training.detector.teacher import Teacher

SEED = 20261123
STAGEWISE_SHARE = 0.4


def main() -> None:
    """Train, or go on where a run was broken off, and write the model."""
    options = arguments()
    torch.manual_seed(SEED)
    torch.set_num_threads(options.threads)
    options.cache.mkdir(parents=True, exist_ok=True)
    reference = options.shared / "weights/yolox_nano/yolox_nano.onnx"
    teacher = Teacher.load(reference, options.threads)
    pictures = data.load(options.shared, options.cache, teacher)
    network = Detector(len(data.CLASSES))
    if options.publish_only:
        stages = stagewise.reached(options.cache / "stagewise.pt")
        averaged, whole = train.reached(network, options.cache / "whole.pt")
    else:
        stages, averaged, whole = lessons(network, teacher, pictures, options)
    publish(averaged, reference, pictures, options.shared, options.out, told(stages, whole))


def lessons(
    network: Detector, teacher: Teacher, pictures: data.Pictures, options: argparse.Namespace
) -> tuple[Lesson, Detector, Lesson]:
    """Both lessons, one after the other."""
    minutes, cache = options.minutes, options.cache
    first = minutes * STAGEWISE_SHARE
    stages = stagewise.learn(network, teacher, pictures, first, cache / "stagewise.pt", SEED)
    averaged, whole = train.learn(network, pictures, minutes - first, cache / "whole.pt", SEED)
    return stages, averaged, whole


def told(stages: Lesson, whole: Lesson) -> str:
    """How long it learned, for the card."""
    return (
        f"{stages.views} views part by part ({stages.minutes:.0f} min), "
        f"{whole.views} end to end ({whole.minutes:.0f} min)."
    )


def arguments() -> argparse.Namespace:
    """What can be chosen."""
    parser = argparse.ArgumentParser(prog="python -m training.detector", description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path(os.environ.get("HOMEWARD_SHARED", "../shared")))
    parser.add_argument("--cache", type=Path, default=Path("build/detector"), help="decoded pictures and checkpoints")
    parser.add_argument("--out", type=Path, default=Path("src/homeward/models/weights"))
    parser.add_argument("--minutes", type=float, default=70.0, help="for both lessons together")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--publish-only", action="store_true", help="train no more: write what the checkpoints hold")
    return parser.parse_args()


if __name__ == "__main__":
    main()
