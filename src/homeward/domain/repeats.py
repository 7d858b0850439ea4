"""Which sightings are the same animal again: repeats that are not stored, encounters that are alerted once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from homeward.domain.animals import Part
from homeward.domain.embeddings import Vector, l2_distances
from homeward.domain.ids import EncounterId, ReportId

Look = tuple[Part, Vector]
"""What a crop shows, and its vector; all looks that are compared are of one model."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A sighting as far as it tells repeats: when, which track, whose encounter, and its looks."""

    id: ReportId
    encounter_id: EncounterId
    happened_at: datetime
    last_at: datetime
    track_id: str | None
    looks: tuple[Look, ...]


def repeat_of(new: Seen, earlier: Sequence[Seen], *, window_s: float, duplicate_l2: float) -> Seen | None:
    """The earlier sighting of the same camera that ``new`` repeats.

    Either the same track within the window, or nearly the same picture (L2 below ``duplicate_l2``).
    """
    near = smallest_l2(new, earlier)
    for seen, distance in zip(earlier, near, strict=True):
        if _same_track(new, seen, window_s) or distance < duplicate_l2:
            return seen
    return None


def encounter_of(new: Seen, earlier: Sequence[Seen], *, gap_min: float, same_l2: float) -> Seen | None:
    """The earlier sighting whose encounter ``new`` belongs to: same track, or alike within the gap; nearest first."""
    gap = timedelta(minutes=gap_min)
    recent = [seen for seen in earlier if abs(new.happened_at - seen.last_at) <= gap]
    tracked = [seen for seen in recent if new.track_id and seen.track_id == new.track_id]
    if tracked:
        return tracked[0]
    distances = smallest_l2(new, recent)
    if not len(distances) or distances.min() >= same_l2:
        return None
    return recent[int(distances.argmin())]


def smallest_l2(new: Seen, earlier: Sequence[Seen]) -> npt.NDArray[np.float64]:
    """For each of ``earlier`` the least distance between looks of the same part; infinite where there is none."""
    found = np.full(len(earlier), np.inf)
    for part, vector in new.looks:
        of_part = [(n, look) for n, seen in enumerate(earlier) for kind, look in seen.looks if kind is part]
        if of_part:
            distances = l2_distances(np.stack([look for _, look in of_part]), vector)
            np.minimum.at(found, [n for n, _ in of_part], distances)
    return found


def _same_track(new: Seen, old: Seen, window_s: float) -> bool:
    if not new.track_id or new.track_id != old.track_id:
        return False
    return abs((new.happened_at - old.last_at).total_seconds()) <= window_s
