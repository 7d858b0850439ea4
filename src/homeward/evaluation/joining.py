"""Joining: animals of which face and body were compared in, what both say together out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from homeward.domain.animals import Part, Species
from homeward.domain.calibration import Calibration, Joining
from homeward.evaluation.calibration import BAND, GALLERIES, NEWTON_STEPS, RESAMPLES, ROUNDS, TRIALS
from homeward.evaluation.metrics import Floats, Labels
from homeward.evaluation.trials import Parts, Trial, trials

START = np.array([0.5, 0.5, 0.0])
NEAR_START = 1.0
DIGITS = 2


@dataclass(frozen=True, slots=True)
class FittedJoining:
    """What two parts say together, and between which numbers it lies in 90 of 100 resampled sets of animals."""

    joining: Joining
    low: tuple[float, ...]
    high: tuple[float, ...]
    trials: int


def fit_joining(
    groups: Sequence[tuple[Parts, Species]], calibration: Calibration, *, each: int = TRIALS
) -> FittedJoining:
    """Logistic regression of right on both ratios, on what owners would be shown first; ``calibration`` has the curves.

    ``groups`` are samples of one species each, both parts of the same photos; ``each`` lost pets for every gallery.
    """
    found = START
    for _ in range(ROUNDS):
        used = replace(calibration, joining=_joining(found))
        shown = [
            (trial, species, number)
            for number, (parts, species) in enumerate(groups)
            for trial in trials(parts, used, species, GALLERIES, each=each, with_places=(False,))
            if len(trial.looks.joint_l2) == len(Part)
        ]
        design = np.array([_ratios(calibration, species, trial) for trial, species, _ in shown])
        prior = np.array([trial.prior for trial, _, _ in shown])
        right = np.array([trial.is_right for trial, _, _ in shown], np.float64)
        found = _regressed(design, prior, right, np.ones(len(right)))
    _, owners = np.unique([(number, trial.owner) for trial, _, number in shown], axis=0, return_inverse=True)
    low, high = np.quantile(_resampled(design, prior, right, owners.ravel()), BAND, axis=0)
    return FittedJoining(_joining(found), _numbers(low), _numbers(high), len(shown))


def _ratios(calibration: Calibration, species: Species, trial: Trial) -> tuple[float, float, float]:
    """The larger ratio, the smaller, and one."""
    looks = trial.looks
    ratios = [
        calibration.log_likelihood_ratio(species, part, distance, looks.compared_pairs[part])
        for part, distance in looks.joint_l2.items()
    ]
    return max(ratios), min(ratios), 1.0


def _resampled(design: Floats, prior: Floats, right: Floats, owners: Labels) -> Floats:
    chance, count = np.random.default_rng(0), int(owners.max()) + 1
    drawn = []
    for _ in range(RESAMPLES):
        weights = np.bincount(chance.integers(0, count, count), minlength=count).astype(np.float64)
        drawn.append(_regressed(design, prior, right, weights[owners]))
    return np.array(drawn)


def _regressed(design: Floats, prior: Floats, right: Floats, weights: Floats) -> Floats:
    """Near `START`: a handful of animals must not turn it about."""
    found = START.copy()
    for _ in range(NEWTON_STEPS):
        share = 1 / (1 + np.exp(-np.clip(design @ found + prior, -30, 30)))
        gradient = design.T @ (weights * (right - share)) - NEAR_START * (found - START)
        curvature = (design * (weights * share * (1 - share))[:, None]).T @ design
        step = np.linalg.solve(curvature + NEAR_START * np.eye(3), gradient)
        found = found + np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-9:
            break
    return np.concatenate([np.clip(found[:2], 0.0, 1.0), found[2:]])


def _joining(found: Floats) -> Joining:
    return Joining(*_numbers(found))


def _numbers(found: Floats) -> tuple[float, ...]:
    return tuple(round(float(value), DIGITS) for value in found)
