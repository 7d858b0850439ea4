"""From afar: a match as a finder may know it. Nothing in it depends on where in its cell of the map a home lies."""

from dataclasses import dataclass, field

import numpy as np

from homeward.domain.calibration import Calibration
from homeward.domain.matches import Match
from homeward.domain.matching import PEOPLE_TELL_PER_KM2, ManyCircumstances, degree_from_afar
from homeward.domain.places import kms_from_afar
from homeward.domain.reports import Standing, species_agree
from homeward.engine.crowd import AROUND_DAYS, AROUND_KM, About, crowds
from homeward.ports import UnitOfWork


@dataclass(slots=True)
class FromAfar:
    """Degrees of matches of finds, with what is about where the animal was found."""

    work: UnitOfWork
    calibration: Calibration
    _counted: dict[About, int] = field(default_factory=dict)

    def degree(self, match: Match, lost: Standing, found: Standing, *, least: float = 0.0) -> float:
        """The degree; where even alone it would be below ``least``, nobody is counted who is about."""
        alone = self._degree(match, lost, found, 0)
        return self._degree(match, lost, found, self._about(lost, found)) if alone >= least else alone

    def _degree(self, match: Match, lost: Standing, found: Standing, count: int) -> float:
        kms = kms_from_afar(lost.start, found.start) if lost.start and found.start else np.array([np.nan])
        what = ManyCircumstances(
            km=kms,
            days=np.full(len(kms), match.days),
            animals_about=np.full(len(kms), float(count)),
            least_per_km2=np.full(len(kms), PEOPLE_TELL_PER_KM2),
            species_agree=np.full(len(kms), species_agree(lost, found)),
        )
        return degree_from_afar(self.calibration, lost.species, match, what, AROUND_KM, AROUND_DAYS)

    def _about(self, lost: Standing, found: Standing) -> int:
        """Other animals of the lost one's kind, around the place of the find."""
        about = About(lost.species, found.start if lost.start else None, found.happened_at.toordinal())
        if about not in self._counted:
            self._counted |= crowds(self.work, [about])
        return max(0, self._counted[about] - (found.species is lost.species))
