"""The detector's full pass (resize, network, decode) on two cores: 1280 x 720 frames with and without a cat."""

import os
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
from skimage import data as samples

from homeward.domain.animals import Label, Picture
from homeward.models.known import known_card
from homeward.models.registry import Registry
from homeward.ports import Detector

FRAME = (720, 1280, 3)
WORKERS = 2
PEER = Path("weights/yolox_nano/yolox_nano.onnx")


def measure(*, short: bool) -> dict[str, Any]:
    """Frames a second, the models taking turns; as ratios of the peer's where its file is at hand."""
    seconds = 0.2 if short else 4.0
    frames = {"street": _street(), "cat": _cat()}
    ours = Registry([])
    makers = {"homeward": lambda: ours.detector("homeward-detector-1", 1)}
    shared = Path(os.environ.get("HOMEWARD_SHARED", "../shared"))
    if (shared / PEER).exists():
        makers["yolox_nano"] = lambda: _peer(shared / PEER)
    figures: dict[str, Any] = {}
    for kind, frame in frames.items():
        for name, make in makers.items():
            figures[f"{name}_{kind}_per_second_two_cores"] = _rate([make() for _ in range(WORKERS)], frame, seconds)
        if "yolox_nano" in makers:
            rates = [figures[f"{name}_{kind}_per_second_two_cores"] for name in makers]
            figures[f"{kind}_times_as_many_as_yolox_nano"] = rates[0] / rates[1]
    (seen,) = ours.detector("homeward-detector-1", 1).detect([frames["cat"]])
    figures["cat_is_seen"] = float(any(found.label is Label.CAT for found in seen))
    return figures


def _peer(file: Path) -> Detector:
    from homeward.models.cards import DetectorCard, read_card
    from homeward.models.onnx import OnnxDetector, OnnxNetwork

    card = read_card(known_card("yolox_nano"))
    assert isinstance(card, DetectorCard)
    return OnnxDetector(card, OnnxNetwork(card, file, 1))


def _rate(detectors: list[Detector], frame: Picture, seconds: float) -> float:
    """One thread for each detector, each on one core."""
    counts = [0] * len(detectors)
    end = time.perf_counter() + seconds

    def run(number: int) -> None:
        while time.perf_counter() < end:
            detectors[number].detect([frame])
            counts[number] += 1

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(detectors))]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - start)


def _street() -> Picture:
    """Walls, a road and noise: nothing alive."""
    chance = np.random.default_rng(0)
    frame = np.full(FRAME, 110, np.float64)
    frame[480:] = 70
    frame[100:480, 200:500] = 150
    frame[200:300, 700:1100] = 40
    return np.clip(frame + chance.normal(0, 8, FRAME), 0, 255).astype(np.uint8)


def _cat() -> Picture:
    frame = _street()
    cat = np.asarray(samples.cat(), np.uint8)
    frame[300 : 300 + cat.shape[0], 400 : 400 + cat.shape[1]] = cat
    return frame
