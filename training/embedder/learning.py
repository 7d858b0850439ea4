"""Learning curves of the embedder: what each recipe's projection reaches on the test sets by how many named animals.

Use: python -m training.embedder.learning; writes learning.csv and learning.png beside this file. The network's trunks
must not have read names: by default it is the one that the lessons start from. Recipes differ in their trunks, whose
features lie side by side in the network's; everything else is as `__main__` does it.
"""

from __future__ import annotations

import argparse
import csv
import os
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import matplotlib as mpl
import numpy as np
import numpy.typing as npt

from training.embedder import crossfit
from training.embedder.crossfit import Known
from training.embedder.features import Trunks
from training.embedder.known import known_of
from training.embedder.metrics import Scores, score
from training.embedder.pictures import cached
from training.embedder.projection import Recipe
from training.embedder.sets import TEST_FOLDERS, photos_of

mpl.use("Agg")
from matplotlib import pyplot as plt

HERE = Path(__file__).parent
SHARES = (1 / 16, 1 / 8, 1 / 4, 1 / 2, 1.0)
V1, LITE0, LITE2 = range(1024), range(1024, 2304), range(2304, 3584)
RECIPES = {
    "V1 + Lite0": (*V1, *LITE0),
    "V1 + Lite2": (*V1, *LITE2),
    "Lite0 + Lite2": (*LITE0, *LITE2),
    "V1 + Lite0 + Lite2": (*V1, *LITE0, *LITE2),
}


class Row(NamedTuple):
    """What a recipe that learned from so many animals reaches on a test set."""

    recipe: str
    animals: int
    set_name: str
    rank_1: float
    mean_ap: float
    eer: float


def main() -> None:
    """Measure, write, draw."""
    parser = argparse.ArgumentParser(prog="python -m training.embedder.learning", description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path(os.environ.get("HOMEWARD_SHARED", "../shared")))
    parser.add_argument("--work", type=Path, default=Path("build/embedder"))
    parser.add_argument("--network", type=Path, default=Path("build/embedder/start.onnx"))
    options = parser.parse_args()
    known = known_of(options.network, options.shared, options.work, seed=1)
    rows = measured(known, Trunks(options.network), options.shared, options.work)
    with (HERE / "learning.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(Row._fields)
        table.writerows(rows)
    draw(rows)


def measured(known: Known, trunks: Trunks, shared: Path, cache: Path) -> list[Row]:
    """A row for each recipe, number of animals and test set."""
    tests = {folder.name: photos_of(shared, folder) for folder in TEST_FOLDERS}
    features = {name: trunks(cached(pictures, 224, cache)[0]) for name, pictures in tests.items()}
    labels = {name: np.array([picture.identity for picture in pictures]) for name, pictures in tests.items()}
    found = []
    for recipe, columns in RECIPES.items():
        own = _with(known, np.array(columns))
        for share in SHARES:
            some = _some(own, share)
            projected = crossfit.fit(own, some, Recipe())
            animals = len(set(own.animals()[some].tolist()))
            for name, seen in features.items():
                reached: Scores = score(projected(seen[:, list(columns)]), labels[name])
                found.append(Row(recipe, animals, name, reached.rank_1, reached.mean_ap, reached.eer))
    return found


def _with(known: Known, columns: npt.NDArray[np.int64]) -> Known:
    """What is known, as trunks that give only these columns would see it."""
    square = np.ix_(columns, columns)
    return replace(
        known,
        features=known.features[:, columns],
        unnamed_features=known.unnamed_features[:, columns],
        view_scatter=known.view_scatter[square],
        camera_scatter=known.camera_scatter[square],
    )


def _some(known: Known, share: float) -> npt.NDArray[np.bool_]:
    """The labelled photos of a share of each set's animals, drawn once for all recipes."""
    chance, animals = np.random.default_rng(0), known.animals()
    chosen: set[str] = set()
    for name in sorted({picture.set_name for picture in known.pictures}):
        own = sorted(set(animals[known.rows(name)].tolist()))
        chosen |= set(chance.permutation(own)[: max(2, round(share * len(own)))].tolist())
    return np.isin(animals, sorted(chosen))


def draw(rows: list[Row]) -> None:
    """A plot of rank-1 and of EER for each test set, a line for each recipe."""
    sets = list(dict.fromkeys(row.set_name for row in rows))
    figure, axes = plt.subplots(2, len(sets), figsize=(4 * len(sets), 6), layout="constrained", sharex=True)
    for column, name in enumerate(sets):
        for recipe in RECIPES:
            own = [row for row in rows if (row.recipe, row.set_name) == (recipe, name)]
            animals = [row.animals for row in own]
            axes[0][column].plot(animals, [row.rank_1 for row in own], marker="o", label=recipe)
            axes[1][column].plot(animals, [row.eer for row in own], marker="o", label=recipe)
        axes[0][column].set(title=f"{name}: rank-1", xscale="log")
        axes[1][column].set(title=f"{name}: EER", xscale="log")
    axes[1][0].set_xlabel("named animals learned from")
    axes[0][0].legend()
    figure.savefig(HERE / "learning.png", dpi=90)


if __name__ == "__main__":
    main()
