"""Plots of evaluations as PNG, in the language of ``words``; needs matplotlib (the extra `models`)."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from homeward.domain.animals import Label
from homeward.errors import InvalidInput
from homeward.evaluation import metrics
from homeward.evaluation.calibration import Fitted
from homeward.evaluation.detect import DetectResult
from homeward.evaluation.open_set import reliability
from homeward.evaluation.reid import ReidResult
from homeward.evaluation.thresholds import Expected

MOST_RANKS = 20
Words = Callable[[str], str]
"""What is written on a plot in English, in another language."""


def plot_reid(result: ReidResult, folder: Path, words: Words = str) -> None:
    """roc.png, det.png, distances.png and cmc.png."""
    _, far, tar = metrics.rates(result.same, result.different)
    figure, axes = _figure(
        words, "Receiver operating characteristic", "strangers accepted (FAR)", "same accepted (TAR)"
    )
    axes.semilogx(np.maximum(far, 1e-5), tar)
    axes.grid(visible=True, alpha=0.3)
    _save(figure, folder / "roc.png")

    figure, axes = _figure(words, "Detection error trade-off", "strangers accepted (FAR)", "same refused (1 - TAR)")
    axes.loglog(np.maximum(far, 1e-5), np.maximum(1 - tar, 1e-4))
    axes.plot([1e-4, 1], [1e-4, 1], color="grey", linewidth=0.7)
    axes.grid(visible=True, alpha=0.3)
    _save(figure, folder / "det.png")

    figure, axes = _figure(words, "Distances of pairs", "L2 distance", "share of pairs")
    bins = np.linspace(0.0, 2.0, 81)
    for values, name in ((result.same, "same animal"), (result.different, "different animals")):
        axes.hist(values, bins, weights=np.full(len(values), 1 / len(values)), alpha=0.6, label=words(name))
    axes.legend(loc="upper left")
    _save(figure, folder / "distances.png")

    ranks = np.array(result.ranks)
    figure, axes = _figure(words, "Right answer within the first k", "k", "share of queries")
    steps = np.arange(1, MOST_RANKS + 1)
    axes.plot(steps, [np.mean(ranks <= step) for step in steps], marker="o")
    axes.set_ylim(0, 1.02)
    _save(figure, folder / "cmc.png")


def plot_calibration(fitted: Fitted, what: Expected | None, folder: Path, words: Words = str) -> None:
    """curve.png; and, where they were measured, reliability.png and gallery.png."""
    figure, axes = _figure(words, "What a distance says", "L2 distance", "ln(likelihood ratio)")
    band = words("90 % of resampled sets")
    axes.fill_between(fitted.curve.knots_l2, fitted.llr_low, fitted.llr_high, alpha=0.3, label=band)
    axes.plot(fitted.curve.knots_l2, fitted.curve.llr, marker="o", label=fitted.method)
    axes.axhline(0, color="grey", linewidth=0.7)
    axes.legend(loc="lower left")  # a curve falls
    _save(figure, folder / "curve.png")
    if what is not None:
        plot_reliability({words("all"): reliability(what.trials)}, folder, words)
        plot_gallery({words("all"): what}, folder, words)


def plot_reliability(named: Mapping[str, Sequence[tuple[float, float, int]]], folder: Path, words: Words = str) -> None:
    """reliability.png, a line for each list of `open_set.reliability`."""
    figure, axes = _figure(words, "Is the degree true?", "degree of the first match", "share that is the pet")
    axes.plot([0, 1], [0, 1], color="grey", linewidth=0.7)
    for name, rows in named.items():
        axes.plot([row[0] for row in rows], [row[1] for row in rows], marker="o", label=name)
    axes.legend(loc="upper left")
    _save(figure, folder / "reliability.png")


def plot_gallery(named: Mapping[str, Expected], folder: Path, words: Words = str) -> None:
    """gallery.png, a line for each."""
    figure, axes = _figure(words, "The larger the city, the harder", "animals searched", "chance of being found")
    for name, what in named.items():
        for first, sizes in what.gallery.items():
            low, high = ([bounds[at] for bounds in sizes.values()] for at in (1, 2))
            label = words(f"{name}, first {first}")
            (line,) = axes.semilogx(list(sizes), [b[0] for b in sizes.values()], marker="o", label=label)
            axes.fill_between(list(sizes), low, high, alpha=0.15, color=line.get_color())
    axes.set_ylim(0, 1.02)
    axes.legend(loc="lower left", fontsize="small")
    _save(figure, folder / "gallery.png")


def plot_detect(result: DetectResult, folder: Path, words: Words = str) -> None:
    """precision_recall.png."""
    figure, axes = _figure(words, "Precision and recall (IoU 0.5)", "recall", "precision")
    for label in Label:
        if result.positives.get(label):
            precision, recall = metrics.precision_recall(result.hits.get(label, []), result.positives[label])
            axes.plot(recall, precision, label=words(label.value))
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.legend(loc="lower left")
    _save(figure, folder / "precision_recall.png")


def plot_thresholds(result: DetectResult, false_a_hundred: Mapping[float, float], folder: Path) -> None:
    """thresholds.png: precision and recall, and false animals on scenes without any, as the threshold rises."""
    figure, axes = _figure(str, "Which confidence is an animal?", "threshold", "share")
    steps = list(false_a_hundred)
    for label in (label for label in Label if result.positives.get(label)):
        rows = [result.at(label, step) for step in steps]
        (line,) = axes.plot(steps, [row[1] for row in rows], label=f"{label.value}: recall")
        axes.plot(steps, [row[0] for row in rows], linestyle=":", color=line.get_color(), label="its precision")
        axes.axvline(result.thresholds[label], color=line.get_color(), linewidth=0.7, alpha=0.5)
    axes.plot(
        steps, [value / 100 for value in false_a_hundred.values()], color="black", label="false ones a street scene"
    )
    axes.set_ylim(0, 1.02)
    axes.legend(loc="lower left", fontsize="x-small", ncols=2)
    _save(figure, folder / "thresholds.png")


def _figure(words: Words, title: str, x: str, y: str) -> tuple[Any, Any]:
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise InvalidInput("Plots need matplotlib.", field="plots", hint="Install homeward[models].") from None
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    axes.set(title=words(title), xlabel=words(x), ylabel=words(y))
    return figure, axes


def _save(figure: Any, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
