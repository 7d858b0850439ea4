"""The degree: looks, place, time and surroundings in, the probability of one animal out. See docs/why/degree.md."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from homeward.domain.animals import Part, Species
from homeward.domain.calibration import Calibration, Floats
from homeward.domain.looks import Looks
from homeward.domain.matches import Circumstances, Match, Reason, ReasonCode

SEEN_AT_ALL = 0.5
"""Share of lost pets that show up in reports or before cameras at all: an assumption."""

TAIL = 0.75
"""Exponent a of the distance kernel: the share beyond d falls as d^-1.5, which keeps long walks possible."""

NEAR = {Species.CAT: (0.75, 0.5), Species.DOG: (0.66, 1.6)}
"""(share, km): 75 % of missing cats within 0.5 km (Animals 2018, 8(1), 5), 66 % of pets within a mile (Petco Love
Lost users, 2021); the cats' figure is the sharper one, so the second serves dogs."""

CARRIED_OFF = 0.05
CARRIED_KM = 100.0
"""Share of animals that travel by car, spread over a circle of this radius: an assumption."""

HALF_TIME_DAYS = 14.0
"""With 14 days, g(t) = T / (T + t)^2 finds one third within a week, as the survey above does."""

BEFORE_TOLERANCE_DAYS = 1.0
BEFORE_DECAY_DAYS = 0.5
"""Dates are remembered to the day; found earlier than that falls off by e every half day."""

CAMERA_SEES_PER_KM2, PEOPLE_TELL_PER_KM2 = 5.0, 0.3
"""Strangers of the kind in 30 days, at least: a camera shows every cat that lives there, a finder tells of one that
seems lost. Without this the first camera of a town would be sure of the first cat. Assumptions."""

MAX_LOG_ODDS = 13.8  # degree 0.000001 to 0.999999
LEAST_ODDS, LEAST_AGREE = 1e-12, 1e-3
SOON_H, LATER_DAYS = 48.0, 30.0
NEAR_KM, FAR_KM = 3.0, 30.0
ALIKE_LLR = 3.0
MAX_REASONS = 4
UNSURE_SPECIES = 0.7


def looks_log_ratio(calibration: Calibration, species: Species, looks: Looks) -> tuple[float, Part]:
    """The log likelihood ratio of all parts together, and the part that decides."""
    joint = {part: np.array([distance]) for part, distance in looks.joint_l2.items()}
    pairs = {part: np.array([looks.compared_pairs[part]], np.float64) for part in joint}
    ratios, deciding = looks_log_ratios(calibration, species, joint, pairs)
    return float(ratios[0]), list(joint)[int(deciding[0])]


def looks_log_ratios(
    calibration: Calibration, species: Species, joint_l2: Mapping[Part, Floats], pairs: Mapping[Part, Floats]
) -> tuple[Floats, npt.NDArray[np.intp]]:
    """The log likelihood ratios of (n,) pairs of animals, and for each the number of the part that decides.

    ``joint_l2`` is NaN for a part that was not compared; at least one was.
    """
    ratios = np.stack(
        [calibration.log_likelihood_ratios(species, part, joint_l2[part], pairs[part]) for part in joint_l2]
    )
    deciding = np.nanargmax(ratios, axis=0)
    most, least = np.nanmax(ratios, axis=0), np.nanmin(ratios, axis=0)
    alone = np.isnan(ratios).sum(0) + 1 == len(ratios)
    return np.where(alone, most, calibration.joining(most, least)), deciding


def prior_log_odds(species: Species, circumstances: Circumstances) -> float:
    """Own pet's reports against strangers' at this place and time, as natural-log odds."""
    around = circumstances.surroundings
    one = ManyCircumstances(
        km=_one(circumstances.km),
        days=_one(circumstances.days),
        animals_about=_one(around.count),
        least_per_km2=_one(around.least_per_km2),
        species_agree=_one(circumstances.species_agree),
    )
    return float(priors_log_odds(species, one, around.radius_km, around.days)[0])


@dataclass(frozen=True, slots=True)
class ManyCircumstances:
    """`Circumstances` of (n,) pairs, column by column; NaN where unknown."""

    km: Floats
    days: Floats
    animals_about: Floats
    least_per_km2: Floats
    species_agree: Floats

    def only(self, rows: npt.NDArray[np.bool_]) -> "ManyCircumstances":
        """Those of ``rows``."""
        return ManyCircumstances(*(getattr(self, column.name)[rows] for column in fields(self)))


def priors_log_odds(species: Species, pairs: ManyCircumstances, radius_km: float, days: float) -> Floats:
    """`prior_log_odds` of (n,) pairs; animals were counted within ``radius_km`` and ``days``."""
    strangers = pairs.animals_about + 1
    per_km2 = np.maximum(strangers / (math.pi * radius_km**2), pairs.least_per_km2)
    here = distance_density(species, pairs.km) / per_km2 * days * _time_density(pairs.days)
    odds = SEEN_AT_ALL * np.where(np.isnan(pairs.km), 1 / strangers, here)
    return np.log(np.maximum(odds, LEAST_ODDS)) + np.log(np.clip(pairs.species_agree, LEAST_AGREE, 1.0))


def degrees(log_ratios: Floats, priors: Floats) -> Floats:
    """Posterior probabilities (n,)."""
    return 1 / (1 + np.exp(-np.clip(log_ratios + priors, -MAX_LOG_ODDS, MAX_LOG_ODDS)))


def degree(log_ratio: float, prior: float) -> float:
    """Posterior probability."""
    return float(degrees(np.array([log_ratio]), np.array([prior]))[0])


def distance_density(species: Species, km: Floats) -> Floats:
    """Own pet's reports per square kilometre at ``km`` from where it was lost; integrates to one over the plane."""
    scale = _scale_km(species)
    walked = TAIL / (math.pi * scale**2) * (1 + (km / scale) ** 2) ** -(TAIL + 1)
    carried = np.where(km <= CARRIED_KM, 1 / (math.pi * CARRIED_KM**2), 0.0)
    return (1 - CARRIED_OFF) * walked + CARRIED_OFF * carried


def walked_km(species: Species, share: float) -> float:
    """The distance within which ``share`` (0 to 1, not 1) of the animals stay that walk."""
    return float(_scale_km(species) * math.sqrt((1 - share) ** (-1 / TAIL) - 1))


def rejected_alike(calibration: Calibration, species: Species, looks: Looks, nearness: Circumstances) -> float:
    """Probability that a candidate is the very animal that the owner rejected."""
    ratio, _ = looks_log_ratio(calibration, species, looks)
    return degree(ratio, prior_log_odds(species, nearness))


def degree_from_afar(
    calibration: Calibration, species: Species, match: Match, what: ManyCircumstances, radius_km: float, days: float
) -> float:
    """The degree for people who may not learn a place: each row of ``what`` is as likely as any other.

    The looks are those of the pair of crops that decides.
    """
    ratio = calibration.log_likelihood_ratio(species, match.part, match.l2_distance, match.compared_pairs)
    priors = priors_log_odds(species, what, radius_km, days)
    return degree(ratio, float(np.log(np.mean(np.exp(priors)))))


def reasons(
    log_ratio: float, part: Part, l2_distance: float, what: Circumstances, *, from_home: bool
) -> tuple[Reason, ...]:
    """Why, most telling first, at most four."""
    found = [
        _of_looks(log_ratio, part, l2_distance),
        _of_place(what.km, from_home=from_home),
        _of_time(what.days),
    ]
    if what.species_agree < UNSURE_SPECIES:
        found.append(Reason(ReasonCode.SPECIES_UNSURE, what.species_agree))
    return tuple(reason for reason in found if reason is not None)[:MAX_REASONS]


def with_reason(match: Match, reason: Reason) -> tuple[Reason, ...]:
    """The match's reasons with ``reason`` first."""
    rest = [known for known in match.reasons if known.code is not reason.code]
    return (reason, *rest)[:MAX_REASONS]


def _of_looks(log_ratio: float, part: Part, l2_distance: float) -> Reason | None:
    if log_ratio < 0:
        return Reason(ReasonCode.LOOKS_DIFFERENT, l2_distance)
    if log_ratio < ALIKE_LLR:
        return None
    return Reason(ReasonCode.FACES_ALIKE if part is Part.FACE else ReasonCode.LOOKS_ALIKE, l2_distance)


def _of_place(km: float | None, *, from_home: bool) -> Reason | None:
    if km is None:
        return None
    if km > FAR_KM:
        return Reason(ReasonCode.FAR_AWAY, km)
    if km > NEAR_KM:
        return None
    return Reason(ReasonCode.NEAR_HOME if from_home else ReasonCode.NEAR_LAST_SEEN, km)


def _of_time(days: float | None) -> Reason | None:
    if days is None:
        return None
    if days < -BEFORE_TOLERANCE_DAYS:
        return Reason(ReasonCode.BEFORE_LOST, -days)
    if days > LATER_DAYS:
        return Reason(ReasonCode.LATER, days)
    hours = max(0.0, days) * 24
    return Reason(ReasonCode.SOON_AFTER, hours) if hours <= SOON_H else None


def _scale_km(species: Species) -> float:
    """Solves 1 - (1 + (d/s)^2)^-a = share for s."""
    share, km = NEAR[species]
    return float(km / math.sqrt((1 - share) ** (-1 / TAIL) - 1))


def _time_density(days: Floats) -> Floats:
    """Own pet's reports per day; an unknown time weighs as one in the middle of the first month."""
    days = np.where(np.isnan(days), HALF_TIME_DAYS, days)
    early = np.exp((np.minimum(days, 0.0) + BEFORE_TOLERANCE_DAYS) / BEFORE_DECAY_DAYS) / HALF_TIME_DAYS
    late = HALF_TIME_DAYS / (HALF_TIME_DAYS + np.maximum(0.0, days)) ** 2
    return np.where(days < -BEFORE_TOLERANCE_DAYS, early, late)


def _one(value: float | None) -> Floats:
    return np.array([np.nan if value is None else value], np.float64)
