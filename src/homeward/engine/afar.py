"""From afar: a match as a finder may know it. Nothing in it depends on where in its cell of the map a home lies."""

from dataclasses import dataclass, field

from homeward.domain.calibration import Calibration
from homeward.domain.matches import Circumstances, Match, Surroundings
from homeward.domain.matching import PEOPLE_TELL_PER_KM2, degree_from_afar
from homeward.domain.places import km_from_afar
from homeward.domain.reports import Standing
from homeward.engine.weigh import AROUND_DAYS, AROUND_KM, Crowd
from homeward.ports import UnitOfWork


@dataclass(slots=True)
class FromAfar:
    """Degrees of matches of finds, with what is about where the animal was found."""

    work: UnitOfWork
    calibration: Calibration
    _crowds: dict[object, Crowd] = field(default_factory=dict)

    def degree(self, match: Match, lost: Standing, found: Standing, *, least: float = 0.0) -> float:
        """The degree; where even alone it would be below ``least``, nobody is counted who is about."""
        alone = self._degree(match, lost, found, 0)
        return self._degree(match, lost, found, self._about(lost, found)) if alone >= least else alone

    def _degree(self, match: Match, lost: Standing, found: Standing, count: int) -> float:
        around = Surroundings(count, AROUND_KM, AROUND_DAYS, PEOPLE_TELL_PER_KM2)
        what = Circumstances(km_from_afar(lost.start, found.start), match.days, around)
        return degree_from_afar(self.calibration, lost.species, match, what)

    def _about(self, lost: Standing, found: Standing) -> int:
        """Other animals of the lost one's kind, around the place of the find."""
        when = found.happened_at
        crowd = self._crowds.setdefault(when.date(), Crowd(self.work, when, when))
        place = found.start if lost.start else None
        return max(0, crowd.around(lost.species, place, when) - (found.species is lost.species))
