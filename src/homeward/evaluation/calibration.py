"""Calibration: distances of labelled animals in, a falling curve of log-likelihood ratios with its bands out.

Pairs are counted in narrow bins of distance. Fits and losses weigh them as if one in fifty were of one animal: ratios
must be right where they decide, among many strangers, more than where any rule would do.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from homeward.domain.animals import Part, Species
from homeward.domain.calibration import MAX_COARSE_L2, MAX_PAIR_DISCOUNT, Calibration, Curve
from homeward.evaluation.metrics import Floats, Labels
from homeward.evaluation.trials import Sample, halvings, trials

BINS = 200
EDGES = np.linspace(0.0, 2.0, BINS + 1)
CENTRES = (EDGES[:-1] + EDGES[1:]) / 2
KNOTS = 13
PRIOR = 0.02
PRIOR_LOG_ODDS = math.log(PRIOR / (1 - PRIOR))
FOLDS = 5
RESAMPLES = 200
BAND = (0.05, 0.95)
RULE_OF_THREE = 3.0
"""What n animals never showed may still happen to 3 of n of them (95 %): no ratio may claim more."""

NEWTON_STEPS = 50
GALLERIES = (3, 10, 30, 100)
TRIALS = 600
ROUNDS = 2
NEAR_START = 1.0  # weight of one trial: keeps a handful of animals from turning the curve about
LEAST_ANIMALS = 4
LEAST_COARSE = 0.1  # share of the pairs that must be of few pixels, for what few pixels do to be measured
USUAL_COARSE_L2 = 0.07
"""Where it cannot be: what the bundled embedder showed on the animals that it was trained on."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A curve, how it was chosen, and between which ratios it lies in 90 of 100 resampled sets of animals."""

    curve: Curve
    method: str
    log_loss: dict[str, float]
    llr_low: tuple[float, ...]
    llr_high: tuple[float, ...]
    pairs_same: int
    pairs_different: int


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Every pair once: bin of its distance, its two animals (strangers are -1), and its weight before resampling."""

    bins: Labels
    first: Labels
    second: Labels
    weights: Floats

    @property
    def is_same(self) -> Labels:
        return np.asarray(self.first == self.second)

    def histograms(self, animal_weights: Floats) -> tuple[Floats, Floats]:
        """Share of same and of different pairs in each bin, animals weighing so."""
        with_strangers = np.append(animal_weights, 1.0)  # index -1
        is_same = self.is_same
        own = self.weights * with_strangers[self.first]
        both = own * np.where(is_same, 1.0, with_strangers[self.second])
        return _shares(self.bins[is_same], both[is_same]), _shares(self.bins[~is_same], both[~is_same])


_Fit = Callable[[Floats, Floats], Floats]
"""Histograms of same and different in, the log-likelihood ratio at the centre of each bin out."""


def fit_curve(sample: Sample, species: Species | None, part: Part) -> Fitted:
    """The better of isotonic and logistic regression by log loss on animals left out, with bands over animals.

    It is fitted on pairs, then set right (scaled, shifted, and with its discount for several pairs) on what owners
    would be shown first, since a first match is no random pair.

    Raises:
        ValueError: fewer than four animals have two photos.
    """
    if len(sample.paired) < LEAST_ANIMALS:
        raise ValueError(f"a curve needs at least {LEAST_ANIMALS} animals with two photos each")
    coarse_l2 = round(_coarse(sample), 3)
    sample = sample.sharpened(coarse_l2)
    pairs, everyone = _pairs(sample), np.ones(sample.count)
    methods: dict[str, _Fit] = {"isotonic": _isotonic, "logistic": _logistic}
    losses = {name: round(_left_out(pairs, sample.count, fit), 4) for name, fit in methods.items()}
    method = min(losses, key=lambda name: losses[name])
    knots, limits = _knots(pairs, everyone), _limits(sample)
    llr = _at(knots, methods[method](*pairs.histograms(everyone)))
    scale, shift, discount = _as_shown(sample, Curve(None, part, tuple(np.round(knots, 4)), llr), limits)

    def right(values: Floats) -> tuple[float, ...]:
        return tuple(np.round(np.clip(scale * values + shift, *limits), 3).tolist())

    low, high = _bands(pairs, sample.count, methods[method], knots)
    curve = Curve(
        species, part, tuple(np.round(knots, 4).tolist()), right(np.array(llr)), round(discount, 2), coarse_l2
    )
    is_same = pairs.is_same
    counts = int(is_same.sum()), int((~is_same).sum())
    return Fitted(curve, method, losses, right(low), right(high), *counts)


def _as_shown(sample: Sample, curve: Curve, limits: tuple[float, float]) -> tuple[float, float, float]:
    """Scale, shift and pair discount that make the degrees of first matches right in galleries of several sizes."""
    species = curve.species or Species.DOG  # without places the species plays no part
    scale, shift, discount = 1.0, 0.0, curve.pair_discount
    for _ in range(ROUNDS):
        llr = np.clip(scale * np.array(curve.llr) + shift, *limits)
        used = Curve(None, curve.part, curve.knots_l2, tuple(llr.tolist()), discount)
        calibration = Calibration("", (used,), 0.5)
        shown = trials({curve.part: sample}, calibration, species, GALLERIES, each=TRIALS, with_places=(False,))
        ratios = np.array([curve.at(trial.looks.joint_l2[curve.part]) for trial in shown])
        ln_pairs = np.log([trial.looks.compared_pairs[curve.part] for trial in shown])
        prior = np.array([trial.prior for trial in shown])
        right = np.array([trial.is_right for trial in shown], np.float64)
        scale, shift, discount = _regressed(ratios, ln_pairs, prior, right)
    return scale, shift, discount


def _regressed(ratios: Floats, ln_pairs: Floats, prior: Floats, right: Floats) -> tuple[float, float, float]:
    """Logistic regression of ``right`` on scale * ratio + shift - discount * ln(n) + prior, near 1, 0 and 0.5."""
    design = np.stack([ratios, np.ones(len(ratios)), -ln_pairs], axis=1)
    start = np.array([1.0, 0.0, 0.5])
    found = start.copy()
    for fixed in (False, True):
        found[2] = np.clip(found[2], 0.0, MAX_PAIR_DISCOUNT)
        free = [0, 1] if fixed else [0, 1, 2]
        for _ in range(NEWTON_STEPS):
            share = 1 / (1 + np.exp(-np.clip(design @ found + prior, -30, 30)))
            pull = NEAR_START * (found - start)[free]
            gradient = design[:, free].T @ (right - share) - pull
            curvature = (design[:, free] * (share * (1 - share))[:, None]).T @ design[:, free]
            step = np.linalg.solve(curvature + NEAR_START * np.eye(len(free)), gradient)
            found[free] += np.clip(step, -1, 1)
            if np.abs(step).max() < 1e-9:
                break
    return max(float(found[0]), 0.0), float(found[1]), float(found[2])


def _coarse(sample: Sample) -> float:
    """How much farther apart crops look for each halving: logistic regression of same on distance and halvings."""
    if sample.sides is None:
        return USUAL_COARSE_L2
    count = len(sample.animals)
    strange = np.full(sample.distances.shape[1] - count, -1)
    owners = np.concatenate([sample.animals, strange])
    known = ~np.isnan(sample.distances) & (np.arange(len(owners))[None] > np.arange(count)[:, None])
    few = halvings(sample.sides[known])
    if np.mean(few > 0) < LEAST_COARSE:
        return USUAL_COARSE_L2
    same = (sample.animals[:, None] == owners[None])[known].astype(np.float64)
    weights = np.where(same > 0, PRIOR / same.sum(), (1 - PRIOR) / (1 - same).sum())
    design = np.stack([np.ones(len(same)), -sample.distances[known], few], axis=1)
    found = _newton(design, same, weights)
    return float(np.clip(found[2] / max(found[1], 1e-6), 0.0, MAX_COARSE_L2))


def _newton(design: Floats, same: Floats, weights: Floats) -> Floats:
    """Logistic regression at `PRIOR`."""
    found = np.zeros(design.shape[1])
    for _ in range(NEWTON_STEPS):
        share = 1 / (1 + np.exp(-np.clip(design @ found + PRIOR_LOG_ODDS, -30, 30)))
        gradient = design.T @ (weights * (same - share))
        curvature = (design * (weights * share * (1 - share))[:, None]).T @ design
        step = np.linalg.solve(curvature + 1e-9 * np.eye(len(found)), gradient)
        found = found + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-9:
            break
    return np.asarray(found)


def _pairs(sample: Sample) -> _Pairs:
    """A same pair weighs one over its animal's other photos, so that a photo counts once, however many there are."""
    count = len(sample.animals)
    rows, columns = np.triu_indices(count, 1)
    inside, outside = sample.distances[rows, columns], sample.distances[:, count:]
    first, second = sample.animals[rows], sample.animals[columns]
    photos = np.bincount(sample.animals)
    weights = np.where(first == second, 1.0 / np.maximum(1, photos[first] - 1), 1.0)
    strangers = np.full(outside.size, -1)
    # strangers have half of the different pairs' say: they are many, and lie in other light
    foreign = float((first != second).sum()) / max(1, outside.size)
    distances = np.concatenate([inside, outside.ravel()])
    compared = ~np.isnan(distances)
    return _Pairs(
        _bins(distances[compared]),
        np.concatenate([first, np.repeat(sample.animals, outside.shape[1])])[compared],
        np.concatenate([second, strangers])[compared],
        np.concatenate([weights, np.full(outside.size, foreign)])[compared],
    )


def _bins(distances: Floats) -> Labels:
    return np.clip(np.searchsorted(EDGES, distances, side="right") - 1, 0, BINS - 1)


def _shares(bins: Labels, weights: Floats) -> Floats:
    counted = np.bincount(bins, weights, BINS).astype(np.float64)
    return counted / max(float(counted.sum()), 1e-12)


def _limits(sample: Sample) -> tuple[float, float]:
    """The smallest and the largest ratio that so many animals can vouch for."""
    alone = len(sample.animals)
    strangers = sample.distances.shape[1] - alone
    paired = sample.count * (sample.count - 1) / 2 + sample.count * strangers
    owners = int((np.bincount(sample.animals) > 1).sum())
    return -math.log(max(owners, 4) / RULE_OF_THREE), math.log(max(paired, 4) / RULE_OF_THREE)


def _isotonic(same: Floats, different: Floats) -> Floats:
    """Pool adjacent violators on the share of same pairs, then a Gaussian as wide as the knots lie apart."""
    weights = same + different
    share = _falling(same / np.maximum(weights, 1e-12), weights)
    llr = np.log(share + 1e-5) - np.log(1 - share + 1e-5)
    used = weights > 0
    width = 1.0 / KNOTS
    near = np.exp(-0.5 * ((CENTRES[:, None] - CENTRES[None, used]) / width) ** 2) * np.sqrt(weights[used])
    return np.minimum.accumulate((near @ llr[used]) / np.maximum(near.sum(1), 1e-12))


def _falling(values: Floats, weights: Floats) -> Floats:
    """Weighted least-squares fit that never rises; bins without weight take their neighbour's value."""
    means: list[float] = []
    masses: list[float] = []
    counts: list[int] = []
    for value, weight in zip(values.tolist(), weights.tolist(), strict=True):
        means.append(value)
        masses.append(weight)
        counts.append(1)
        while len(means) > 1 and (means[-2] <= means[-1] or masses[-1] == 0 or masses[-2] == 0):
            mass = masses[-2] + masses[-1]
            means[-2] = (means[-2] * masses[-2] + means[-1] * masses[-1]) / mass if mass else 0.0
            masses[-2], counts[-2] = mass, counts[-2] + counts[-1]
            del means[-1], masses[-1], counts[-1]
    return np.repeat(means, counts)


def _logistic(same: Floats, different: Floats) -> Floats:
    """Newton's method on the log loss of a - b * distance at `PRIOR`; b never falls below 0."""
    positive = PRIOR * same
    weights = positive + (1 - PRIOR) * different
    share = positive / np.maximum(weights, 1e-300)
    found = _newton(np.stack([np.ones(BINS), -CENTRES], axis=1), share, weights)
    return np.asarray(found[0] - max(found[1], 0.0) * CENTRES, np.float64)


def _left_out(pairs: _Pairs, animals: int, fit: _Fit) -> float:
    """Log loss on pairs of animals that the fit never saw."""
    folds = min(FOLDS, animals // 2)  # two animals at least, so that there are strangers among them
    fold = np.arange(animals) % folds
    losses = []
    for number in range(folds):
        llr = fit(*pairs.histograms((fold != number).astype(np.float64)))
        same, different = pairs.histograms((fold == number).astype(np.float64))
        if same.sum() and different.sum():
            losses.append(_log_loss(llr, same, different))
    return float(np.mean(losses))


def _log_loss(llr: Floats, same: Floats, different: Floats) -> float:
    """Mean log loss in nats at `PRIOR`, as a share of that of somebody who knows only the prior."""
    odds = llr + PRIOR_LOG_ODDS
    loss = PRIOR * float(same @ np.logaddexp(0, -odds)) + (1 - PRIOR) * float(different @ np.logaddexp(0, odds))
    return loss / -(PRIOR * math.log(PRIOR) + (1 - PRIOR) * math.log(1 - PRIOR))


def _knots(pairs: _Pairs, animal_weights: Floats) -> Floats:
    same, different = (np.cumsum(found) for found in pairs.histograms(animal_weights))
    low = CENTRES[int(np.searchsorted(same, 0.005))]
    high = CENTRES[min(BINS - 1, int(np.searchsorted(different, 0.9)))]
    return np.linspace(low, max(high, low + 0.1), KNOTS)


def _at(knots: Floats, llr: Floats) -> tuple[float, ...]:
    return tuple(round(float(value), 3) for value in np.minimum.accumulate(np.interp(knots, CENTRES, llr)))


def _bands(pairs: _Pairs, animals: int, fit: _Fit, knots: Floats) -> tuple[Floats, Floats]:
    chance = np.random.default_rng(0)
    drawn = []
    for _ in range(RESAMPLES):
        weights = np.bincount(chance.integers(0, animals, animals), minlength=animals).astype(np.float64)
        drawn.append(_at(knots, fit(*pairs.histograms(weights))))
    low, high = np.quantile(np.array(drawn), BAND, axis=0)
    return low, high
