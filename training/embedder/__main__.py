"""One command from photos to the bundled embedder: distil, learn end to end, project, export, evaluate."""

from __future__ import annotations

import argparse
import json
import logging
import os
import time
from pathlib import Path

import torch

from training.embedder import crossfit, curves, endtoend
from training.embedder.card import NAME, figures, write_card
from training.embedder.distil import student_of
from training.embedder.evaluation import MEIKEVA, meikeva_scores, of_floor, of_onnx, test_scores
from training.embedder.export import write_onnx, write_projection
from training.embedder.hard import hard_scores
from training.embedder.known import known_of
from training.embedder.network import Embedder, Features
from training.embedder.pictures import cached
from training.embedder.projection import Recipe
from training.embedder.sets import held_out_identities, labelled, pets8k
from training.embedder.wild import write_crops

RESULTS = Path(__file__).with_name("results.json")
log = logging.getLogger("training.embedder")


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(prog="python -m training.embedder", description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path(os.environ.get("HOMEWARD_SHARED", "../shared")))
    parser.add_argument("--out", type=Path, default=Path("src/homeward/models/weights"))
    parser.add_argument("--work", type=Path, default=Path("build/embedder"), help="cache and checkpoints")
    parser.add_argument("--views", type=int, default=500, help="views that the layers are distilled on")
    parser.add_argument("--keep-trunks", action="store_true", help="learn only the projection in --out anew")
    parser.add_argument("--minutes", type=float, default=7, help="of learning end to end; 300 without a GPU")
    parser.add_argument("--batch", type=int, default=192, help="views a step of learning end to end; 32 without a GPU")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def distilled(options: argparse.Namespace) -> Features:
    """The student of both teachers, from photos of animals that are not held out."""
    named = labelled(options.shared)
    held = held_out_identities(named)
    pictures = [*(picture for picture in named if picture.identity not in held), *pets8k(options.shared)]
    squares, shares = cached(pictures, 256, options.work)
    file = options.work / f"student-{options.views}-{options.seed}.pt"
    return student_of(options.shared, squares, shares, file, count=options.views, seed=options.seed)


def taught_to_see(file: Path, recipe: Recipe, options: argparse.Namespace) -> Embedder:
    """The same network after a lesson on what cameras, nights and other places make of photos."""
    known = known_of(file, options.shared, options.work, seed=options.seed)
    write_projection(crossfit.fit(known, crossfit.folds(known) >= 0, recipe), file)
    crops = options.work / "wild.npz"
    if not crops.exists():
        write_crops(file, options.shared, crops)
    lesson = endtoend.Lesson(options.minutes, options.batch, seed=options.seed)
    return endtoend.learned(file, crops, options.work / f"endtoend-{options.seed}.pt", lesson)


def main() -> None:
    """Train, export, measure; every finished stage is found again in ``--work``."""
    options = arguments()
    started = time.monotonic()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(options.threads)
    options.work.mkdir(parents=True, exist_ok=True)
    file, recipe = options.out / f"{NAME}.onnx", Recipe()
    if not options.keep_trunks:
        write_onnx(Embedder(distilled(options)), file)
        write_onnx(taught_to_see(file, recipe, options), file)
    known = known_of(file, options.shared, options.work, seed=options.seed)
    fitted = crossfit.projections(known, recipe)
    write_projection(crossfit.fit(known, crossfit.folds(known) >= 0, recipe), file)
    ours = test_scores(of_onnx(file), options.shared, options.work)
    ours["meikeva_dogs (cross-fitted)"] = crossfit.scores(known, fitted, MEIKEVA.name)
    floor = test_scores(of_floor(options.shared), options.shared, options.work)
    floor[MEIKEVA.name] = meikeva_scores(of_floor(options.shared), options.shared, options.work)
    card = write_card(file, ours)
    curves.write(file, options.shared, options.work, known, fitted)
    minutes = round((time.monotonic() - started) / 60, 1)
    hard = {
        "floor": hard_scores(of_floor(options.shared), options.shared, options.work),
        "ours": hard_scores(of_onnx(file), options.shared, options.work),
    }
    results = {"floor": figures(floor), "ours": figures(ours), "hard": hard, "minutes_of_this_run": minutes}
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    log.info("wrote %s, %s and %s", file, card, RESULTS)


if __name__ == "__main__":
    main()
