import numpy as np

from homeward.domain.animals import Detection, Label, Part
from homeward.domain.boxes import Box
from homeward.engine.recognise import Recognise
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
    (found,) = Recognise(detector)([PORTRAIT], species=None, animal=0, keep=False)

    faces = [crop.box for crop in found.animal.crops if crop.part is Part.FACE]
    assert len(faces) == 1
    assert faces[0].iou(HEAD) > 0.5
    assert len(found.animals) == 1
    assert len(detector.sizes) == 2


def test_other_pictures_are_looked_at_once():
    detector = FakeDetector()
    Recognise(detector)([PORTRAIT, np.asarray(drawn(2))], species=None, animal=0, keep=False)

    assert detector.calls == 1
