"""Seen: what cameras saw last, with its looks, each read once: the vectors of a sighting never change.

What is erased goes from here too, in every process: see `homeward.engine.events.SightingsErased`.
"""

import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from homeward.domain.ids import CameraId, ModelName, ReportId
from homeward.domain.repeats import Look, Seen
from homeward.ports import UnitOfWork

RECENT = 50  # sightings of a camera that a new one is compared with
MOST = 30_000  # sightings whose looks are kept: about 60 MB
Looks = tuple[Look, ...]


@dataclass(slots=True)
class LatestSeen:
    """Of the cameras of one database. Thread-safe."""

    _known: dict[ReportId, dict[ModelName, Looks]] = field(default_factory=dict)
    _erasures: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(
        self, work: UnitOfWork, camera_ids: Collection[CameraId], model: ModelName
    ) -> dict[CameraId, list[Seen]]:
        """Each camera's latest sightings, newest first, each with its looks by ``model``."""
        latest = work.reports.latest_of_cameras(sorted(camera_ids), RECENT)
        looks = self._looks(work, [seen.id for some in latest.values() for seen in some], model)
        return {camera: [replace(seen, looks=looks[seen.id]) for seen in some] for camera, some in latest.items()}

    @property
    def erasures(self) -> int:
        """How often something was erased: whoever reads or stores looks asks before, and tells it when they learn."""
        return self._erasures

    def learn(self, model: ModelName, looks: Mapping[ReportId, Looks], erasures: int) -> None:
        """What sightings look like, all of it, once they are committed; nothing where some were erased meanwhile."""
        with self._lock:
            if erasures != self._erasures:
                return
            if len(self._known) + len(looks) > MOST:
                self._known = {}
            for report_id, some in looks.items():
                self._known.setdefault(report_id, {})[model] = some

    def forget(self, report_ids: Iterable[ReportId]) -> None:
        """They were erased, and that is committed."""
        with self._lock:
            self._erasures += 1
            for report_id in report_ids:
                self._known.pop(report_id, None)

    def _looks(self, work: UnitOfWork, ids: Sequence[ReportId], model: ModelName) -> Mapping[ReportId, Looks]:
        """Those of each; what a model has not looked at yet as a whole is not kept."""
        erasures = self._erasures
        known = self._known
        found = {one: looks for one in ids if (looks := known.get(one, {}).get(model)) is not None}
        missing = [report_id for report_id in ids if report_id not in found]
        if not missing:
            return found
        read = work.embeddings.looks(missing, model)
        made = {one: tuple((part, vec) for part, vec in looks if vec is not None) for one, looks in read.items()}
        self.learn(model, {one: looks for one, looks in made.items() if len(looks) == len(read[one])}, erasures)
        return found | made
