import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeward.domain import matching
from homeward.domain.animals import Part, Species
from homeward.domain.calibration import Calibration, Curve, Joining, joint_l2
from homeward.domain.looks import Looks
from homeward.domain.matches import Circumstances, ReasonCode, Surroundings
from homeward.testing.fakes import CALIBRATION

ALONE = Surroundings(0, 5.0, 30.0)


def prior(km, days=1.0, count=0, agree=1.0, species=Species.DOG):
    return matching.prior_log_odds(species, Circumstances(km, days, Surroundings(count, 5.0, 30.0), agree))


@given(st.floats(0, 200), st.floats(0, 200))
def test_farther_away_is_never_likelier(one, other):
    near, far = sorted((one, other))

    assert prior(near) >= prior(far)


@given(st.floats(0, 400), st.floats(0, 400))
def test_later_is_never_likelier(one, other):
    early, late = sorted((one, other))

    assert prior(1.0, early) >= prior(1.0, late)


@given(st.floats(0, 2), st.floats(0, 2), st.integers(1, 30))
def test_less_alike_is_never_likelier(one, other, pairs):
    near, far = sorted((one, other))
    ratios = [CALIBRATION.log_likelihood_ratio(Species.CAT, Part.BODY, l2, pairs) for l2 in (near, far)]

    assert ratios[0] >= ratios[1]


def test_every_degree_is_a_probability():
    for ratio in (-1e9, -3.0, 0.0, 3.0, 1e9):
        assert 0 < matching.degree(ratio, 0.0) < 1


@pytest.mark.parametrize(("species", "share", "km"), [(Species.CAT, 0.75, 0.5), (Species.DOG, 0.66, 1.6)])
def test_the_distance_kernel_holds_its_published_share(species, share, km):
    radii = np.linspace(0, km, 20_001)
    density = np.array([matching.distance_density(species, r) for r in radii])
    inside = float(np.trapezoid(2 * math.pi * radii * density, radii))

    assert inside == pytest.approx(share * 0.95, abs=0.005)  # the other 5 % were carried off


def test_a_busy_street_makes_each_stranger_less_telling():
    assert prior(1.0, count=40) < prior(1.0, count=0)


def test_found_before_it_was_lost_is_nearly_excluded_but_stays_above_zero():
    assert math.exp(prior(0.1, days=-10)) < 1e-4 * math.exp(prior(0.1, days=0))
    assert math.isfinite(prior(0.1, days=-10_000))


def test_a_day_of_error_in_dates_costs_nothing():
    assert prior(0.1, days=-0.9) == prior(0.1, days=0.0)


def test_unsure_species_lowers_but_does_not_exclude():
    assert prior(1.0, agree=1.0) > prior(1.0, agree=0.5) > prior(1.0, agree=0.0) > -30


def test_face_and_body_together_say_what_was_measured_of_both():
    both = Looks({Part.FACE: 0.3, Part.BODY: 0.4}, {Part.FACE: 1, Part.BODY: 1})
    known = replace(CALIBRATION, joining=Joining(0.6, 0.3, 0.5))
    face, body = (CALIBRATION.log_likelihood_ratio(Species.CAT, part, l2, 1) for part, l2 in both.joint_l2.items())

    ratio, part = matching.looks_log_ratio(known, Species.CAT, both)

    assert face > body
    assert part is Part.FACE
    assert ratio == pytest.approx(0.6 * face + 0.3 * body + 0.5)


def test_a_part_that_was_not_compared_takes_nothing_off():
    joint = {Part.FACE: np.array([0.3, 0.3]), Part.BODY: np.array([np.nan, 0.4])}
    pairs = {part: np.ones(2) for part in joint}

    ratios, _ = matching.looks_log_ratios(CALIBRATION, Species.CAT, joint, pairs)

    assert ratios[0] == pytest.approx(CALIBRATION.log_likelihood_ratio(Species.CAT, Part.FACE, 0.3, 1))
    assert ratios[1] != ratios[0]


@pytest.mark.parametrize("numbers", [(-0.1, 0.4, 0.0), (0.6, 1.2, 0.0), (0.6, 0.4, math.inf)])
def test_joining_that_could_rank_wrongly_is_refused(numbers):
    with pytest.raises(ValueError):
        Joining(*numbers)


def test_more_compared_pairs_make_the_same_distance_less_telling():
    one = CALIBRATION.log_likelihood_ratio(Species.CAT, Part.BODY, 0.5, 1)
    four = CALIBRATION.log_likelihood_ratio(Species.CAT, Part.BODY, 0.5, 4)

    assert one - four == pytest.approx(math.log(2))


def test_reasons_name_what_matters():
    what = Circumstances(1.2, 0.125, ALONE)
    codes = [r.code for r in matching.reasons(3.0, Part.BODY, 0.4, what, from_home=True)]

    assert codes == [ReasonCode.LOOKS_ALIKE, ReasonCode.NEAR_HOME, ReasonCode.SOON_AFTER]


@pytest.mark.parametrize(
    ("knots", "ratios"), [((0.1, 0.1), (1, 0)), ((0.1, 0.2), (0, 1)), ((0.1,), (1,)), ((0.1, 0.2), (1, math.nan))]
)
def test_a_curve_that_could_rank_wrongly_is_refused(knots, ratios):
    with pytest.raises(ValueError):
        Curve(None, Part.BODY, knots, ratios)


def test_a_species_curve_wins_over_the_general_one():
    general = Curve(None, Part.BODY, (0.0, 1.0), (0.0, -1.0))
    of_cats = Curve(Species.CAT, Part.BODY, (0.0, 1.0), (5.0, 4.0))
    calibration = Calibration("x", (general, of_cats), 0.5)

    assert calibration.log_likelihood_ratio(Species.CAT, Part.BODY, 0.0, 1) == 5.0
    assert calibration.log_likelihood_ratio(Species.DOG, Part.BODY, 0.0, 1) == 0.0


def test_one_pair_is_its_own_joint_distance_and_many_lie_between_the_smallest_and_their_mean():
    assert joint_l2(0.7, 0.49, 1) == pytest.approx(0.7)
    assert joint_l2(0.4, 0.16 + 1.0, 2) == pytest.approx((0.4 + math.sqrt(0.58)) / 2)
    assert joint_l2(0.4, 0.16 + 0.36, 2) < joint_l2(0.4, 0.16 + 1.0, 2)


def test_in_a_town_that_nobody_has_told_of_yet_there_are_strangers_all_the_same():
    def odds(count, least):
        around = Surroundings(count, 5.0, 30.0, least)
        return matching.prior_log_odds(Species.CAT, Circumstances(0.1, 1.0, around))

    assert odds(0, 5.0) < odds(0, 0.3) < odds(0, 0.0)
    assert odds(4000, 5.0) == odds(4000, 0.0)
