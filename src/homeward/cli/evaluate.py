"""Evaluate and calibrate: figures and plots of a model on labelled folders, and what its distances mean."""

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from homeward.cli.common import AsJson, Data, language, settings, share, show_json, table, tell, words
from homeward.locales import whole

LEAST_CONFIDENCE = 0.01  # of the boxes that an average precision is made of
Plots = Annotated[Path | None, Parameter(help="Write plots as PNG into this folder.")]
Model = Annotated[str | None, Parameter(help="Name of the model; default: the one in use.")]


def register(app: App) -> None:
    """Add the commands."""
    evaluate = App(name="evaluate", help="Figures and plots on labelled folders.")
    evaluate.command(reid)
    evaluate.command(detect)
    app.command(evaluate)
    app.command(calibrate)


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
    """How well an embedder tells animals apart: `FOLDER/<animal>/*.jpg`, each photo against all others.

    Parameters
    ----------
    folder
        One folder of photos for each animal.
    part
        With --crop auto: which crop.
    """
    from homeward.app import embedder_in_use, registry
    from homeward.evaluation.reid import evaluate_reid

    chosen = settings(data)
    models = registry(chosen)
    embedder = models.embedder(model or embedder_in_use(chosen), chosen.model_threads)
    detector = models.detector(chosen.detector, chosen.model_threads) if crop == "auto" else None
    result = evaluate_reid(folder, embedder, _reader(chosen), detector, part)
    if plots:
        from homeward.evaluation.plots import plot_reid

        plot_reid(result, plots, words)
    _show(result.figures(), json=json)


def detect(folder: Path, *, model: Model = None, plots: Plots = None, data: Data = None, json: AsJson = False) -> None:
    """How well a detector finds animals: YOLO labels with classes.txt or data.yaml, or boxes.csv.

    Parameters
    ----------
    folder
        Pictures with their labels.
    """
    from homeward.app import registry
    from homeward.evaluation.detect import evaluate_detect
    from homeward.models.cards import DetectorCard

    chosen = settings(data)
    models, name = registry(chosen), model or chosen.detector
    drawn = models.detector(name, chosen.model_threads, least=LEAST_CONFIDENCE)
    card = models.card(name)
    assert isinstance(card, DetectorCard)
    result = evaluate_detect(folder, drawn, _reader(chosen), card.thresholds)
    if plots:
        from homeward.evaluation.plots import plot_detect

        plot_detect(result, plots, words)
    figures = result.figures()
    if json:
        show_json(figures)
        return
    columns = ["ap50", "precision", "recall", "boxes"]
    table(["Class", *columns], [[words(name), *(f"{row[c]:g}" for c in columns)] for name, row in figures.items()])


def calibrate(
    folder: Path,
    *,
    species: Literal["cat", "dog", "any"] = "any",
    part: Literal["body", "face"] = "body",
    crop: Annotated[Literal["none", "auto"], Parameter(help="auto: cut the animal out with the detector.")] = "none",
    strangers: Annotated[
        Path | None, Parameter(help="A folder of photos, each of another animal: few animals vouch for little.")
    ] = None,
    model: Model = None,
    write: Annotated[bool, Parameter(help="Write the curve to the model's card.")] = True,
    plots: Plots = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Learn what a distance means: `FOLDER/<animal>/*.jpg`, of animals that the model was not trained on.

    The curve from distance to likelihood ratio and the degree from which owners are alerted go into the model's card,
    in place of the former ones of this species and part. A server takes them at its next start.

    Parameters
    ----------
    folder
        One folder of photos for each animal, of one kind; at least four animals with two photos.
    species
        What the curve is for; any serves every species without one of its own.
    part
        What the photos show.
    """
    from homeward.app import check_user, embedder_in_use, registry
    from homeward.domain.animals import Part, Species
    from homeward.errors import InvalidInput
    from homeward.evaluation.reid import sample
    from homeward.evaluation.thresholds import calibrated, entry

    chosen = settings(data)
    if write:
        check_user(chosen)
    models, name = registry(chosen), model or embedder_in_use(chosen)
    detector = models.detector(chosen.detector, chosen.model_threads) if crop == "auto" else None
    embedder = models.embedder(name, chosen.model_threads)
    measured = sample(folder, strangers, embedder, _reader(chosen), detector, Part(part))
    kind = None if species == "any" else Species(species)
    try:
        fitted, what = calibrated(measured, kind, Part(part))
    except ValueError as error:
        raise InvalidInput(f"{folder} cannot be used: {error}.", field="folder") from error
    source = f"{folder.name}: {measured.count} animals, {len(measured.animals)} photos"
    made = entry(fitted, what, source=source)
    if plots:
        from homeward.evaluation.plots import plot_calibration

        plot_calibration(fitted, what, plots, words)
    written = models.calibrate(name, made).calibration if write else None
    if json:
        show_json(made | _expected(what) | {"model": name, "calibration": written.name if written else None})
        return
    _tell(made, _expected(what), written, chosen.alert_degree)


def _expected(what: Any) -> dict[str, Any]:
    if what is None:
        return {"gallery": None, "false_alerts_a_day": None, "alerted": None}
    gallery = [
        {"first": first, "animals": size, "hit": round(hit, 4), "low": round(low, 4), "high": round(high, 4)}
        for first, sizes in what.gallery.items()
        for size, (hit, low, high) in sizes.items()
    ]
    return {"gallery": gallery, "false_alerts_a_day": what.false_a_day, "alerted": round(what.alerted, 4)}


def _tell(made: dict[str, Any], what: dict[str, Any], written: Any, asked: float | None) -> None:
    knots = zip(made["knots_l2"], made["llr_low"], made["llr"], made["llr_high"], strict=True)
    table(["L2 distance", "ln LR, low", "ln LR", "high"], [[f"{v:.2f}" for v in row] for row in knots])
    losses = ", ".join(f"{name} {loss:g}" for name, loss in made["log_loss"].items())
    print()
    tell(f"{made['method']} (log loss on animals left out, as a share of knowing nothing: {losses})")
    tell(f"for the smallest of n distances: less {made['pair_discount']:g} * ln(n)")
    if what["gallery"] is None:
        tell("Too few animals to measure what it leads to: eight with two photos are wanted.")
    else:
        tell(f"error of the first match's degree: {made['calibration_error']:.3f}")
        own = made["alert_degree"]
        tell(f"alert from a degree of {_that_counts(own, written, asked)}")
        tell(f"from {own:g} on, owners are told of {share(what['alerted'])} of the pets seen;")
        days = ", ".join(f"{words(name)} {a_day:g}" for name, a_day in what["false_alerts_a_day"].items())
        tell(f"false alerts for an owner and day: {days}")
        rows = [
            [
                whole(language(), g["animals"]),
                str(g["first"]),
                share(g["hit"]),
                words(f"{share(g['low'])} to {share(g['high'])}"),
            ]
            for g in what["gallery"]
        ]
        table(["Animals", "First", "Found", "90 % of resampled sets"], rows)
    tell(f"written: {written.name}" if written else "not written")


def _that_counts(own: float, written: Any, asked: float | None) -> str:
    """The degree from which owners are alerted, and why where it is not the one that this curve asks for."""
    if asked is not None:
        return f"{asked:g}, as HOMEWARD_ALERT_DEGREE says; this curve asks for {own:g}"
    if written and written.alert_degree != own:
        return f"{written.alert_degree:g}, the largest that a curve of the model asks for; this one asks for {own:g}"
    return f"{own:g}"


def _reader(chosen: Any) -> Any:
    from homeward.images.reader import PillowReader

    return PillowReader(int(chosen.max_upload_mb * 1e6), int(chosen.max_megapixels * 1e6))


def _show(figures: dict[str, float], *, json: bool) -> None:
    if json:
        show_json(figures)
    else:
        table(["Figure", "Value"], [[name, f"{value:g}"] for name, value in figures.items()])
