"""Thresholds: labelled distances of one kind in; its curve, its alert degree and what owners may expect out."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from homeward.domain.animals import Part, Species
from homeward.domain.calibration import Calibration
from homeward.evaluation.calibration import GALLERIES, LEAST_ANIMALS, Fitted, fit_curve
from homeward.evaluation.metrics import Floats
from homeward.evaluation.open_set import alerted, calibration_error, false_alerts_a_day, hits_by_gallery
from homeward.evaluation.trials import Sample, Trial, halves, trials

EACH = 150
SIZES = (10, 100, 1_000, 10_000, 100_000)
FIRST = (1, 10)
DENSITIES = {"village": 1.0, "suburb": 10.0, "city": 100.0}
"""Other animals of the kind seen within a square kilometre and 30 days: an owner's own street decides."""

ALERT_DEGREES = tuple(round(0.1 + 0.05 * step, 2) for step in range(17))
MOST_FALSE_A_DAY = 1 / 30


@dataclass(frozen=True, slots=True)
class Expected:
    """What owners may expect of a calibration on a sample of animals.

    ``gallery`` holds, for each size and number of first answers: chance of the own one, low, high. ``false_a_day``
    are strangers' alerts for an owner and day by density at ``alert_degree``; ``alerted`` is the share of
    pets seen whose owner is told.
    """

    trials: tuple[Trial, ...]
    calibration_error: float
    gallery: dict[int, dict[int, tuple[float, float, float]]]
    alert_degree: float
    false_a_day: dict[str, float]
    alerted: float


def expected(
    sample: Sample,
    calibration: Calibration,
    species: Species,
    part: Part,
    alert_degree: float,
    shown: tuple[Trial, ...] | None = None,
) -> Expected:
    """Measure ``calibration`` on animals that it was not fitted on (``shown`` where trials were made already).

    ``sample`` is sharpened already.
    """
    if shown is None:
        shown = tuple(trials({part: sample}, calibration, species, GALLERIES, each=EACH))
    gallery = {first: {row[0]: row[1:] for row in hits_by_gallery(sample, SIZES, first)} for first in FIRST}
    strangers = strangers_of(sample)
    false = {
        name: round(false_alerts_a_day(strangers, calibration, species, part, density, alert_degree), 4)
        for name, density in DENSITIES.items()
    }
    error = calibration_error(shown)
    return Expected(shown, error, gallery, alert_degree, false, alerted(shown, alert_degree))


def alert_degree_of(sample: Sample, calibration: Calibration, species: Species, part: Part) -> float:
    """The least degree at which strangers alert an owner at most once in 30 days, however dense the city."""
    strangers = strangers_of(sample)
    for degree in ALERT_DEGREES:
        most = max(
            false_alerts_a_day(strangers, calibration, species, part, density, degree) for density in DENSITIES.values()
        )
        if most <= MOST_FALSE_A_DAY:
            return degree
    return ALERT_DEGREES[-1]


def calibrated(sample: Sample, species: Species | None, part: Part) -> tuple[Fitted, Expected | None]:
    """The curve of all animals, and what it leads to, measured crosswise: each half under the other half's curve.

    None stands for the second where a half has too few animals.

    Raises:
        ValueError: there are too few animals.
    """
    fitted = fit_curve(sample, species, part)
    like = species or Species.CAT
    whole = Calibration("", (fitted.curve,), 0.5)
    sharp = sample.sharpened(fitted.curve.coarse_l2)
    alert = alert_degree_of(sharp, whole, like, part)
    one, other = halves(sample)
    if min(len(one.paired), len(other.paired)) < LEAST_ANIMALS:
        return fitted, None
    shown = [
        trial
        for known, asked in ((one, other), (other, one))
        for curve in (fit_curve(known, species, part).curve,)
        for trial in trials(
            {part: asked.sharpened(curve.coarse_l2)}, Calibration("", (curve,), 0.5), like, GALLERIES, each=EACH
        )
    ]
    return fitted, expected(sharp, whole, like, part, alert, tuple(shown))


def entry(fitted: Fitted, what: Expected | None, *, source: str) -> dict[str, Any]:
    """The card's entry for a curve."""
    species = fitted.curve.species
    made: dict[str, Any] = {
        "species": species.value if species else "any",
        "part": fitted.curve.part.value,
        "knots_l2": list(fitted.curve.knots_l2),
        "llr": list(fitted.curve.llr),
        "llr_low": list(fitted.llr_low),
        "llr_high": list(fitted.llr_high),
        "pair_discount": fitted.curve.pair_discount,
        "coarse_l2": fitted.curve.coarse_l2,
        "method": fitted.method,
        "log_loss": fitted.log_loss,
        "pairs_same": fitted.pairs_same,
        "pairs_different": fitted.pairs_different,
        "source": source,
    }
    if what is not None:
        made |= {"alert_degree": what.alert_degree, "calibration_error": round(what.calibration_error, 4)}
    return made


def strangers_of(sample: Sample) -> Floats:
    """Distances of different animals."""
    count = len(sample.animals)
    differ = sample.animals[:, None] != sample.animals[None, :]
    found = np.concatenate([sample.distances[:, :count][differ], sample.distances[:, count:].ravel()])
    return np.asarray(found[~np.isnan(found)])
