import math
from dataclasses import replace

import numpy as np
import pytest

from homeward.domain.animals import Part, Species
from homeward.domain.calibration import SHARP_PX, Calibration, Curve, Joining
from homeward.domain.looks import Looks
from homeward.errors import ModelInvalid
from homeward.evaluation.calibration import fit_curve
from homeward.evaluation.joining import fit_joining
from homeward.evaluation.open_set import calibration_error, false_alerts_a_day, hits_by_gallery, reliability
from homeward.evaluation.thresholds import alert_degree_of, calibrated, entry, strangers_of
from homeward.evaluation.trials import Sample, Trial, halves, joined, trials
from homeward.models.registry import Registry

NAME = "homeward-embedder-3"


def gaussian(animals=40, photos=4, spread=0.5, dimension=12, strangers=0, seed=3):
    """Animals are points of a sphere, photos lie around them: the truth is known, and nothing is copied from it."""
    chance = np.random.default_rng(seed)
    centres = chance.normal(size=(animals + strangers, dimension))
    labels = np.concatenate([np.repeat(np.arange(animals), photos), np.arange(animals, animals + strangers)])
    vectors = centres[labels] + spread * chance.normal(size=(len(labels), dimension))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    own = animals * photos
    return Sample(np.linalg.norm(vectors[:own, None] - vectors[None], axis=2), labels[:own])


def trial(degree, *, is_right):
    return Trial(10, True, Looks({Part.BODY: 0.5}, {Part.BODY: 1}), -3.0, degree, is_right, is_right)


def calibration(curve):
    return Calibration("test", (curve,), 0.5)


KNOWN = {}


def curve_of(sample):
    """Fitted once for all tests that ask for the same distances: which part they are of changes nothing but its name."""
    distances = sample.distances.tobytes()
    if distances not in KNOWN:
        KNOWN[distances] = fit_curve(sample, None, Part.BODY).curve
    return KNOWN[distances]


def test_the_curve_falls_from_sure_to_never_and_lies_within_its_band():
    fitted = fit_curve(gaussian(), Species.DOG, Part.BODY)

    assert fitted.curve.llr[0] > 3
    assert fitted.curve.llr[-1] < -1
    assert all(
        low <= value <= high for low, value, high in zip(fitted.llr_low, fitted.curve.llr, fitted.llr_high, strict=True)
    )
    assert set(fitted.log_loss) == {"isotonic", "logistic"}
    assert fitted.method == min(fitted.log_loss, key=fitted.log_loss.get)


def test_no_ratio_claims_more_than_so_many_animals_can_vouch_for():
    fitted = fit_curve(gaussian(animals=6, spread=0.05), None, Part.BODY)

    assert max(fitted.curve.llr) <= math.log(15 / 3) + 1e-3
    assert min(fitted.curve.llr) >= -math.log(6 / 3) - 1e-3


def test_fewer_animals_than_four_are_refused():
    with pytest.raises(ValueError, match="at least 4 animals"):
        fit_curve(gaussian(animals=3), None, Part.BODY)


def test_degrees_of_other_animals_are_true_to_within_a_twentieth():
    known, asked = gaussian(60, seed=1, strangers=100), gaussian(60, seed=2, strangers=100)

    curve = fit_curve(known, Species.CAT, Part.BODY).curve
    shown = trials({Part.BODY: asked}, calibration(curve), Species.CAT, (10, 50), each=300)

    assert calibration_error(shown) < 0.05
    honest = Curve(None, Part.BODY, curve.knots_l2, tuple(value + 3 for value in curve.llr))
    boastful = trials({Part.BODY: asked}, calibration(honest), Species.CAT, (10, 50), each=300)
    assert calibration_error(boastful) > 2 * calibration_error(shown)


def test_the_calibration_error_is_the_mean_gap_weighted_by_how_many():
    shown = [trial(0.95, is_right=True)] * 3 + [trial(0.95, is_right=False)] + [trial(0.05, is_right=False)] * 4

    assert reliability(shown) == [(pytest.approx(0.05), 0.0, 4), (pytest.approx(0.95), 0.75, 4)]
    assert calibration_error(shown) == pytest.approx(0.5 * 0.05 + 0.5 * 0.2)


def test_half_of_the_pets_are_not_there_and_never_right():
    curve = curve_of(gaussian())
    shown = trials({Part.BODY: gaussian()}, calibration(curve), Species.CAT, (5,), each=300)

    absent = [one for one in shown if not one.is_there]
    assert 0.4 < len(absent) / len(shown) < 0.6
    assert not any(one.is_right for one in absent)


def test_the_larger_the_gallery_the_fewer_hits_and_ten_answers_hold_more_than_one():
    sample = gaussian(strangers=60)
    first = [row[1] for row in hits_by_gallery(sample, (10, 1_000, 100_000), 1)]
    ten = [row[1] for row in hits_by_gallery(sample, (10, 1_000, 100_000), 10)]

    assert first[0] > first[1] > first[2]
    assert all(more >= less for more, less in zip(ten, first, strict=True))
    assert all(low <= likely <= high for _, likely, low, high in hits_by_gallery(sample, (100,), 1))


def test_hits_in_a_gallery_of_the_measured_size_are_those_that_were_counted():
    sample = gaussian(animals=60, photos=2, spread=0.9)
    counted = []
    for row in range(len(sample.animals)):
        own = sample.animals == sample.animals[row]
        twin = own & (np.arange(len(own)) != row)
        one_each = [
            sample.distances[row, np.flatnonzero(sample.animals == a)[0]] for a in range(60) if a != sample.animals[row]
        ]
        counted.append(sample.distances[row, twin].min() < min(one_each))

    (_, likely, _, _) = hits_by_gallery(sample, (60,), 1)[0]

    assert likely == pytest.approx(np.mean(counted), abs=0.06)


def test_denser_cities_and_lower_degrees_alert_more_often():
    sample = gaussian(spread=0.8, strangers=100)
    curve = calibration(fit_curve(sample, None, Part.BODY).curve)

    def a_day(density, degree):
        return false_alerts_a_day(strangers_of(sample), curve, Species.CAT, Part.BODY, density, degree)

    assert a_day(10.0, 0.1) > a_day(10.0, 0.5) > 0
    least = alert_degree_of(sample, curve, Species.CAT, Part.BODY)
    assert all(a_day(density, least) <= 1 / 30 for density in (1.0, 10.0, 100.0))


def test_joined_sets_are_not_compared_with_each_other():
    both = joined([gaussian(5, strangers=9), gaussian(6, strangers=7)])

    assert both.count == 11
    assert both.distances.shape == (44, 44 + 7)
    assert np.isnan(both.distances[:20, 20:44]).all()
    assert not np.isnan(both.distances[:, 44:]).any()
    assert sorted(half.count for half in halves(both)) == [5, 6]


def test_a_curve_goes_into_the_card_beside_those_of_other_kinds(tmp_path):
    registry = Registry([tmp_path / "models"])
    before = registry.calibration(NAME)
    made = entry(*calibrated(gaussian(), Species.CAT, Part.FACE), source="test")

    card = registry.calibrate(NAME, made)

    after = Registry([tmp_path / "models"]).calibration(NAME)
    assert after == card.calibration
    assert after.name != before.name
    assert after.log_likelihood_ratio(Species.CAT, Part.FACE, 0.0, 1) == made["llr"][0]
    same = (Species.DOG, Part.BODY, 0.9, 1)
    assert after.log_likelihood_ratio(*same) == before.log_likelihood_ratio(*same)
    assert registry.check_golden(NAME)


def two_parts(*, alike, animals=40, seed=4):
    """Faces and bodies of the same animals: seen from the same side (``alike`` 1), or knowing nothing of each other."""
    face = gaussian(animals, spread=0.7, seed=seed, strangers=60)
    other = gaussian(animals, spread=0.7, seed=seed + 1, strangers=60)
    body = replace(other, distances=alike * face.distances + (1 - alike) * other.distances)
    return {Part.FACE: face, Part.BODY: body}


def both_curves(parts):
    curves = tuple(replace(curve_of(sample), part=part) for part, sample in parts.items())
    return Calibration("test", curves, 0.5)


def test_a_face_and_a_body_that_say_the_same_count_once_and_two_that_do_not_count_more():
    same, apart = two_parts(alike=1.0), two_parts(alike=0.0)

    once = fit_joining([(same, Species.DOG)], both_curves(same), each=100)
    more = fit_joining([(apart, Species.DOG)], both_curves(apart), each=100)

    assert once.joining(3.0, 3.0) == pytest.approx(3.0, abs=0.7)
    assert more.joining(3.0, 3.0) > 4.0
    assert all(low <= high for low, high in zip(once.low, once.high, strict=True))
    assert once.trials == 400


def test_joining_makes_the_degrees_of_other_animals_truer_than_counting_both_in_full():
    known, asked = two_parts(alike=0.8), two_parts(alike=0.8, seed=11)
    curves = both_curves(known)

    fitted = replace(curves, joining=fit_joining([(known, Species.DOG)], curves, each=100).joining)
    naive = replace(curves, joining=Joining(1.0, 1.0, 0.0))
    errors = [calibration_error(trials(asked, one, Species.DOG, (10, 50), each=300)) for one in (fitted, naive)]

    assert errors[0] < 0.8 * errors[1], errors


def spoilt_sample():
    """As `gaussian`, but that every second photo is small, which puts it farther from everything."""
    sample = gaussian(60, spread=0.7, strangers=60)
    small = np.concatenate([np.arange(240) % 2 == 1, np.zeros(60, np.bool_)])
    few = small[:240, None] | small[None]
    sides = np.where(few, SHARP_PX / 4, SHARP_PX)
    return replace(sample, distances=sample.distances + 0.4 * few, sides=sides)


def test_what_few_pixels_do_to_distances_is_measured_and_taken_off():
    curve = fit_curve(spoilt_sample(), None, Part.BODY).curve

    assert curve.coarse_l2 == pytest.approx(0.2, abs=0.08)  # 0.4 farther at two halvings
    plain, sharp = gaussian(60, spread=0.7, strangers=60), spoilt_sample().sharpened(curve.coarse_l2)
    assert np.abs(sharp.distances - plain.distances).max() < 0.2


def test_where_all_photos_are_sharp_the_usual_figure_serves():
    assert curve_of(gaussian()).coarse_l2 == 0.07


def test_owners_never_ask_with_what_only_a_camera_saw():
    sample = spoilt_sample()
    askable = np.arange(240) % 2 == 0
    far = sample.distances.copy()
    far[~askable] = np.nan  # a question from there would find nothing to compare

    shown = trials(
        {Part.BODY: replace(sample, distances=far, askable=askable)},
        calibration(curve_of(gaussian())),
        Species.CAT,
        (20,),
        each=100,
    )

    assert not any(np.isnan(trial.degree) for trial in shown)
    assert sum(trial.is_there for trial in shown) > 60


def test_a_detector_cannot_be_calibrated(tmp_path):
    with pytest.raises(ModelInvalid):
        Registry([tmp_path]).calibrate("homeward-detector-1", {"species": "cat", "part": "body"})
