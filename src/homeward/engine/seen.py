"""Seen: what cameras saw last, with its looks, each read once: the vectors of a sighting never change."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from homeward.domain.ids import CameraId, ModelName, ReportId
from homeward.domain.repeats import Look, Seen
from homeward.ports import UnitOfWork

RECENT = 50  # sightings of a camera that a new one is compared with
MOST = 30_000  # sightings whose looks are kept: about 60 MB


@dataclass(slots=True)
class LatestSeen:
    """Of the cameras of one database. Thread-safe."""

    _known: dict[tuple[ModelName, ReportId], tuple[Look, ...]] = field(default_factory=dict)

    def __call__(
        self, work: UnitOfWork, camera_ids: Collection[CameraId], model: ModelName
    ) -> dict[CameraId, list[Seen]]:
        """Each camera's latest sightings, newest first, each with its looks by ``model``."""
        latest = work.reports.latest_of_cameras(sorted(camera_ids), RECENT)
        looks = self._looks(work, [seen.id for some in latest.values() for seen in some], model)
        return {camera: [replace(seen, looks=looks[seen.id]) for seen in some] for camera, some in latest.items()}

    def learn(self, report_id: ReportId, model: ModelName, looks: tuple[Look, ...]) -> None:
        """What a new sighting looks like, all of it, once it is committed."""
        if len(self._known) >= MOST:
            self._known = {}
        self._known[model, report_id] = looks

    def _looks(
        self, work: UnitOfWork, ids: Sequence[ReportId], model: ModelName
    ) -> Mapping[ReportId, tuple[Look, ...]]:
        """Those of each; what a model has not looked at yet as a whole is not kept."""
        known = self._known
        found = {report_id: known[model, report_id] for report_id in ids if (model, report_id) in known}
        missing = [report_id for report_id in ids if report_id not in found]
        for report_id, looks in work.embeddings.looks(missing, model).items() if missing else ():
            found[report_id] = tuple((part, vector) for part, vector in looks if vector is not None)
            if len(looks) == len(found[report_id]):
                self.learn(report_id, model, found[report_id])
        return found
