"""Model cards: YAML in, checked values out. Says what a network eats, what it gives, and what it was measured at."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from homeward.domain.animals import Label, Part, Species
from homeward.domain.calibration import Calibration, Curve, Joining
from homeward.domain.ids import ModelName
from homeward.errors import ModelInvalid

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
SHA256 = re.compile(r"[0-9a-f]{64}")
GOLDEN_PICTURE = "pattern-1"
OF_ALL = {"name", "kind", "version", "file", "sha256", "licence", "about", "trained_on", "input", "output"}
OF_ONE_KIND = {"parts", "species", "calibration", "joining", "alert_degree", "classes", "grey_animals", "thresholds"}
KEYS = OF_ALL | OF_ONE_KIND | {"commercial", "figures", "golden", "url"}
MAX_CARD_BYTES = 200_000
MAX_SIDE_PX = 2048
MAX_BATCH = 32
MAX_DIMENSION = 8192
MAX_STRIDE_PX = 256
MAX_CLASSES = 10_000
MAX_TOKENS = 10_000
MAX_NUMBER = 1e9
MAX_SHOWN = 2**63  # of numbers that are shown only
DATE_TAG = "tag:yaml.org,2002:timestamp"
MIN_STD = 1e-6
LEAST_BLUR_PX, MAX_BLUR_PX = 0.2, 0.8
UNMEASURED = (
    # a cautious guess for embedders without curves of their own; `uncalibrated` in the name says so
    Curve(None, Part.FACE, (0.4, 0.8, 1.1, 1.4), (3.0, 1.5, 0.0, -3.0)),
    Curve(None, Part.BODY, (0.4, 0.8, 1.1, 1.4), (3.0, 1.5, 0.0, -3.0)),
)


@dataclass(frozen=True, slots=True)
class Input:
    """How a picture becomes the network's input: (pixel * scale - mean) / std after fitting to width x height.

    ``cpu_batch`` is the most pictures for which one run on a processor pays; None where nobody measured it. Of smaller
    pictures, where the network takes them, as many more as make up the pixels. A picture
    without colour, as cameras show the night, is blurred by ``grey_blur_px`` pixels of the input.
    """

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
    cpu_batch: int | None = None
    grey_blur_px: float = 0.0


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
    """A YOLOX-headed detector: output index -> label, least score of each label.

    ``grey_animals`` are classes of other four-legged animals, which on pictures without colour count for cat or dog.
    """

    strides: tuple[int, ...]
    classes: Mapping[int, Label]
    grey_animals: tuple[int, ...]
    thresholds: Mapping[Label, float]
    nms_iou: float


@dataclass(frozen=True, slots=True)
class EmbedderCard(Card):
    """An embedder with its calibration. ``token`` is the one of a transformer's that is the vector; None: no tokens."""

    dimension: int
    token: int | None
    calibration: Calibration


def read_card(path: Path) -> DetectorCard | EmbedderCard:
    """The card in a file.

    Raises:
        ModelInvalid: naming the key that is missing or wrong.
    """
    return parse_card(load_yaml(path))


def load_yaml(path: Path) -> Any:
    """What stands in a card's file, unchecked.

    Raises:
        ModelInvalid: it cannot be read, is too large, or is not YAML.
    """
    try:
        if path.stat().st_size > MAX_CARD_BYTES:
            raise ModelInvalid(f"{path.name} is too large for a card.", field="card", hint="Is it the right file?")
        return yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a SafeLoader
    except OSError as error:
        raise ModelInvalid(f"{path.name} cannot be read.", field="card", hint="Is it the right file?") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ModelInvalid(f"{path.name} is not YAML.", field="card", hint=str(error)[:200]) from error


class _Loader(yaml.SafeLoader):
    """Without references: a few lines of them unfold to more than the memory holds where the card is shown.

    Dates are read as text.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012 - as the parent has it
        first: [(tag, pattern) for tag, pattern in known if tag != DATE_TAG]
        for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("references (*name) are not taken in a card")
        return super().compose_node(parent, index)


def parse_card(raw: object) -> DetectorCard | EmbedderCard:
    """The card that ``raw``, parsed YAML, describes."""
    if not isinstance(raw, dict):
        raise ModelInvalid("A card is a YAML mapping.", field="card", hint="See docs/how-to/add-a-model.md.")
    _check_shown(raw, ())
    unknown = next((key for key in raw if key not in KEYS), None)
    if unknown is not None:
        hint = f"Known are {', '.join(sorted(KEYS))}."
        raise ModelInvalid(f"The card has an unknown key {str(unknown)[:40]}.", field=str(unknown)[:40], hint=hint)
    kind = _word(raw, "kind", ("detector", "embedder"))
    common = _common(raw)
    output = _mapping(raw, "output")
    name = _text(output, "name", "output.")
    return _detector(raw, common, output, name) if kind == "detector" else _embedder(raw, common, output, name)


def _check_shown(value: object, path: tuple[object, ...]) -> None:
    """Refuse what JSON cannot hold, wherever it stands: cards are shown to programs as they are."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inside:
        if not _is_plain(key):
            raise _wrong(_named(path), "a mapping whose keys are texts or numbers")
        _check_shown(item, (*path, key))
    if not isinstance(value, dict | list) and not _is_plain(value):
        raise _wrong(_named(path), "a text in UTF-8, a finite number, true, false, a list or a mapping")


def _is_plain(value: object) -> bool:
    if isinstance(value, str):
        return not any("\ud800" <= letter <= "\udfff" for letter in value)
    return value is None or (isinstance(value, int | float) and -MAX_SHOWN < value < MAX_SHOWN)


def _named(path: tuple[object, ...]) -> str:
    return ".".join(map(str, path))[:80] or "card"


def _common(raw: dict[str, Any]) -> dict[str, Any]:
    name = _text(raw, "name")
    if not NAME.fullmatch(name):
        raise _wrong("name", "small letters, digits, dots, dashes; at most 64")
    file = _text(raw, "file")
    if Path(file).name != file:
        raise _wrong("file", "a file name without a folder")
    sha256 = raw.get("sha256")
    if sha256 is not None and not (isinstance(sha256, str) and SHA256.fullmatch(sha256)):
        raise _wrong("sha256", "64 small hexadecimal digits")
    if not isinstance(raw.get("commercial", True), bool):
        raise _wrong("commercial", "true or false")
    return {
        "name": ModelName(name),
        "version": _whole(raw, "version"),
        "file": file,
        "sha256": sha256,
        "licence": _text(raw, "licence"),
        "about": _text(raw, "about"),
        "input": _input(_mapping(raw, "input")),
        "golden": _golden(raw),
        "raw": raw,
    }


def _golden(raw: dict[str, Any]) -> tuple[float, ...] | None:
    if raw.get("golden") is None:
        return None
    golden = _mapping(raw, "golden")
    _word(golden, "picture", (GOLDEN_PICTURE,), "golden.")
    return tuple(_numbers(golden, "vector", "golden."))


def _input(raw: dict[str, Any]) -> Input:
    mean, std = _numbers(raw, "mean", "input."), _numbers(raw, "std", "input.")
    if len(mean) != 3 or len(std) != 3 or min(std) < MIN_STD:
        raise _wrong("input.mean and input.std", f"three numbers each, std at least {MIN_STD:g}")
    scale = _number(raw, "scale", "input.")
    if scale <= 0:
        raise _wrong("input.scale", "a number above 0")
    return Input(
        name=_text(raw, "name", "input."),
        width=_whole(raw, "width", "input.", least=1, most=MAX_SIDE_PX),
        height=_whole(raw, "height", "input.", least=1, most=MAX_SIDE_PX),
        layout=_word(raw, "layout", ("NCHW", "NHWC"), "input."),  # type: ignore[arg-type]
        colour=_word(raw, "colour", ("RGB", "BGR"), "input."),  # type: ignore[arg-type]
        scale=scale,
        mean=(mean[0], mean[1], mean[2]),
        std=(std[0], std[1], std[2]),
        fit=_word(raw, "fit", ("pad-centre", "pad-top-left", "stretch"), "input."),  # type: ignore[arg-type]
        fill=_whole(raw, "fill", "input.", most=255),
        cpu_batch=_whole(raw, "cpu_batch", "input.", least=1, most=MAX_BATCH) if "cpu_batch" in raw else None,
        grey_blur_px=_blur(raw) if "grey_blur_px" in raw else 0.0,
    )


def _blur(raw: Mapping[str, Any]) -> float:
    value = _number(raw, "grey_blur_px", "input.")
    if value and not LEAST_BLUR_PX <= value <= MAX_BLUR_PX:
        raise _wrong("input.grey_blur_px", f"a number from {LEAST_BLUR_PX:g} to {MAX_BLUR_PX:g}, or 0")
    return value


def _detector(raw: dict[str, Any], common: dict[str, Any], output: dict[str, Any], name: str) -> DetectorCard:
    _word(output, "head", ("yolox",), "output.")
    classes = _classes(_mapping(raw, "classes"))
    thresholds = _mapping(raw, "thresholds")
    return DetectorCard(
        **common,
        kind="detector",
        output=name,
        strides=_strides(output, common["input"]),
        classes=classes,
        grey_animals=_others(raw, classes),
        thresholds={label: _share(thresholds, label.value, "thresholds.") for label in classes.values()},
        nms_iou=_share(thresholds, "nms_iou", "thresholds."),
    )


def _classes(raw: Mapping[Any, Any]) -> dict[int, Label]:
    labels = {label.value: label for label in Label}
    found: dict[int, Label] = {}
    for index, word in raw.items():
        is_index = isinstance(index, int) and not isinstance(index, bool) and 0 <= index < MAX_CLASSES
        if not is_index or not isinstance(word, str) or word not in labels:
            raise _wrong("classes", f"index to one of {', '.join(labels)}")
        found[index] = labels[word]
    return found


def _others(raw: Mapping[str, Any], classes: Mapping[int, Label]) -> tuple[int, ...]:
    values = raw.get("grey_animals", [])
    good = isinstance(values, list) and all(type(each) is int and 0 <= each < MAX_CLASSES for each in values)
    if not good or len({*values, *classes}) < len(values) + len(classes):
        raise _wrong("grey_animals", "a list of output indices, each once and none that stands in classes")
    return tuple(values)


def _strides(output: dict[str, Any], size: Input) -> tuple[int, ...]:
    strides = _numbers(output, "strides", "output.")
    if not all(stride == int(stride) and 1 <= stride <= MAX_STRIDE_PX for stride in strides):
        raise _wrong("output.strides", f"whole numbers from 1 to {MAX_STRIDE_PX}")
    if any(side % stride for stride in strides for side in (size.width, size.height)):
        raise _wrong("output.strides", "divisors of input.width and input.height")
    return tuple(int(stride) for stride in strides)


def _embedder(raw: dict[str, Any], common: dict[str, Any], output: dict[str, Any], name: str) -> EmbedderCard:
    entries = raw.get("calibration")
    if entries is not None and not isinstance(entries, list):
        raise _wrong("calibration", "a list of curves")
    _words(raw, "parts", [part.value for part in Part])
    _words(raw, "species", [species.value for species in Species])
    curves = tuple(_curve(entry) for entry in entries or ())
    known = f"{common['name']}@{common['version']}"
    alert = _share(raw, "alert_degree") if "alert_degree" in raw else 0.5
    joining = _joining(raw)
    named = f"{known}#{_digest(curves, joining)}" if curves else f"{known} uncalibrated"
    calibration = Calibration(named, (*curves, *UNMEASURED), alert, joining)
    return EmbedderCard(
        **common,
        kind="embedder",
        output=name,
        dimension=_whole(output, "dimension", "output.", least=1, most=MAX_DIMENSION),
        token=_whole(output, "token", "output.", most=MAX_TOKENS) if "token" in output else None,
        calibration=calibration,
    )


def _digest(curves: tuple[Curve, ...], joining: Joining) -> str:
    """Tells calibrations of one model apart; matches keep it."""
    return hashlib.sha256(repr((curves, joining)).encode()).hexdigest()[:8]


def _joining(raw: Mapping[str, Any]) -> Joining:
    """How a face and a body count together; a guess where the card does not say."""
    if "joining" not in raw:
        return Joining()
    given = _mapping(raw, "joining")
    try:
        return Joining(*(_number(given, key, "joining.") for key in ("strong", "weak", "shift")))
    except ValueError as error:
        raise _wrong("joining", str(error)) from error


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
            pair_discount=_number({"pair_discount": 0.5, **raw}, "pair_discount", "calibration."),
            coarse_l2=_number({"coarse_l2": 0.0, **raw}, "coarse_l2", "calibration."),
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


def _words(raw: Mapping[str, Any], key: str, words: Sequence[str]) -> None:
    """Refuse ``key`` where it is there and lists anything but ``words``."""
    value = raw.get(key, list(words))
    if not isinstance(value, list) or not value or any(item not in words for item in value):
        raise _wrong(key, f"a list of {', '.join(words)}")


def _number(raw: Mapping[Any, Any], key: Any, prefix: str = "") -> float:
    value = raw.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not -MAX_NUMBER <= value <= MAX_NUMBER:
        raise _wrong(f"{prefix}{key}", "a number")
    return float(value)


def _share(raw: Mapping[str, Any], key: str, prefix: str = "") -> float:
    value = _number(raw, key, prefix)
    if not 0 <= value <= 1:
        raise _wrong(prefix + key, "a number from 0 to 1")
    return value


def _whole(raw: Mapping[str, Any], key: str, prefix: str = "", *, least: int = 0, most: int = 100_000) -> int:
    value = _number(raw, key, prefix)
    if value != int(value) or not least <= value <= most:
        raise _wrong(prefix + key, f"a whole number from {least} to {most}")
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
