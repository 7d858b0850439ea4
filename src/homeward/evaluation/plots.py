"""Plots of evaluations as PNG; needs matplotlib (the extra `models`)."""

from pathlib import Path
from typing import Any

import numpy as np

from homeward.domain.animals import Label
from homeward.errors import InvalidInput
from homeward.evaluation import metrics
from homeward.evaluation.detect import DetectResult
from homeward.evaluation.reid import ReidResult

MOST_RANKS = 20


def plot_reid(result: ReidResult, folder: Path) -> None:
    """roc.png, distances.png and cmc.png."""
    _, far, tar = metrics.rates(result.same, result.different)
    figure, axes = _figure("Receiver operating characteristic", "strangers accepted (FAR)", "same accepted (TAR)")
    axes.semilogx(np.maximum(far, 1e-5), tar)
    axes.grid(visible=True, alpha=0.3)
    _save(figure, folder / "roc.png")

    figure, axes = _figure("Distances of pairs", "L2 distance", "share of pairs")
    bins = np.linspace(0.0, 2.0, 81)
    for values, name in ((result.same, "same animal"), (result.different, "different animals")):
        axes.hist(values, bins, weights=np.full(len(values), 1 / len(values)), alpha=0.6, label=name)
    axes.legend()
    _save(figure, folder / "distances.png")

    ranks = np.array(result.ranks)
    figure, axes = _figure("Right answer within the first k", "k", "share of queries")
    steps = np.arange(1, MOST_RANKS + 1)
    axes.plot(steps, [np.mean(ranks <= step) for step in steps], marker="o")
    axes.set_ylim(0, 1.02)
    _save(figure, folder / "cmc.png")


def plot_detect(result: DetectResult, folder: Path) -> None:
    """precision_recall.png."""
    figure, axes = _figure("Precision and recall (IoU 0.5)", "recall", "precision")
    for label in Label:
        if result.positives.get(label):
            precision, recall = metrics.precision_recall(result.hits.get(label, []), result.positives[label])
            axes.plot(recall, precision, label=label.value)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.legend()
    _save(figure, folder / "precision_recall.png")


def _figure(title: str, x: str, y: str) -> tuple[Any, Any]:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise InvalidInput("Plots need matplotlib.", field="plots", hint="Install homeward[models].") from None
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    axes.set(title=title, xlabel=x, ylabel=y)
    return figure, axes


def _save(figure: Any, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
