"""Learning curves: the losses that a training printed in, one plot out.

Use: python -m training.curves "end to end=build/detector.log" "heads alone=build/heads.log"; lines like
``whole 11600 views 21.7 min loss 4.172`` are read, the rest is passed over. They are kept in curves.csv.
"""

import argparse
import csv
import re
from collections import defaultdict
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt

HERE = Path(__file__).parent
LINE = re.compile(r"^\w+ (\d+) views ([\d.]+) min loss ([\d.]+)")


def main() -> None:
    """Add the logs to curves.csv, then draw all of it."""
    parser = argparse.ArgumentParser(prog="python -m training.curves", description=__doc__)
    parser.add_argument("logs", nargs="*", metavar="NAME=LOG")
    known = _known()
    for each in parser.parse_args().logs:
        name, _, path = each.partition("=")
        lines = Path(path).read_text(encoding="utf-8").splitlines()
        known[name] = [
            (int(v), float(m), float(loss)) for v, m, loss in (f.groups() for f in map(LINE.match, lines) if f)
        ]
    with (HERE / "curves.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("recipe", "views", "minutes", "loss"))
        rows.writerows((name, *point) for name, points in known.items() for point in points)
    _draw(known)


def _known() -> dict[str, list[tuple[int, float, float]]]:
    found: dict[str, list[tuple[int, float, float]]] = defaultdict(list)
    if (HERE / "curves.csv").exists():
        with (HERE / "curves.csv").open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                found[row["recipe"]].append((int(row["views"]), float(row["minutes"]), float(row["loss"])))
    return found


def _draw(known: dict[str, list[tuple[int, float, float]]]) -> None:
    figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
    for name, points in known.items():
        axes.plot([minutes for _, minutes, _ in points], [loss for *_, loss in points], label=name)
    axes.set(
        xlabel="minutes (all together: on a GPU; the others: one or two threads)",
        ylabel="loss (running mean)",
        ylim=(2.5, 10),
    )
    axes.legend()
    figure.savefig(HERE / "curves.png", dpi=110)


if __name__ == "__main__":
    main()
