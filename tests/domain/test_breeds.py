import numpy as np
import pytest

from homeward.domain.breeds import BreedHead

HEAD = BreedHead(("pug", "beagle", "collie"), np.eye(3, dtype=np.float32) * 8, np.zeros(3, np.float32))


def vectors(*rows):
    return np.array(rows, np.float32)


def test_the_breed_that_all_photos_together_speak_for():
    guess = HEAD.guess(vectors([1, 0, 0], [0.9, 0.1, 0]))

    assert guess.code == "pug"
    assert 0.98 < guess.probability < 1


def test_a_guess_as_likely_wrong_as_right_is_none():
    assert HEAD.guess(vectors([0.5, 0.5, 0.5])) is None
    assert HEAD.guess(vectors([1, 0, 0], [0, 1, 0], [0, 0, 1])) is None
    assert HEAD.guess(vectors([1, 0, 0], [1, 0, 0], [0, 1, 0])).probability == pytest.approx(2 / 3, abs=0.01)
    assert HEAD.guess(np.zeros((0, 3), np.float32)) is None
