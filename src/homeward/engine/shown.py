"""What crops show, read once: a crop never changes, and its number is never given to another."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from homeward.domain.ids import CropId, ReportId
from homeward.domain.looks import Shown
from homeward.ports import UnitOfWork

MOST = 200_000  # about 30 MB


@dataclass(slots=True)
class ShownCrops:
    """Of the crops of one database, as far as they were asked for. Thread-safe."""

    _known: dict[CropId, Shown] = field(default_factory=dict)

    def __call__(self, work: UnitOfWork, wanted: Mapping[CropId, ReportId]) -> Mapping[CropId, Shown]:
        """What crops show, the ``wanted`` ones among them, each of the report named; without those that are gone."""
        known = self._known
        missing = {report_id for crop_id, report_id in wanted.items() if crop_id not in known}
        if missing:
            if len(known) > MOST:
                self._known = known = {crop_id: known[crop_id] for crop_id in wanted if crop_id in known}
            known |= work.crops.shown(sorted(missing))
        return known
