"""One command: pictures -> labels -> layers -> heads -> both in one -> ONNX -> figures -> card."""

import argparse
import copy
import os
from pathlib import Path

import torch

from training.detector import data, joined, layers, train
from training.detector.heads import of_heads
from training.detector.network import Detector
from training.detector.publish import publish
from training.detector.teacher import Teacher
from training.detector.train import Lesson

SEED = 20261123
LAST_RATE = 3e-4
SHARED_BATCH, SHARED_RATE = 16, 5e-4


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
    heads = copy.deepcopy(bodies)
    heads, first = train.learn(heads, pictures, options.minutes, options.cache / "whole.pt", SEED)
    alone = of_heads(pictures, heads)
    heads, heads_alone = train.learn(
        heads, alone, options.minutes_heads, options.cache / "heads.pt", SEED + 1, LAST_RATE
    )
    second, whole = joined.learn(
        joined.begun(bodies, heads), joined.two_teachers(bodies, heads), pictures, options.minutes_whole,
        options.cache / "joined.pt", SEED + 2, options.batch,
    )  # fmt: skip
    taught = joined.itself(second)
    second, last = joined.learn(
        joined.sharing(second, bodies, pictures, SEED + 3), taught, pictures, options.minutes_shared,
        options.cache / "shared.pt", SEED + 4, min(options.batch, SHARED_BATCH), bodies, SHARED_RATE,
    )  # fmt: skip
    how = told(first, heads_alone, whole, last)
    publish(bodies, second, reference, pictures, options.shared, options.out, how, SEED + 5)


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


def told(first: Lesson, heads: Lesson, whole: Lesson, shared: Lesson) -> str:
    """How long they learned, for the card."""
    return (
        f"{layers.VIEWS} views layer by layer; the teacher of heads {first.views} end to end ({first.minutes:.0f} min) "
        f"and {heads.views} of heads alone ({heads.minutes:.0f} min); the second network {whole.views} of its own "
        f"({whole.minutes:.0f} min on {whole.where}), then {shared.views} on the first one's first layers "
        f"({shared.minutes:.0f} min on {shared.where})."
    )


def arguments() -> argparse.Namespace:
    """What can be chosen."""
    parser = argparse.ArgumentParser(prog="python -m training.detector", description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path(os.environ.get("HOMEWARD_SHARED", "../shared")))
    parser.add_argument("--cache", type=Path, default=Path("build/detector"), help="decoded pictures and checkpoints")
    parser.add_argument("--out", type=Path, default=Path("src/homeward/models/weights"))
    parser.add_argument("--minutes", type=float, default=100.0, help="for the heads' teacher, end to end")
    parser.add_argument("--minutes-heads", type=float, default=40.0, help="for its lesson of heads alone")
    parser.add_argument("--minutes-whole", type=float, default=9.0, help="for the second network; a GPU's minutes")
    parser.add_argument("--minutes-shared", type=float, default=20.0, help="for it on the first one's first layers")
    parser.add_argument("--batch", type=int, default=256, help="views at once on a GPU; 16 on a processor")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main()
