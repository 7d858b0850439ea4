"""Write docs/why/thresholds.md and its plots: which distance is a match, which confidence an animal, as measured.

    python -m docs.thresholds --shared ../shared

takes about ten minutes on two cores, and wants av for the clip (pip install av). Nothing that it measures on was trained on.
"""

# ruff: noqa: E501 - lines of the page

import argparse
import io
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image

from homeward.domain.animals import Label, Part, Picture, Species
from homeward.domain.crops import animals_from, cut
from homeward.evaluation.detect import DetectResult, evaluate_detect
from homeward.evaluation.folders import pictures
from homeward.evaluation.plots import plot_gallery, plot_reid, plot_reliability, plot_thresholds
from homeward.evaluation.reid import embedded, evaluate_reid, l2_distances, seen
from homeward.evaluation.thresholds import DENSITIES, SIZES, Expected, expected
from homeward.evaluation.trials import Sample
from homeward.images.reader import PillowReader
from homeward.models.cards import DetectorCard
from homeward.models.registry import Registry
from homeward.ports import Detector, Embedder

ROOT = Path(__file__).parent.parent
PAGE, PLOTS = ROOT / "docs/why/thresholds.md", ROOT / "docs/why/thresholds"
DEGREES = ROOT / "training/embedder/degree.json"  # written by `python -m training.embedder.curves`
SETS = {"mpdd_dogs/test": "dogs", "gpriamo_cats/test/full": "cats"}
EMBEDDER, DETECTOR = "homeward-embedder-3", "homeward-detector-1"
READER = PillowReader(20_000_000, 50_000_000)
STRANGERS = 400
STEPS = tuple(round(0.05 * step, 2) for step in range(1, 20))
NEAR_DUPLICATE = 0.01
SPOILT = {"the same file again": None, "JPEG quality 95": 95, "JPEG quality 85": 85, "JPEG quality 60": 60}


@dataclass(frozen=True)
class Kind:
    """A test set and the kind of pet that it stands for."""

    name: str
    folder: str
    species: Species
    part: Part


KINDS = (
    Kind("dogs, bodies", "mpdd_dogs/test", Species.DOG, Part.BODY),
    Kind("cats, faces", "gpriamo_cats/test/face", Species.CAT, Part.FACE),
    Kind("cats, whole", "gpriamo_cats/test/full", Species.CAT, Part.BODY),
)


def main() -> None:
    """Measure, draw, write."""
    parser = argparse.ArgumentParser(prog="python -m docs.thresholds", description=__doc__)
    parser.add_argument("--shared", type=Path, default=Path(os.environ.get("HOMEWARD_SHARED", "../shared")))
    data = parser.parse_args().shared / "data"
    registry = Registry([])
    embedder, detector = registry.embedder(EMBEDDER, 1), registry.detector(DETECTOR, 1)
    calibration = registry.calibration(EMBEDDER)
    measured = {}
    for kind in KINDS:
        found = _with_strangers(data, kind, embedder, detector)
        measured[kind.name] = expected(found, calibration, kind.species, kind.part, calibration.alert_degree)
    plot_gallery(measured, PLOTS)
    degrees = json.loads(DEGREES.read_text(encoding="utf-8"))
    plot_reliability({name: row["reliability"] for name, row in _rows(degrees)}, PLOTS)
    plot_reid(evaluate_reid(data / "reid/mpdd_dogs/test", embedder, READER), PLOTS)
    drawn, false = _detection(data, registry)
    plot_thresholds(drawn, false, PLOTS)
    lines = [*_head(), *_distances(degrees, calibration.alert_degree), *_city(measured), *_animals(drawn, false)]
    lines += [*_duplicates(data, embedder, detector), ""]
    PAGE.write_text("\n".join(lines), encoding="utf-8")


def _with_strangers(data: Path, kind: Kind, embedder: Embedder, detector: Detector) -> Sample:
    """The test set as it is, and photos of as many strangers, cut out by the detector."""
    folder = data / "pets8k/test_set" / f"{kind.species.value}s"
    photos = [path for path in sorted(folder.rglob("*.jpg")) if path.stat().st_size][:STRANGERS]
    own = _photos(data / "reid" / kind.folder)
    vectors, sides = seen(own, embedder, READER, None, kind.part)
    foreign, their_sides = seen(photos, embedder, READER, detector, kind.part)
    _, labels = np.unique([path.parent.name for path in own], return_inverse=True)
    distances = l2_distances(vectors, np.concatenate([vectors, foreign]))
    return Sample(distances, labels, np.minimum(sides[:, None], np.concatenate([sides, their_sides])[None]))


def _photos(folder: Path) -> list[Path]:
    return [path for animal in sorted(folder.iterdir()) if animal.is_dir() for path in pictures(animal)]


def _head() -> list[str]:
    return [
        "<!-- Written by `python -m docs.thresholds` from pictures that nothing was trained on. -->",
        "# Which distance is a match, which confidence an animal?",
        "",
        "Measured for the bundled models, on animals and scenes that they never learned from. Looks are real; where and when animals",
        "are seen is drawn from the assumptions of [the degree](degree.md). `homeward calibrate DIR` measures the same for your own animals.",
        "",
    ]


def _rows(degrees: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Each test set and kind of pair, by a name for readers."""
    return [(f"{SETS[folder]}, {kind}", row) for folder, kinds in degrees.items() for kind, row in kinds.items()]


def _distances(degrees: dict[str, Any], alert: float) -> list[str]:
    """The first question."""
    rows = [
        f"| {name} | {row['calibration_error']:.3f} | {row['right_first']:.0%} | {row['of_these_right']:.0%} | {row['alerted']:.0%} | "
        + " | ".join(f"{row['false_a_day'][density]:.3f}" for density in DENSITIES)
        + " |"
        for name, row in _rows(degrees)
    ]
    dense = ", ".join(f"{name} {count:g}" for name, count in DENSITIES.items())
    return [
        "## Which distance is a match?",
        "No single one. An L2 distance of 0.9 is a strong sign between bodies of dogs and a weak one between faces of cats, and in a street where",
        "forty cats are seen a month it says less than where there is one. Distance becomes a likelihood ratio (curves in the model's card, with",
        "bands), and with place, time and surroundings the *degree*. The degree is what has a threshold:",
        "",
        f"**Owners are alerted from a degree of {alert:g}.** It is the least one at which, on the animals that the curves were fitted on, strangers alert an",
        "owner at most once in 30 days in all three surroundings (others of the kind seen within a square kilometre and 30 days: "
        + dense
        + ").",
        "",
        "| test animals | error of the degree | right first, of pets seen | right where the degree is 0.9 or more | owners told, of pets seen | "
        + " | ".join(f"false alerts a day, {d}" for d in DENSITIES)
        + " |",
        "|---|---|---|---|---|" + "---|" * len(DENSITIES),
        *rows,
        "",
        "Photos are cut out as the product cuts them; every second one is shown as a camera shows it, 28 to 170 px high, a third of those at night",
        "(`training/README.md`, *The degree*). The last two rows of each set have only owners' photos, or only cameras' crops, among the found ones.",
        "*Error of the degree*: expected calibration error of the first match's degree, as owners see it. Half of the pets are not among the found",
        "ones; 3 to 100 strangers are within 5 km and 30 days; with places and without; one to three photos against one. The aim is under 0.05.",
        "",
        "![Degree of the first match against the share that is the pet](thresholds/reliability.png)",
        "![Distances of photos of the same dog and of different dogs](thresholds/distances.png)",
        "![Detection error trade-off on mpdd_dogs/test](thresholds/det.png)",
        "![Receiver operating characteristic on mpdd_dogs/test](thresholds/roc.png)",
        "",
    ]


def _city(measured: dict[str, Expected]) -> list[str]:
    """What a city may expect."""
    rows = [
        f"| {name} | {first} | "
        + " | ".join(f"{sizes[size][0]:.0%} ({sizes[size][1]:.0%}-{sizes[size][2]:.0%})" for size in SIZES)
        + " |"
        for name, what in measured.items()
        for first, sizes in what.gallery.items()
    ]
    return [
        "## What may a city of 10,000 lost pets expect?",
        "By looks alone, with one photo against several of the pet among so many animals; in brackets 90 of 100 resampled sets of animals. Up to about",
        "500 animals this is measured, beyond it is extrapolated from how the nearest strangers thin out:",
        "",
        "| test animals | among the first | " + " | ".join(f"{size:,}" for size in SIZES) + " |",
        "|---|---|" + "---|" * len(SIZES),
        *rows,
        "",
        f"So among ten thousand animals looks alone name the right one first in {_mean(measured, 1, 10_000):.0%} of the cases, and among a",
        f"hundred thousand it is within the first ten in {_mean(measured, 10, 100_000):.0%}. Place and time do the rest: they leave the animals",
        "within a few kilometres and weeks. The test sets were photographed by few people on few days, which flatters; street",
        "cameras at night are harder.",
        "",
        "![Chance of being found against the number of animals](thresholds/gallery.png)",
        "",
    ]


def _mean(measured: dict[str, Expected], first: int, size: int) -> float:
    return float(np.mean([what.gallery[first][size][0] for what in measured.values()]))


def _detection(data: Path, registry: Registry) -> tuple[DetectResult, dict[float, float]]:
    """Hand-made boxes, and false cats and dogs per 100 street scenes without any, by threshold."""
    card = registry.card(DETECTOR)
    assert isinstance(card, DetectorCard)
    every = registry.detector(DETECTOR, 1, least=0.01)
    drawn = evaluate_detect(data / "detect/oxford_heads", every, READER, card.thresholds)
    scenes = [path for path in sorted((data / "street/test").rglob("*.jpg")) if not _has_pet(path)]
    seen = [
        box.confidence
        for path in scenes
        for box in every.detect([READER.read(path.read_bytes()).picture])[0]
        if box.label in {Label.CAT, Label.DOG}
    ]
    return drawn, {step: 100 * sum(confidence >= step for confidence in seen) / len(scenes) for step in STEPS}


def _has_pet(path: Path) -> bool:
    label = path.parent.parent / "labels" / f"{path.stem}.txt"
    return label.exists() and any(line.split()[0] in {"15", "16"} for line in label.read_text().splitlines() if line)


def _animals(drawn: DetectResult, false: dict[float, float]) -> list[str]:
    """The second question."""
    figures = drawn.figures()
    rows = [
        f"| {label.value} | {drawn.thresholds[label]:g} | {figures[label.value]['precision']:.2f} | {figures[label.value]['recall']:.2f} | "
        f"{figures[label.value]['ap50']:.2f} |"
        for label in Label
        if label.value in figures
    ]
    shown = drawn.thresholds[Label.CAT]
    return [
        "## Which confidence is an animal?",
        "Bodies and heads of `oxford_heads`, marked by hand (a box is right where it overlaps by half):",
        "",
        "| what | shipped threshold | precision | recall | AP50 |",
        "|---|---|---|---|---|",
        *rows,
        "",
        f"On street scenes without a cat or a dog, {false[shown]:.1f} false ones are seen per 100 scenes at {shown:g}, {false[0.1]:.1f} at 0.1,",
        f"{false[0.5]:.1f} at 0.5. The thresholds were chosen on training pictures (best F1), not on these.",
        "",
        "![Precision, recall and false animals as the threshold rises](thresholds/thresholds.png)",
        "",
    ]


def _duplicates(data: Path, embedder: Embedder, detector: Detector) -> list[str]:
    """What the rule L2 < 0.01 catches: the same picture spoilt, moments of a clip, other photos of one animal."""
    photos = _photos(data / "reid/dreambooth_pets")
    plain = [READER.read(path.read_bytes()).picture for path in photos]
    rows = [(name, _spoilt(plain, quality, embedder)) for name, quality in SPOILT.items()]
    rows.append(("at three quarters of the size", _shrunk(plain, embedder)))
    for name, gap in (("a frame later, same animal (cam_05)", 1), ("a second later", 24), ("three seconds later", 72)):
        rows.append((name, _moments(data / "clips/resqpet_cctv", gap, embedder, detector)))
    vectors = embedded(photos, embedder, READER, None, Part.BODY)
    owners = [path.parent.name for path in photos]
    between = l2_distances(vectors, vectors)
    same = [between[a, b] for a in range(len(photos)) for b in range(a) if owners[a] == owners[b]]
    different = [between[a, b] for a in range(len(photos)) for b in range(a) if owners[a] != owners[b]]
    rows.append(("another photo of the same pet", same))
    table = [
        f"| {name} | {np.median(found):.3f} | {max(found):.3f} | {np.mean(np.array(found) < NEAR_DUPLICATE):.0%} |"
        for name, found in rows
        if len(found)
    ]
    return [
        "## What the rule L2 < 0.01 catches",
        "A sighting this near to an earlier one of the same camera is not stored again.",
        "",
        "| second picture | median L2 | largest | under 0.01 |",
        "|---|---|---|---|",
        *table,
        "",
        f"The nearest photos of two different pets are {min(different):.2f} apart, so the rule takes no animal for another. Two moments of one animal,",
        "and a picture that was compressed again, are mostly further apart than 0.01: that is why the same track within the window",
        "counts as a repeat too, and why the watcher sends one crop per animal and window.",
    ]


def _spoilt(plain: list[Picture], quality: int | None, embedder: Embedder) -> list[float]:
    other = []
    for picture in plain:
        file = io.BytesIO()
        if quality is None:
            other.append(picture)
            continue
        Image.fromarray(picture).save(file, "JPEG", quality=quality)
        other.append(np.asarray(Image.open(file).convert("RGB")))
    return _between(plain, other, embedder)


def _shrunk(plain: list[Picture], embedder: Embedder) -> list[float]:
    sizes = [(picture.shape[1] * 3 // 4, picture.shape[0] * 3 // 4) for picture in plain]
    other = [
        np.asarray(Image.fromarray(p).resize(size, Image.Resampling.LANCZOS))
        for p, size in zip(plain, sizes, strict=True)
    ]
    return _between(plain, other, embedder)


def _between(one: list[Picture], other: list[Picture], embedder: Embedder) -> list[float]:
    pairs = zip(embedder.embed(one), embedder.embed(other), strict=True)
    return [float(np.linalg.norm(a.astype(np.float64) - b)) for a, b in pairs]


def _moments(folder: Path, gap: int, embedder: Embedder, detector: Detector) -> list[float]:
    """Distances of crops of the one dog of a clip, ``gap`` frames apart."""
    crops = _crops(folder, detector)
    pairs = [(crops[n], crops[n + gap]) for n in crops if n + gap in crops]
    return _between([a for a, _ in pairs], [b for _, b in pairs], embedder) if pairs else []


def _crops(folder: Path, detector: Detector) -> dict[int, Picture]:
    found = {}
    with av.open(str(next(folder.glob("cam_05*")))) as clip:
        for number, frame in enumerate(clip.decode(video=0)):
            picture = frame.to_ndarray(format="rgb24")
            animals = animals_from(detector.detect([picture])[0], picture.shape[1], picture.shape[0])
            if animals:
                found[number] = cut(picture, animals[0].crops[0].box)
    return found


if __name__ == "__main__":
    main()
