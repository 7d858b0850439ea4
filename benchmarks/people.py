"""People: in how many crops of animals beside people a person's head can still be seen.

Photos of animals are pasted beside and before people on the street scenes of HOMEWARD_SHARED. Who stands there is what
yolox_nano sees at 0.5: nobody marked these scenes.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from homeward.domain.animals import Label, Picture
from homeward.domain.boxes import Box
from homeward.domain.crops import animals_from, head_region, people_from
from homeward.models.cards import DetectorCard, read_card
from homeward.models.known import known_card
from homeward.models.onnx import OnnxDetector, OnnxNetwork
from homeward.models.registry import Registry
from homeward.ports import Detector
from homeward.watcher.crops import crop_of

SURE, LEAST_HEAD_PX = 0.5, 12
SHARP = 0.5  # of its contrast a head that was blurred has less left


def measure(*, short: bool) -> dict[str, Any]:
    """Crops, and those with a head in plain sight: without the filter, and with it."""
    shared = Path(os.environ.get("HOMEWARD_SHARED", "../shared"))
    if not (shared / "data").is_dir():
        return {"skipped": f"{shared} is not there"}
    ours, truth = Registry([]).detector("homeward-detector-1", 1), _peer(shared)
    animals = [
        np.asarray(Image.open(p).convert("RGB")) for p in sorted((shared / "data/reid/dreambooth_pets").glob("*/*"))
    ]
    scenes = sorted((shared / "data/street/test/pennfudan").rglob("*.png")) or sorted(
        (shared / "data/street/test/pennfudan").rglob("*.jpg")
    )
    chance = np.random.default_rng(0)
    crops = dropped = before = after = 0
    for path in scenes[:4] if short else scenes:
        scene = np.asarray(Image.open(path).convert("RGB"))
        for person in [box for box, sure in _people(truth, scene) if sure >= SURE]:
            drawn = _pasted(scene, person, animals[int(chance.integers(len(animals)))], chance)
            seen = ours.detect([drawn])[0]
            for animal in animals_from(seen, drawn.shape[1], drawn.shape[0]):
                bare, kept = crop_of(drawn, animal, []), crop_of(drawn, animal, people_from(seen))
                heads = [head_region(box) for box, sure in _people(truth, drawn) if sure >= SURE]
                if bare is None:
                    continue
                crops += 1
                before += _shows(drawn, bare.picture, bare.at, heads)
                dropped += kept is None
                after += kept is not None and _shows(drawn, kept.picture, kept.at, heads)
    return {
        "crops": float(crops),
        "with_a_head_without_the_filter": float(before),
        "with_a_head_in_plain_sight": float(after),
        "dropped": float(dropped),
    }


def _peer(shared: Path) -> Detector:
    card = read_card(known_card("yolox_nano"))
    assert isinstance(card, DetectorCard)
    return OnnxDetector(card, OnnxNetwork(card, shared / "weights/yolox_nano/yolox_nano.onnx", 1))


def _people(detector: Detector, scene: Picture) -> list[tuple[Box, float]]:
    return [(d.box, d.confidence) for d in detector.detect([scene])[0] if d.label is Label.PERSON]


def _pasted(scene: Picture, person: Box, animal: Picture, chance: np.random.Generator) -> Picture:
    """An animal half as high as the person, at the feet, somewhat before or beside."""
    height = max(60, round(person.height * chance.uniform(0.4, 0.6)))
    width = max(40, round(animal.shape[1] * height / animal.shape[0]))
    x = round(person.x0 + person.width * chance.uniform(-0.8, 0.6))
    x, y = min(max(0, x), scene.shape[1] - width - 1), min(max(0, round(person.y1) - height), scene.shape[0] - height)
    if x < 0 or y < 0:
        return scene
    drawn = scene.copy()
    drawn[y : y + height, x : x + width] = np.asarray(Image.fromarray(animal).resize((width, height)))
    return drawn


def _shows(scene: Picture, crop: Picture, at: Box, heads: list[Box]) -> bool:
    """Whether a head, at least half of it within the crop, has kept its contrast there."""
    for head in heads:
        inside = Box(max(head.x0, at.x0), max(head.y0, at.y0), min(head.x1, at.x1), min(head.y1, at.y1))
        if inside.area < 0.5 * head.area or min(head.width, head.height) < LEAST_HEAD_PX:
            continue
        x0, y0, x1, y1 = inside.rounded()
        there = scene[y0:y1, x0:x1].astype(float)
        shown = crop[y0 - round(at.y0) : y1 - round(at.y0), x0 - round(at.x0) : x1 - round(at.x0)].astype(float)
        if shown.size and _detail(shown) > SHARP * _detail(there):
            return True
    return False


def _detail(pixels: np.ndarray) -> float:
    grey = pixels.mean(2)
    return float(np.abs(np.diff(grey, axis=0)).mean() + np.abs(np.diff(grey, axis=1)).mean())
