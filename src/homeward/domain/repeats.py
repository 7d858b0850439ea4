"""Which sightings are the same animal again: repeats that are not stored, encounters that are alerted once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from homeward.domain.embeddings import Embedding, l2_distances
from homeward.domain.reports import Report


@dataclass(frozen=True, slots=True)
class Seen:
    """A stored sighting with its vectors."""

    report: Report
    embeddings: tuple[Embedding, ...]


def repeat_of(
    new: Report,
    vectors: Sequence[Embedding],
    earlier: Sequence[Seen],
    *,
    window_s: float,
    duplicate_l2: float,
) -> Report | None:
    """The earlier sighting of the same camera that ``new`` repeats.

    Either the same track within the window, or nearly the same picture (L2 below ``duplicate_l2``).
    """
    for seen in earlier:
        if _same_track(new, seen.report, window_s) or smallest_l2(vectors, seen.embeddings) < duplicate_l2:
            return seen.report
    return None


def encounter_of(
    new: Report, vectors: Sequence[Embedding], earlier: Sequence[Seen], *, gap_min: float, same_l2: float
) -> Report | None:
    """The earlier sighting whose encounter ``new`` belongs to: same track, or alike within the gap; nearest first."""
    gap = timedelta(minutes=gap_min)
    near = [
        (smallest_l2(vectors, seen.embeddings), seen.report)
        for seen in earlier
        if abs(new.happened_at - _last(seen.report)) <= gap
    ]
    tracked = [report for _, report in near if new.track_id and report.track_id == new.track_id]
    if tracked:
        return tracked[0]
    alike = [(distance, report) for distance, report in near if distance < same_l2]
    return min(alike, key=lambda pair: pair[0])[1] if alike else None


def smallest_l2(one: Sequence[Embedding], other: Sequence[Embedding]) -> float:
    """Over all pairs of the same part and model; infinite where there is none."""
    return min(
        (
            float(l2_distances(b.vector[None], a.vector)[0])
            for a in one
            for b in other
            if a.part is b.part and a.model == b.model
        ),
        default=float("inf"),
    )


def _same_track(new: Report, old: Report, window_s: float) -> bool:
    if not new.track_id or new.track_id != old.track_id:
        return False
    return abs((new.happened_at - _last(old)).total_seconds()) <= window_s


def _last(report: Report) -> datetime:
    return report.last_seen_at or report.happened_at
