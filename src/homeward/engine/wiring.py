"""What the engine works with, and the numbers that it goes by."""

from collections.abc import Mapping
from dataclasses import dataclass

from homeward.domain.reports import Shelf
from homeward.ports import (
    Clock,
    Database,
    Detector,
    Districts,
    ImageReader,
    ImageRenderer,
    Messenger,
    PhotoStorage,
    Spaces,
    Storage,
)


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything outside, behind Protocols. ``messengers`` by name; None: for people who are on none."""

    database: Database
    shelves: Mapping[Shelf, Storage]
    photos: PhotoStorage
    reader: ImageReader
    renderer: ImageRenderer
    detector: Detector
    spaces: Spaces
    messengers: Mapping[str | None, Messenger]
    clock: Clock
    districts: Districts


@dataclass(frozen=True, slots=True)
class Rules:
    """Numbers from the settings; units in the names. ``alert_degree`` None takes the calibration's."""

    window_s: float = 3.0
    duplicate_l2: float = 0.01
    encounter_gap_min: float = 10.0
    alert_degree: float | None = None
    alert_cooldown_min: float = 15.0
    matches_kept: int = 1000
    sighting_days: int = 30
    closed_days: int = 90
    open_days: int = 365
    answer_days: int = 10
