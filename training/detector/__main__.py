"""One command: pictures -> labels -> stages -> whole network -> ONNX -> figures -> card."""

import argparse
import json
import os
from pathlib import Path

import torch

from training.detector import data, evaluate, export, stagewise, train
from training.detector.network import Detector
from training.detector.teacher import Teacher

SEED = 20261123
STAGEWISE_SHARE = 0.4
PERSON_THRESHOLD = 0.35


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
    stages = stagewise.learn(
        network, teacher, pictures, options.minutes * STAGEWISE_SHARE, options.cache / "stagewise.pt", SEED
    )
    averaged, whole = train.learn(
        network, pictures, options.minutes * (1 - STAGEWISE_SHARE), options.cache / "whole.pt", SEED
    )
    how = f"{stages.views} views part by part ({stages.minutes:.0f} min), {whole.views} end to end ({whole.minutes:.0f} min)."
    publish(averaged, reference, pictures, options, how)


def publish(network: Detector, reference: Path, pictures: data.Pictures, options: argparse.Namespace, how: str) -> None:
    """ONNX, thresholds, figures, card and results."""
    options.out.mkdir(parents=True, exist_ok=True)
    file = export.write_onnx(network, options.out)
    mine = evaluate.ours(file)
    # thresholds come from photos that may be trained on, so that the figures stay figures of unseen ones
    thresholds = {**evaluate.suggested(evaluate.training_hits(mine, pictures)), "person": PERSON_THRESHOLD, "nms_iou": 0.5}
    found = evaluate.figures(file, reference, options.shared, thresholds)
    export.write_card(file, thresholds, found, export.golden_vector(mine.table), how)
    results = Path(__file__).parent / "results.json"
    results.write_text(json.dumps({"how": how, "thresholds": thresholds, **found}, indent=2) + "\n")
    print(results.read_text())


def arguments() -> argparse.Namespace:
    """What can be chosen."""
    parser = argparse.ArgumentParser(prog="python -m training.detector", description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path(os.environ.get("HOMEWARD_SHARED", "../shared")))
    parser.add_argument("--cache", type=Path, default=Path("build/detector"), help="decoded pictures and checkpoints")
    parser.add_argument("--out", type=Path, default=Path("src/homeward/models/weights"))
    parser.add_argument("--minutes", type=float, default=70.0, help="for both lessons together")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
