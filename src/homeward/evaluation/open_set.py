"""Open set: what an owner may expect where the pet may not have been seen at all, among many or few strangers."""

import itertools
import math
from collections.abc import Sequence

import numpy as np

from homeward.domain import matching
from homeward.domain.animals import Part, Species
from homeward.domain.calibration import Calibration
from homeward.domain.matches import Circumstances, Surroundings
from homeward.evaluation.calibration import BAND, CENTRES, RESAMPLES
from homeward.evaluation.metrics import Floats, Labels
from homeward.evaluation.trials import AROUND_DAYS, AROUND_KM, Parts, Sample, Trial

DEGREE_BINS = 10
MEASURED = 10  # fewer nearer strangers than this are too few to count
RADII_KM = np.geomspace(0.01, 100.0, 60)


def calibration_error(found: Sequence[Trial]) -> float:
    """Expected calibration error of the first match's degree: the mean gap of `reliability`."""
    rows = reliability(found)
    return sum(abs(degree - right) * count for degree, right, count in rows) / max(1, len(found))


def reliability(found: Sequence[Trial]) -> list[tuple[float, float, int]]:
    """For each tenth of the degree that holds any: mean degree, share that is right, how many."""
    degrees = np.array([trial.degree for trial in found])
    right = np.array([trial.is_right for trial in found], np.float64)
    bins = np.minimum((degrees * DEGREE_BINS).astype(int), DEGREE_BINS - 1)
    return [
        (float(degrees[bins == b].mean()), float(right[bins == b].mean()), int((bins == b).sum()))
        for b in sorted(set(bins.tolist()))
    ]


def hits_by_gallery(sample: Sample, sizes: Sequence[int], k: int) -> list[tuple[int, float, float, float]]:
    """For galleries of ``sizes`` animals, the own one among them: size, chance that it is among the first ``k``, band.

    Each photo's own share of nearer strangers is measured; how many of so many are nearer is then binomial. Where
    fewer than ten are nearer, the share is extrapolated as the tail of the nearest twentieth of strangers falls off
    (exponentially, in distance). The band is that of 90 of 100 resampled sets of animals.
    """
    shares, owners = _nearer(sample)
    chance = np.random.default_rng(2)
    found = []
    for size in sizes:
        hits = np.array([_at_most(k - 1, size - 1, share) for share in shares])
        by_animal = [hits[owners == owner] for owner in np.unique(owners)]
        drawn = [
            np.mean(np.concatenate([by_animal[at] for at in chance.integers(0, len(by_animal), len(by_animal))]))
            for _ in range(RESAMPLES)
        ]
        low, high = np.quantile(drawn, BAND)
        found.append((size, float(hits.mean()), float(low), float(high)))
    return found


def false_alerts_a_day(
    strangers: Floats, calibration: Calibration, species: Species, part: Part, per_km2_month: float, alert_degree: float
) -> float:
    """`false_alerts_of` one part: ``strangers`` are distances between different animals."""
    at = [calibration.log_likelihood_ratio(species, part, float(centre), 1) for centre in CENTRES]
    return false_alerts_of(np.interp(strangers, CENTRES, at), species, per_km2_month, alert_degree)


def stranger_ratios(parts: Parts, calibration: Calibration, species: Species) -> Floats:
    """Log likelihood ratios of all pairs of different animals that were compared, one photo each."""
    sample = next(iter(parts.values()))
    count = len(sample.animals)
    foreign = np.full(sample.distances.shape[1] - count, -1)
    differ = sample.animals[:, None] != np.concatenate([sample.animals, foreign])[None]
    joint = {part: one.distances[differ] for part, one in parts.items()}
    known = ~np.isnan(np.stack(list(joint.values()))).all(0)
    joint = {part: column[known] for part, column in joint.items()}
    one_each = {part: np.ones(len(column)) for part, column in joint.items()}
    return matching.looks_log_ratios(calibration, species, joint, one_each)[0]


def false_alerts_of(ratios: Floats, species: Species, per_km2_month: float, alert_degree: float) -> float:
    """Expected alerts of strangers for one lost pet and day, over the first 30 days.

    ``ratios`` are those of different animals; ``per_km2_month`` is how many others of the kind are seen.
    Ratios above those of all measured strangers are unknown: one more stranger is counted at the largest.
    """
    ratios = np.sort(ratios)
    ratios = np.append(ratios, ratios[-1])
    count = round(per_km2_month * math.pi * AROUND_KM**2)
    around = Surroundings(count, AROUND_KM, AROUND_DAYS)
    need = math.log(alert_degree / (1 - alert_degree))
    edges = np.concatenate([[0.0], RADII_KM])
    total = 0.0
    for inner, outer in itertools.pairwise(edges.tolist()):
        seen_a_day = per_km2_month / AROUND_DAYS * math.pi * (outer**2 - inner**2)
        for day in range(int(AROUND_DAYS)):
            prior = matching.prior_log_odds(species, Circumstances((inner + outer) / 2, day + 0.5, around))
            total += seen_a_day * (len(ratios) - float(np.searchsorted(ratios, need - prior))) / len(ratios)
    return total / AROUND_DAYS


def alerted(found: Sequence[Trial], alert_degree: float) -> float:
    """Share of the pets that were there and whose first match is them and alerts."""
    there = [trial for trial in found if trial.is_there and trial.with_places]
    return float(np.mean([trial.is_right and trial.degree >= alert_degree for trial in there])) if there else 0.0


def _nearer(sample: Sample) -> tuple[Floats, Labels]:
    """For each photo with a twin: the share of strangers' photos nearer than its nearest twin; and its animal."""
    count, shares, owners = len(sample.animals), [], []
    foreign = np.ones(sample.distances.shape[1] - count, np.bool_)
    for row, owner in enumerate(sample.animals.tolist()):
        is_own = sample.animals == owner
        twins = np.flatnonzero(is_own & (np.arange(count) != row))
        if len(twins):
            nearest = sample.distances[row, twins]
            strange = sample.distances[row, np.concatenate([~is_own, foreign])]
            if np.isnan(nearest).all() or np.isnan(strange).all():
                continue  # nothing that could be compared
            shares.append(_share_below(np.sort(strange[~np.isnan(strange)]), float(np.nanmin(nearest))))
            owners.append(owner)
    return np.array(shares), np.array(owners)


def _share_below(rising: Floats, value: float) -> float:
    below = int(np.searchsorted(rising, value))
    if below >= MEASURED:
        return below / len(rising)
    tail = rising[: max(2 * MEASURED, len(rising) // 20)]
    gap = max(float(np.mean(tail[-1] - tail)), 1e-6)
    return len(tail) / len(rising) * math.exp(-max(0.0, float(tail[-1]) - value) / gap)


def _at_most(limit: int, draws: int, share: float) -> float:
    """Chance that a binomial of ``draws`` and ``share`` is at most ``limit``."""
    if share <= 0:
        return 1.0
    if share >= 1:
        return float(draws <= limit)
    terms = [
        math.lgamma(draws + 1)
        - math.lgamma(n + 1)
        - math.lgamma(draws - n + 1)
        + n * math.log(share)
        + (draws - n) * math.log1p(-share)
        for n in range(min(limit, draws) + 1)
    ]
    return min(1.0, math.fsum(math.exp(term) for term in terms))
