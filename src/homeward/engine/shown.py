"""What crops show, read once: a crop never changes, and its number is never given to another."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from homeward.domain.ids import CropId, ReportId
from homeward.domain.looks import Shown
from homeward.ports import UnitOfWork

MOST = 200_000  # about 30 MB


@dataclass(slots=True)
class ShownCrops:
    """Of the crops of one database, as far as they were asked for. Thread-safe."""

    _known: dict[CropId, Shown] = field(default_factory=dict)

    def __call__(self, work: UnitOfWork, wanted: Mapping[ReportId, Iterable[CropId]]) -> dict[CropId, Shown]:
        """What the ``wanted`` crops of each report show; without those that are gone."""
        known = self._known
        found = {crop_id: known.get(crop_id) for crops in wanted.values() for crop_id in crops}
        missing = [report_id for report_id, crops in wanted.items() if any(found[crop_id] is None for crop_id in crops)]
        if missing:
            read = work.crops.shown(missing)
            if len(known) > MOST:
                self._known = {}
            self._known |= read
            found |= read
        return {crop_id: shown for crop_id, shown in found.items() if shown is not None}
