"""A picture without colour, as cameras show the night, is smoothed for a network that asks for it."""

import numpy as np
import pytest

from homeward.models.prepare import smoothed

NOISE = np.random.default_rng(3).integers(60, 180, (80, 120, 1)).astype(np.uint8)
GREY = np.repeat(NOISE, 3, 2)
TINTED = GREY + np.array([0, 3, 1], np.uint8)
COLOURFUL = np.random.default_rng(4).integers(0, 256, (80, 120, 3)).astype(np.uint8)


@pytest.mark.parametrize("picture", [GREY, TINTED], ids=["grey", "tinted by infra-red light"])
def test_noise_of_a_picture_without_colour_is_smoothed_away(picture):
    before = picture.copy()

    after = smoothed(picture, 0.7)

    assert after.shape == picture.shape
    assert after.std() < 0.7 * picture.std()
    assert abs(after.mean() - picture.mean()) < 1
    assert (picture == before).all()


def test_a_picture_with_colour_stays_as_it_is_and_so_does_grey_where_nobody_asks():
    assert smoothed(COLOURFUL, 0.7) is COLOURFUL
    assert smoothed(GREY, 0.0) is GREY


def test_a_coloured_clock_makes_no_day_of_a_night():
    night = GREY.copy()
    night[:10, :40] = (255, 200, 0)

    assert smoothed(night, 0.7) is not night
