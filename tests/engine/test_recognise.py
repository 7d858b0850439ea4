import numpy as np
import pytest

from homeward.domain.animals import Detection, Label, Part, Species
from homeward.domain.boxes import Box
from homeward.engine.recognise import Recognise
from homeward.errors import InvalidInput
from homeward.testing import FakeDetector
from tests.conftest import picture as drawn

PORTRAIT = np.asarray(drawn(1))
HEAD = Box(100, 80, 180, 150)


class Farsighted(FakeDetector):
    """Sees a body that fills the picture, and its head only where there is room around it."""

    def detect(self, pictures):
        self.sizes = [*getattr(self, "sizes", []), *(picture.shape[:2] for picture in pictures)]
        return [self.seen(*picture.shape[:2]) for picture in pictures]

    def seen(self, height, width):
        body = Detection(Box(2, 2, width - 2, height - 2), Label.CAT, 0.9)
        if (height, width) == PORTRAIT.shape[:2]:
            return (body,)
        left, top = (width - PORTRAIT.shape[1]) / 2, (height - PORTRAIT.shape[0]) / 2
        moved = Box(HEAD.x0 + left, HEAD.y0 + top, HEAD.x1 + left, HEAD.y1 + top)
        return (body, Detection(moved, Label.CAT_HEAD, 0.9))


def test_a_portraits_head_is_found_from_further_away():
    detector = Farsighted()
    (found,) = Recognise(detector)([PORTRAIT], species=None, keep=False)

    faces = [crop.box for crop in found.animal.crops if crop.part is Part.FACE]
    assert len(faces) == 1
    assert faces[0].iou(HEAD) > 0.5
    assert len(found.animals) == 1
    assert len(detector.sizes) == 2


def test_other_pictures_are_looked_at_once():
    detector = FakeDetector()
    Recognise(detector)([PORTRAIT, np.asarray(drawn(2))], species=None, keep=False)

    assert detector.calls == 1


class Group(FakeDetector):
    """A dog and two smaller cats side by side; on small pictures one cat."""

    def detect(self, pictures):
        return [self.seen(*picture.shape[:2]) for picture in pictures]

    def seen(self, height, width):
        dog = Detection(Box(0.05 * width, 0.05 * height, 0.45 * width, 0.5 * height), Label.DOG, 0.9)
        cats = [
            Detection(Box(left * width, height / 2, (left + 0.2) * width, height), Label.CAT, 0.9)
            for left in (0.5, 0.75)
        ]
        return (dog, cats[0]) if height < 100 else (dog, *cats)


def test_each_photo_has_a_chosen_animal_of_its_own_and_the_others_follow_its_kind():
    large, small = np.zeros((200, 300, 3), np.uint8), np.zeros((90, 120, 3), np.uint8)
    recognise = Recognise(Group())

    def chosen(*animals, species=None):
        return [seen.chosen for seen in recognise([large, small, large], species=species, animals=animals, keep=False)]

    assert chosen() == [0, 0, 0]
    assert chosen(2, 1) == [2, 1, 1]
    assert chosen(2) == [2, 1, 1]  # a cat is meant, so the cat of the second photo too
    assert chosen(0, 1) == [1, 1, 1]
    assert chosen(species=Species.CAT) == [1, 1, 1]
    with pytest.raises(InvalidInput, match="number 2"):
        chosen(2, 2)
    with pytest.raises(InvalidInput, match="More animals"):
        chosen(0, 0, 0, 0)
