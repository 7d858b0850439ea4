"""From a trained network to what is shipped: ONNX, thresholds, figures, the two cards and results.json."""

import json
from pathlib import Path

from training.detector import card, evaluate, export, others, thresholds
from training.detector.data import Pictures
from training.detector.model import ours, teacher
from training.detector.network import Detector, Joined
from training.detector.teacher import Teacher

HERE = Path(__file__).parent
KNOWN = HERE.parents[1] / "src/homeward/models/known"
ABOUT = (
    "Cats, dogs, people, and the heads of cats and dogs: two networks of YOLOX-nano's shape. Both started from random "
    "weights and learned, layer by layer, to answer as YOLOX-nano (Apache-2.0, Megvii) does, so that they began as "
    "close likenesses of that. The first stays so. The second went on, the whole of it, on made-up views by two "
    "teachers: the first network for bodies and people, and for heads a network that had learned them from hand-made "
    "cat and machine-made dog head boxes and from those it found itself; labels corrected the teachers where animals "
    "are small or of a known kind. It runs only on pictures that may show an animal: heads are its own, animals' "
    f"scores {1 - export.SAY_OF_SECOND:g} of the first one's and {export.SAY_OF_SECOND:g} of its own. On pictures "
    "without colour what looks like a horse, a sheep or a cow counts for cat or dog, whichever is likelier."
)
HOW_CHOSEN = (
    "best F1 (heads: F2) on every 11th training picture against its training labels; quiet: cat and dog raised until "
    "street/train scenes without one show at most 0.5 false ones per 100"
)


def publish(
    bodies: Detector, network: Joined, reference: Path, pictures: Pictures, shared: Path, out: Path, how: str, seed: int
) -> None:
    """Write everything; the teacher's card goes beside this file."""
    out.mkdir(parents=True, exist_ok=True)
    file = export.write_onnx(bodies, network, out)
    left = others.add(file, Teacher.load(reference), pictures, seed)
    print(f"other animals: {left:.2f} of the variance left", flush=True)
    state(file, reference, pictures, shared, how)


def state(file: Path, reference: Path, pictures: Pictures, shared: Path, how: str) -> None:
    """Thresholds, figures and cards of a finished file."""
    mine, other = ours(file), teacher(reference)
    least = thresholds.chosen(mine, pictures)
    quiet = thresholds.quiet(mine, evaluate.scenes_without_pets(shared / "data/street/train"), least)
    found = {"thresholds_chosen_by": HOW_CHOSEN, **evaluate.figures(mine, other, shared, least, quiet)}
    card.write(file, f"{ABOUT} {how}", least, found, export.golden_vector(mine.table))
    theirs = {**evaluate.TEACHER_THRESHOLDS, "nms_iou": least["nms_iou"]}
    card.write_teacher(
        reference, KNOWN / "yolox_nano.yaml", theirs, found["yolox_nano"], export.golden_vector(other.table)
    )
    (HERE / "results.json").write_text(json.dumps({"how": how, **found}, indent=2) + "\n")
    print((HERE / "results.json").read_text())
