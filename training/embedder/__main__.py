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
from training.embedder.projection import NAMELESS, Recipe
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
    parser.add_argument("--keep-trunks", action="store_true", help="learn only projections anew, with --work as it was")
    parser.add_argument("--minutes", type=float, default=15, help="of each of three lessons; 300 without a GPU")
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


def lessons(file: Path, options: argparse.Namespace) -> None:
    """The network in ``file`` learns what cameras, nights and other places make of photos, and who is on them.

    Beside it, in ``--work``, networks that learned the same without the names of one half of the animals each.
    """
    known = known_of(file, options.shared, options.work, seed=options.seed)
    write_projection(crossfit.fit(known, crossfit.folds(known) >= 0, NAMELESS), file)
    crops, start = options.work / "crops.npz", options.work / "start.onnx"
    if not crops.exists():
        write_crops(file, options.shared, crops)
    file.replace(start)
    for kept, without in zip([file, *curves.halves_of(file, options.work)], ((), *crossfit.HALVES), strict=True):
        lesson = endtoend.Lesson(options.minutes, options.batch, without, seed=options.seed)
        weights = options.work / f"{kept.stem}-{options.seed}.pt"
        write_onnx(endtoend.learned(start, crops, weights, lesson), kept)


def main() -> None:
    """Train, export, measure; every finished stage is found again in ``--work``."""
    options = arguments()
    started = time.monotonic()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(options.threads)
    for folder in (options.out, options.work):
        folder.mkdir(parents=True, exist_ok=True)
    file, recipe = options.out / f"{NAME}.onnx", Recipe()
    if not options.keep_trunks:
        write_onnx(Embedder(distilled(options)), file)
        lessons(file, options)
    known = known_of(file, options.shared, options.work, seed=options.seed)
    halves = {
        half: known_of(half, options.shared, options.work, seed=options.seed)
        for half in curves.halves_of(file, options.work)
    }
    fitted = crossfit.projections(list(halves.values()), recipe)
    write_projection(crossfit.fit(known, crossfit.folds(known) >= 0, recipe), file)
    ours = test_scores(of_onnx(file), options.shared, options.work)
    ours["meikeva_dogs (cross-fitted)"] = crossfit.scores(list(halves.values()), fitted, MEIKEVA.name)
    floor = test_scores(of_floor(options.shared), options.shared, options.work)
    floor[MEIKEVA.name] = meikeva_scores(of_floor(options.shared), options.shared, options.work)
    card = write_card(file, ours)
    curves.write(file, options.shared, options.work, halves, fitted)
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
