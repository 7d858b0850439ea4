"""Model cards: YAML in, checked values out. Says what a network eats, what it gives, and what it was measured at."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from homeward.domain.animals import Label, Part, Species
from homeward.domain.calibration import Calibration, Curve
from homeward.domain.ids import ModelName
from homeward.errors import ModelInvalid

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
MAX_CARD_BYTES = 200_000
UNMEASURED = (
    # a cautious guess for embedders without curves of their own; `uncalibrated` in the name says so
    Curve(None, Part.FACE, (0.4, 0.8, 1.1, 1.4), (3.0, 1.5, 0.0, -3.0)),
    Curve(None, Part.BODY, (0.4, 0.8, 1.1, 1.4), (3.0, 1.5, 0.0, -3.0)),
)


@dataclass(frozen=True, slots=True)
class Input:
    """How a picture becomes the network's input: (pixel * scale - mean) / std after fitting to width x height."""

    name: str
    width: int
    height: int
    layout: Literal["NCHW", "NHWC"]
    colour: Literal["RGB", "BGR"]
    scale: float
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    fit: Literal["pad-centre", "pad-top-left", "stretch"]
    fill: int


@dataclass(frozen=True, slots=True)
class Card:
    """What both kinds of models have. ``figures`` and ``raw`` are shown, not interpreted."""

    name: ModelName
    kind: Literal["detector", "embedder"]
    version: int
    file: str
    sha256: str | None
    licence: str
    about: str
    input: Input
    output: str
    golden: tuple[float, ...] | None
    raw: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DetectorCard(Card):
    """A YOLOX-headed detector: output index -> label, least score of each label."""

    strides: tuple[int, ...]
    classes: Mapping[int, Label]
    thresholds: Mapping[Label, float]
    nms_iou: float


@dataclass(frozen=True, slots=True)
class EmbedderCard(Card):
    """An embedder with its calibration."""

    dimension: int
    calibration: Calibration


def read_card(path: Path) -> DetectorCard | EmbedderCard:
    """The card in a file.

    Raises:
        ModelInvalid: naming the key that is missing or wrong.
    """
    if path.stat().st_size > MAX_CARD_BYTES:
        raise ModelInvalid(f"{path.name} is too large for a card.", field="card")
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ModelInvalid(f"{path.name} is not YAML.", field="card", hint=str(error)[:200]) from error
    return parse_card(raw)


def parse_card(raw: object) -> DetectorCard | EmbedderCard:
    """The card that ``raw``, parsed YAML, describes."""
    if not isinstance(raw, dict):
        raise ModelInvalid("A card is a YAML mapping.", field="card", hint="See docs/how-to/add-a-model.md.")
    kind = _word(raw, "kind", ("detector", "embedder"))
    common = _common(raw)
    output = _mapping(raw, "output")
    name = _text(output, "name", "output.")
    return _detector(raw, common, output, name) if kind == "detector" else _embedder(raw, common, output, name)


def _common(raw: dict[str, Any]) -> dict[str, Any]:
    name = _text(raw, "name")
    if not NAME.fullmatch(name):
        raise _wrong("name", "small letters, digits, dots, dashes; at most 64")
    file = _text(raw, "file")
    if Path(file).name != file:
        raise _wrong("file", "a file name without a folder")
    golden = raw.get("golden")
    return {
        "name": ModelName(name),
        "version": _whole(raw, "version"),
        "file": file,
        "sha256": raw.get("sha256"),
        "licence": _text(raw, "licence"),
        "about": _text(raw, "about"),
        "input": _input(_mapping(raw, "input")),
        "golden": tuple(_numbers(golden, "vector", "golden.")) if isinstance(golden, dict) else None,
        "raw": raw,
    }


def _input(raw: dict[str, Any]) -> Input:
    mean, std = _numbers(raw, "mean", "input."), _numbers(raw, "std", "input.")
    if len(mean) != 3 or len(std) != 3 or min(std) <= 0:
        raise _wrong("input.mean and input.std", "three numbers each, std above 0")
    return Input(
        name=_text(raw, "name", "input."),
        width=_whole(raw, "width", "input."),
        height=_whole(raw, "height", "input."),
        layout=_word(raw, "layout", ("NCHW", "NHWC"), "input."),  # type: ignore[arg-type]
        colour=_word(raw, "colour", ("RGB", "BGR"), "input."),  # type: ignore[arg-type]
        scale=_number(raw, "scale", "input."),
        mean=(mean[0], mean[1], mean[2]),
        std=(std[0], std[1], std[2]),
        fit=_word(raw, "fit", ("pad-centre", "pad-top-left", "stretch"), "input."),  # type: ignore[arg-type]
        fill=_whole(raw, "fill", "input."),
    )


def _detector(raw: dict[str, Any], common: dict[str, Any], output: dict[str, Any], name: str) -> DetectorCard:
    _word(output, "head", ("yolox",), "output.")
    words = _mapping(raw, "classes")
    labels = {label.value: label for label in Label}
    for word in words.values():
        if word not in labels:
            raise _wrong("classes", f"index to one of {', '.join(labels)}")
    thresholds = _mapping(raw, "thresholds")
    return DetectorCard(
        **common,
        kind="detector",
        output=name,
        strides=tuple(int(stride) for stride in _numbers(output, "strides", "output.")),
        classes={int(index): labels[word] for index, word in words.items()},
        thresholds={labels[word]: _number(thresholds, word, "thresholds.") for word in words.values()},
        nms_iou=_number(thresholds, "nms_iou", "thresholds."),
    )


def _embedder(raw: dict[str, Any], common: dict[str, Any], output: dict[str, Any], name: str) -> EmbedderCard:
    curves = tuple(_curve(entry) for entry in raw.get("calibration") or ())
    known = f"{common['name']}@{common['version']}"
    alert = float(raw.get("alert_degree", 0.5))
    calibration = Calibration(known if curves else f"{known} uncalibrated", (*curves, *UNMEASURED), alert)
    return EmbedderCard(
        **common,
        kind="embedder",
        output=name,
        dimension=_whole(output, "dimension", "output."),
        calibration=calibration,
    )


def _curve(raw: object) -> Curve:
    if not isinstance(raw, dict):
        raise _wrong("calibration", "a list of curves")
    species = _word(raw, "species", ("cat", "dog", "any"), "calibration.")
    try:
        return Curve(
            species=None if species == "any" else Species(species),
            part=Part(_word(raw, "part", ("face", "body"), "calibration.")),
            knots_l2=tuple(_numbers(raw, "knots_l2", "calibration.")),
            llr=tuple(_numbers(raw, "llr", "calibration.")),
        )
    except ValueError as error:
        raise _wrong("calibration", str(error)) from error


def _mapping(raw: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = raw.get(key)
    if not isinstance(value, dict) or not value:
        raise _wrong(key, "a mapping")
    return value


def _text(raw: Mapping[str, Any], key: str, prefix: str = "") -> str:
    value = raw.get(key)
    if not isinstance(value, str) or not value:
        raise _wrong(prefix + key, "a text")
    return value


def _word(raw: Mapping[str, Any], key: str, words: Sequence[str], prefix: str = "") -> str:
    value = raw.get(key)
    if value not in words:
        raise _wrong(prefix + key, " or ".join(words))
    return str(value)


def _number(raw: Mapping[Any, Any], key: Any, prefix: str = "") -> float:
    value = raw.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _wrong(f"{prefix}{key}", "a number")
    return float(value)


def _whole(raw: Mapping[str, Any], key: str, prefix: str = "") -> int:
    value = _number(raw, key, prefix)
    if value != int(value) or not 0 <= value <= 100_000:
        raise _wrong(prefix + key, "a whole number")
    return int(value)


def _numbers(raw: Mapping[str, Any], key: str, prefix: str = "") -> list[float]:
    value = raw.get(key)
    if not isinstance(value, list) or not value:
        raise _wrong(prefix + key, "a list of numbers")
    return [_number({key: item}, key, prefix) for item in value]


def _wrong(key: str, wanted: str) -> ModelInvalid:
    return ModelInvalid(
        f"The card's {key} must be {wanted}.", field=key, hint="See docs/how-to/add-a-model.md for a card's keys."
    )
