import numpy as np
import pytest
from PIL import Image

from homeward.domain.animals import Detection, Label, Part, Species
from homeward.domain.boxes import Box
from homeward.engine.recognise import Recognise
from homeward.errors import NoAnimalFound
from homeward.models.registry import Registry
from homeward.testing import FakeDetector

SIDE, LEAST, LEAST_FOR_HEAD = 416, 40, 110
ANIMAL, MIRAGE = (255, 0, 255), (255, 255, 0)


def lawn(height=1500, width=2000):
    return np.full((height, width, 3), 90, np.uint8)


def with_one(picture, box, colour=ANIMAL):
    x0, y0, x1, y1 = box.rounded()
    drawn = picture.copy()
    drawn[y0:y1, x0:x1] = colour
    return drawn


class Nearsighted(FakeDetector):
    """Sees magenta boxes that are large once the picture is shrunk, their heads if larger still; a mirage from afar."""

    def detect(self, pictures):
        self.sizes = [*getattr(self, "sizes", []), *(picture.shape[:2] for picture in pictures)]
        return [tuple(self.seen(picture)) for picture in pictures]

    def seen(self, picture):
        scale = min(1.0, SIDE / max(picture.shape[:2]))
        for box in boxes_of(picture, ANIMAL):
            if min(box.width, box.height) * scale >= LEAST:
                yield Detection(box, Label.CAT, 0.9)
            if min(box.width, box.height) * scale >= LEAST_FOR_HEAD:
                head = Box(box.x0, box.y0, box.x0 + box.width / 3, box.y0 + box.height / 3)
                yield Detection(head, Label.CAT_HEAD, 0.9)
        for box in boxes_of(picture, MIRAGE):
            if max(box.width, box.height) < 0.3 * max(picture.shape[:2]) and box.width * scale >= LEAST:
                yield Detection(box, Label.DOG, 0.9)


def boxes_of(picture, colour):
    """Of boxes that share no column."""
    mask = np.all(picture == colour, axis=-1)
    columns = np.flatnonzero(mask.any(0))
    for part in np.split(columns, np.flatnonzero(np.diff(columns) > 1) + 1):
        if len(part):
            rows = np.flatnonzero(mask[:, part].any(1))
            yield Box(float(part[0]), float(rows[0]), float(part[-1] + 1), float(rows[-1] + 1))


def faces(animal):
    return [crop.box for crop in animal.crops if crop.part is Part.FACE]


@pytest.mark.parametrize("corner", [(1200, 850), (0, 0), (1800, 1340), (870, 600)])
def test_an_animal_too_small_to_be_seen_at_once_is_found_with_its_head(corner):
    box = Box(corner[0], corner[1], corner[0] + 130, corner[1] + 120)

    (found,) = Recognise(Nearsighted())([with_one(lawn(), box)], species=None, keep=False)

    (animal,) = found.animals
    assert animal.box.iou(box) > 0.95
    assert animal.species is Species.CAT
    (face,) = faces(animal)
    assert face.share_inside(box.grown(0.1)) == 1.0


def test_several_small_ones_are_found_each_once():
    boxes = [Box(200, 300, 380, 470), Box(1100, 700, 1300, 890), Box(1500, 1000, 1690, 1190)]
    picture = lawn()
    for box in boxes:
        picture = with_one(picture, box)

    (found,) = Recognise(Nearsighted()).look([picture])

    assert len(found.animals) == 3
    assert sorted(round(animal.box.x0) for animal in found.animals) == [200, 1100, 1500]


def test_what_is_not_seen_again_from_near_by_is_no_animal():
    picture = with_one(lawn(), Box(1200, 850, 1330, 980), MIRAGE)

    with pytest.raises(NoAnimalFound):
        Recognise(Nearsighted())([picture], species=None, keep=False)


def test_an_animal_whose_head_is_too_small_is_looked_at_closer_and_the_others_stay():
    small, large = Box(200, 300, 500, 600), Box(900, 500, 1800, 1300)
    detector = Nearsighted()

    (found,) = Recognise(detector).look([with_one(with_one(lawn(), small), large)])

    assert [animal.box.iou(box) > 0.95 for animal, box in zip(found.animals, (large, small), strict=True)] == [True] * 2
    assert all(len(faces(animal)) == 1 for animal in found.animals)
    assert len(detector.sizes) == 2  # the photo, and the small one's surroundings


def test_a_picture_that_the_detector_need_not_shrink_is_not_looked_at_in_pieces():
    detector = Nearsighted()

    Recognise(detector).look([with_one(lawn(300, 400), Box(100, 100, 120, 120))])

    assert len(detector.sizes) == 2  # as it is, and from further away


@pytest.mark.shared
def test_a_dog_across_the_street_is_found_by_the_bundled_detector(shared):
    photo = Image.open(min((shared / "data/reid/dreambooth_pets/dog6").iterdir())).convert("RGB")
    photo.thumbnail((260, 260))
    noise = np.random.default_rng(1).normal(120, 6, (1512, 2016, 3)).clip(0, 255).astype(np.uint8)
    street = Image.fromarray(noise)
    street.paste(photo, (1300, 900))
    recognise = Recognise(Registry([]).detector("homeward-detector-1"))

    (found,) = recognise([np.asarray(street)], species=None, keep=False)

    assert found.animals[0].species is Species.DOG
    assert found.animals[0].box.share_inside(Box(1300, 900, 1300 + photo.width, 900 + photo.height)) > 0.95
