"""Evaluate: figures and plots of a model on labelled folders."""

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from homeward.cli.common import AsJson, Data, settings, show_json, table

Plots = Annotated[Path | None, Parameter(help="Write plots as PNG into this folder.")]
Model = Annotated[str | None, Parameter(help="Name of the model; default: the one in use.")]


def register(app: App) -> None:
    """Add the commands."""
    evaluate = App(name="evaluate", help="Figures and plots on labelled folders.")
    evaluate.command(reid)
    evaluate.command(detect)
    app.command(evaluate)


def reid(
    folder: Path,
    *,
    crop: Annotated[Literal["none", "auto"], Parameter(help="auto: cut the animal out with the detector.")] = "none",
    part: Literal["body", "face"] = "body",
    model: Model = None,
    plots: Plots = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """How well an embedder tells animals apart: FOLDER/<animal>/*.jpg, each photo against all others.

    Parameters
    ----------
    folder: One folder of photos for each animal.
    part: With --crop auto: which crop.
    """
    from homeward.app import registry
    from homeward.evaluation.reid import evaluate_reid

    chosen = settings(data)
    models = registry(chosen)
    embedder = models.embedder(model or chosen.embedder, chosen.model_threads)
    detector = models.detector(chosen.detector, chosen.model_threads) if crop == "auto" else None
    result = evaluate_reid(folder, embedder, _reader(chosen), detector, part)
    if plots:
        from homeward.evaluation.plots import plot_reid

        plot_reid(result, plots)
    _show(result.figures(), json=json)


def detect(folder: Path, *, model: Model = None, plots: Plots = None, data: Data = None, json: AsJson = False) -> None:
    """How well a detector finds animals: YOLO labels with classes.txt or data.yaml, or boxes.csv.

    Parameters
    ----------
    folder: Pictures with their labels.
    """
    from homeward.app import registry
    from homeward.evaluation.detect import evaluate_detect

    chosen = settings(data)
    detector = registry(chosen).detector(model or chosen.detector, chosen.model_threads)
    result = evaluate_detect(folder, detector, _reader(chosen))
    if plots:
        from homeward.evaluation.plots import plot_detect

        plot_detect(result, plots)
    figures = result.figures()
    if json:
        show_json(figures)
        return
    columns = ["ap50", "precision", "recall", "boxes"]
    table(["Class", *columns], [[name, *(f"{row[c]:g}" for c in columns)] for name, row in figures.items()])


def _reader(chosen: Any) -> Any:
    from homeward.images.reader import PillowReader

    return PillowReader(int(chosen.max_upload_mb * 1e6), int(chosen.max_megapixels * 1e6))


def _show(figures: dict[str, float], *, json: bool) -> None:
    if json:
        show_json(figures)
    else:
        table(["Figure", "Value"], [[name, f"{value:g}"] for name, value in figures.items()])
