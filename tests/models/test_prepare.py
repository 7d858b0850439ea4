"""A picture without colour, as cameras show the night, is smoothed for a network that asks for it."""

from dataclasses import replace

import numpy as np
import pytest

from homeward.models.cards import Input
from homeward.models.prepare import fit, has_colour, smoothed

NOISE = np.random.default_rng(3).integers(60, 180, (80, 120, 1)).astype(np.uint8)
GREY = np.repeat(NOISE, 3, 2)
TINTED = GREY + np.array([0, 3, 1], np.uint8)
COLOURFUL = np.random.default_rng(4).integers(0, 256, (80, 120, 3)).astype(np.uint8)


@pytest.fixture
def how():
    plain = {"scale": 1.0, "mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0), "cpu_batch": None}
    return Input("x", 120, 120, "NCHW", "BGR", fit="pad-top-left", fill=114, grey_blur_px=0.0, **plain)


@pytest.mark.parametrize("picture", [GREY, TINTED], ids=["grey", "tinted by infra-red light"])
def test_noise_of_a_picture_without_colour_is_smoothed_away(picture):
    before = picture.copy()

    after = smoothed(picture, 0.7)

    assert after.shape == picture.shape
    assert after.std() < 0.7 * picture.std()
    assert abs(after.mean() - picture.mean()) < 1
    assert (picture == before).all()


@pytest.mark.parametrize("picture", [GREY, TINTED], ids=["grey", "tinted by infra-red light"])
def test_a_picture_of_the_night_has_no_colour(picture):
    assert not has_colour(picture)
    assert has_colour(COLOURFUL)


def test_a_coloured_clock_makes_no_day_of_a_night():
    night = GREY.copy()
    night[:10, :40] = (255, 200, 0)

    assert not has_colour(night)


def test_only_what_has_no_colour_is_smoothed_and_only_for_a_network_that_asks(how):
    def canvas(picture, blur_px):
        return fit(picture, replace(how, grey_blur_px=blur_px)).canvas[: len(picture), : picture.shape[1]]

    assert (canvas(COLOURFUL, 0.7) == COLOURFUL).all()
    assert (canvas(GREY, 0.0) == GREY).all()
    assert canvas(GREY, 0.7).std() < 0.7 * GREY.std()
