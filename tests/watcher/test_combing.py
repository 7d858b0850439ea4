import numpy as np
import pytest

from homeward.domain.boxes import Box
from homeward.watcher.camera import CameraWatch
from homeward.watcher.combing import mended

from .scenes import SIZE, Finder, frame, with_animal, yard

WHOLE = Box(0, 0, SIZE[1], SIZE[0])
AROUND = Box(150, 150, 350, 310)


def woven(first, second):
    """As an analogue camera sends it: every second line is of a moment later."""
    made = first.copy()
    made[1::2] = second[1::2]
    return made


def error(shown, wanted, at):
    return np.abs(shown[at].astype(int) - wanted[at]).mean()


@pytest.mark.parametrize("step", [4, 12])
def test_what_moves_between_two_half_pictures_is_shown_at_one_moment_and_all_else_stays(step):
    first, second = with_animal(yard(1), 200), with_animal(yard(1), 200 + step)
    comb = woven(first, second)

    shown = mended(comb, [AROUND])

    edge = (slice(202, 258), slice(200, 260 + step))
    assert error(shown, first, edge) < error(comb, first, edge) / 5
    outside = np.ones(SIZE, bool)
    outside[150:310, 150:350] = False
    assert np.array_equal(shown[outside], comb[outside])


@pytest.mark.parametrize("noise", [0.0, 3.0, 12.0])
def test_a_picture_of_one_moment_is_left_as_it_is(noise):
    picture = with_animal(yard(1, noise), 200)

    assert mended(picture, [AROUND, WHOLE]) is picture


def test_a_walking_animal_is_sent_without_the_comb():
    moments = [with_animal(yard(n // 2), 40 + 6 * n) for n in range(24)]
    watching = CameraWatch(Finder())
    sights = []
    for n in range(12):
        sights += watching.look(frame(n, woven(moments[2 * n], moments[2 * n + 1])))
    (sight,) = [*sights, *watching.finish()]

    top, line, bottom = (
        sight.crop.picture[rows, 15:60].astype(int) for rows in (slice(20, 60, 2), slice(21, 61, 2), slice(22, 62, 2))
    )
    assert (np.minimum(np.abs(line - top), np.abs(line - bottom)) > 60).mean() < 0.02
