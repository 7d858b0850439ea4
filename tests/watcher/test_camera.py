import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageColor, ImageFilter

from homeward.domain.animals import Animal, CropBox, Detection, Label, Part, Species
from homeward.domain.boxes import Box
from homeward.domain.tracks import Track
from homeward.ports import Space
from homeward.testing import FakeEmbedder
from homeward.testing.fakes import CALIBRATION
from homeward.watcher.areas import HIDDEN, Areas
from homeward.watcher.camera import CameraWatch
from homeward.watcher.crops import crop_of, sharpness
from homeward.watcher.drawing import Drawing
from homeward.watcher.following import Followed
from homeward.watcher.repeats import Repeats

from .scenes import ANIMAL, Finder, frame, with_animal, yard


def watched(pictures, **parts):
    watching = CameraWatch(Finder(), **parts)
    sights = [sight for n, picture in enumerate(pictures) for sight in watching.look(frame(n, picture))]
    return watching, [*sights, *watching.finish()]


def walk(frames, start=40, step=8):
    return [with_animal(yard(n), start + step * n) for n in range(frames)]


def animal(x0, y0, x1, y1):
    return Animal(Box(x0, y0, x1, y1), Species.CAT, 0.9, ())


def test_one_crop_of_a_walking_animal_with_a_margin_around_it():
    _, (sight,) = watched(walk(12))

    assert sight.crop.picture.shape[:2] == (78, 78)
    assert sight.crop.box == Box(9, 9, 69, 69)
    assert sight.crop.animal.species is Species.CAT


def test_an_animal_that_lasts_is_sent_again_only_when_it_looks_better():
    _, same = watched(walk(60, step=4))
    assert len(same) == 1

    far = [np.array(Image.fromarray(p).filter(ImageFilter.GaussianBlur(3))) for p in walk(30, step=4)]
    watching, better = watched([*far, *[with_animal(yard(n), 160 + 4 * (n - 30)) for n in range(30, 60)]])
    assert len(better) == 2
    assert better[1].crop.quality > better[0].crop.quality
    assert watching.counts.sent == 2


def test_two_animals_are_two_tracks_and_an_empty_yard_is_nothing():
    _, sights = watched([with_animal(with_animal(yard(n), 20 + 4 * n), 560 - 4 * n, 260) for n in range(12)])

    assert len({sight.track for sight in sights}) == 2
    assert watched([yard(n) for n in range(20)])[1] == []


def test_a_small_animal_far_away_is_looked_at_in_the_cameras_own_pixels():
    """40 pixels on a picture of 1920: shrunk to the detector's 416 they would be nine."""
    lawn = np.full((1080, 1920, 3), 180, np.uint8)
    chance = np.random.default_rng(0)
    pictures = []
    for n in range(15):
        pictures.append((lawn + chance.integers(0, 6, lawn.shape, np.uint8)).astype(np.uint8))
        pictures[-1][700:740, 300 + 20 * n : 350 + 20 * n] = ANIMAL[:40, :50]
    watching = CameraWatch(Finder())
    for n, picture in enumerate(pictures):
        watching.look(frame(n, picture))
    (sight,) = watching.finish()

    assert watching.counts.frames_with_animal >= 6
    assert all(max(shape) <= 416 for shape in watching.detector.runs[1:])
    assert sight.crop.box.width == pytest.approx(50, abs=2)


def test_what_flickers_up_once_is_no_animal():
    pictures = [yard(n) for n in range(20)]
    pictures[10] = with_animal(yard(10), 300)

    assert watched(pictures)[1] == []


@pytest.mark.parametrize(("apart_s", "confidence", "sent"), [(2.0, 0.8, 1), (2.0, 0.5, 0), (0.2, 0.8, 0)])
def test_a_camera_that_gives_a_picture_every_few_seconds_shows_an_animal_once(apart_s, confidence, sent):
    pictures = [with_animal(yard(n), 200) if n == 4 else yard(n) for n in range(12)]
    watching = CameraWatch(Finder(confidence=confidence), sure={Species.CAT: 0.3})

    sights = [sight for n, shown in enumerate(pictures) for sight in watching.look(frame(n, shown, 1 / apart_s))]

    assert len(sights) == sent


def test_a_still_yard_costs_the_detector_hardly_anything():
    watching, _ = watched([yard(n % 9) for n in range(5 * 60)])

    assert watching.counts.detector_runs <= 0.05 * watching.counts.frames


def test_an_animal_that_sleeps_is_looked_at_ever_more_rarely():
    pictures = [with_animal(yard(n % 9), 200) for n in range(5 * 60)]
    watching, sights = watched(pictures)

    assert len(sights) == 1
    assert watching.counts.detector_runs < 0.25 * watching.counts.frames


def test_a_person_beside_the_animal_is_cut_away_or_blurred():
    picture = with_animal(yard(), 200)
    picture[120:300, 262:330] = (0, 255, 0)
    person = Box(262, 120, 330, 300)

    crop = crop_of(picture, animal(200, 200, 260, 260), [person])

    sharp = (crop.picture[..., 1] > 250) & (crop.picture[..., 0] < 5)
    assert not sharp.any()
    assert crop.at.x1 <= 262


def test_a_person_behind_the_animal_is_unrecognisable_but_the_animal_is_not():
    chance = np.random.default_rng(0)
    picture = chance.integers(0, 256, (300, 300, 3), np.uint8)
    person = Box(100, 20, 200, 280)

    crop = crop_of(picture, animal(80, 150, 220, 250), [person])

    height, width = crop.picture.shape[:2]
    inside = crop.box
    own = crop.picture[round(inside.y0) : round(inside.y1), round(inside.x0) : round(inside.x1)]
    assert np.array_equal(own, picture[150:250, 80:220])
    above = crop.picture[: round(inside.y0), width // 2 - 20 : width // 2 + 20].astype(float)
    assert above.std() < 0.5 * picture[:, 120:160].astype(float).std()
    assert height > 100


def test_an_animal_before_a_face_is_not_shown_at_all():
    assert crop_of(yard(), animal(210, 110, 250, 150), [Box(200, 100, 260, 300)]) is None


def test_sharp_whole_and_large_is_better():
    picture = with_animal(yard(), 300)
    soft = np.array(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(3)))

    whole = crop_of(picture, animal(300, 200, 360, 260), [])
    assert sharpness(soft) < sharpness(picture)
    assert crop_of(soft, animal(300, 200, 360, 260), []).quality < whole.quality
    assert crop_of(with_animal(yard(), 0), animal(0, 200, 60, 260), []).quality < 0.5 * whole.quality
    with Image.open(io.BytesIO(whole.jpeg())) as sent:
        assert (sent.format, sent.size) == ("JPEG", (78, 78))


def test_an_animal_outside_of_the_zones_is_not_seen_and_costs_nothing():
    left = ((0.0, 0.0), (0.3, 0.0), (0.3, 1.0), (0.0, 1.0))
    watching, sights = watched(walk(40, start=250, step=4), areas=Areas(zones=(left,)))

    assert sights == []
    assert watching.counts.detector_runs <= 2


def test_what_is_masked_is_not_sent():
    below = ((0.0, 0.65), (1.0, 0.65), (1.0, 1.0), (0.0, 1.0))
    _, (sight,) = watched(walk(12), areas=Areas(masks=(below,)))

    painted = (sight.crop.picture == HIDDEN).all(-1)
    assert painted[-4:].all()
    assert not painted[:30].any()


def test_an_animal_less_sure_than_its_camera_wants_is_not_seen():
    assert watched(walk(12), least={Species.CAT: 0.9})[1] == []
    assert len(watched(walk(12), least={Species.DOG: 0.9})[1]) == 1


def comes_back(seconds, **changes):
    """An animal walks through, is gone for a while, and walks through again."""
    empty = [yard(n % 9) for n in range(round(5 * seconds))]
    again = walk(12)
    if changes:
        again = [np.array(Image.fromarray(p).filter(ImageFilter.GaussianBlur(3))) for p in again]
    return [*walk(12), *empty, *again]


def test_the_same_animal_is_not_sent_again_within_minutes_but_after_them():
    space = Space(FakeEmbedder(), CALIBRATION)

    watching, sights = watched(comes_back(60), repeats=Repeats(space, after_s=600))
    assert len(sights) == 1
    assert watching.counts.repeats == 1

    _, sights = watched(comes_back(60), repeats=Repeats(space, after_s=30))
    assert len(sights) == 2


def test_an_animal_that_comes_again_and_again_is_sent_every_few_minutes():
    space = Space(FakeEmbedder(), CALIBRATION)
    empty = [yard(n % 9) for n in range(5 * 30)]  # at 0, 32, 65, 97 and 130 s
    pictures = [picture for _ in range(5) for picture in (*walk(12), *empty)]

    _, sights = watched(pictures, repeats=Repeats(space, after_s=60))
    assert [round(sight.time_s / 32.4) for sight in sights] == [0, 2, 4]


def test_the_same_animal_is_sent_again_where_it_looks_better():
    space = Space(FakeEmbedder(), CALIBRATION)
    pictures = comes_back(60, blurred=True)

    assert len(watched(pictures, repeats=Repeats(space))[1]) == 1
    assert len(watched(pictures[::-1], repeats=Repeats(space))[1]) == 2


def test_animals_that_come_back_looking_better_are_told_apart_from_each_other():
    """Several were sent before: each of them is compared with what comes again."""

    class ByPlace(FakeEmbedder):
        """The left one and the right one are different animals."""

        def embed(self, crops):
            return np.stack([np.eye(self.dimension, dtype=np.float32)[int(crop.shape[1] > 66)] for crop in crops])

    def both(n, blurred):
        picture = with_animal(yard(n), 20 + 4 * n)
        picture[260:330, 500 - 4 * n : 570 - 4 * n] = np.kron(ANIMAL, np.ones((2, 2, 1)))[:70, :70]
        return np.array(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(3))) if blurred else picture

    empty = [yard(n % 9) for n in range(100)]
    pictures = [*(both(n, blurred=True) for n in range(12)), *empty, *(both(n, blurred=False) for n in range(12))]

    _, sights = watched(pictures, repeats=Repeats(Space(ByPlace(), CALIBRATION)))

    assert len(sights) == 4


class Doubtful(Finder):
    """Each look has a confidence of its own; without one, the animal is not seen."""

    def __init__(self, *confidences):
        super().__init__()
        self.confidences = iter(confidences)

    def detect(self, pictures):
        found = []
        for seen in super().detect(pictures):
            sure = next(self.confidences, None) if seen else None
            found.append(tuple(replace(each, confidence=sure) for each in seen if sure))
        return found


def doubted(*confidences):
    """On each frame of a walk, whether an animal is followed; and how many crops were sent."""
    watching = CameraWatch(Doubtful(*confidences), sure={Species.CAT: 0.3})
    followed, sights = [], []
    for number, picture in enumerate([*(yard(n) for n in range(9)), *walk(12)]):
        sights += watching.look(frame(number, picture))
        followed.append(len(watching.view.animals))
    return followed[10:], len([*sights, *watching.finish()])


def test_what_is_hardly_seen_is_an_animal_only_where_one_was_a_moment_ago():
    assert doubted(*[0.2] * 12)[0] == [0] * 11
    followed, _ = doubted(0.2, 0.35, 0.2, 0.2, None, 0.2)
    assert followed[:6] == [1, 1, 1, 0, 1, 0]


def test_many_doubtful_looks_together_make_an_animal_that_is_sent_and_two_do_not():
    assert doubted(0.35, 0.2)[1] == 0
    assert doubted(0.35, 0.2, 0.2)[1] == 1
    assert doubted(0.35, None, 0.35)[1] == 1


def test_an_animal_that_is_hardly_seen_is_not_followed_with_less_than_the_whole_detector():
    for confidence, is_quick in ((0.35, False), (0.6, True)):
        full, quick = Finder(confidence=confidence), Finder(confidence=confidence)
        watching = CameraWatch(full, followers={320: quick}, sure={Species.CAT: 0.3})
        for number, picture in enumerate(walk(12)):
            watching.look(frame(number, picture))

        assert bool(quick.runs) is is_quick


def test_a_key_frame_alone_on_which_something_moves_only_asks_for_those_around_it():
    watching = CameraWatch(Finder())
    for n in range(10):
        watching.look(frame(n, yard(n)), is_alone=True)
    seen = watching.counts.frames

    assert watching.look(frame(10, with_animal(yard(10), 200)), is_alone=True) == []
    assert watching.is_busy(10 / 5)
    assert watching.counts.frames == seen
    watching.look(frame(10, with_animal(yard(10), 200)))
    assert watching.counts.tracks == 1


def test_an_animal_of_which_only_a_part_moves_is_seen_whole():
    large = np.kron(np.indices((6, 6)).sum(0) % 2, np.ones((50, 50)))[..., None] * np.array([255, 0, 255])

    def scene(n):
        picture = yard(n % 9)
        picture[30:330, 150:450] = large
        if n > 20 and n % 2:
            picture[250:300, 380:440] = 90  # the tail
        return picture

    watching, _ = watched([yard(n) for n in range(3)])
    for n in range(40):
        watching.look(frame(n, scene(n)))
        widths = [round(animal.box.width) for _, animal in watching.view.animals]
        assert all(width > 280 for width in widths), n


def test_a_followed_animal_is_looked_at_by_a_quick_detector_and_closer_before_it_is_sent():
    full, quick = Finder(), Finder()
    watching = CameraWatch(full, followers={320: quick})
    for n, picture in enumerate(walk(12)):
        watching.look(frame(n, picture))
    followed, seen = len(quick.runs), len(full.runs)
    (sight,) = watching.finish()

    assert followed >= 6
    assert 0 < len(full.runs) - seen <= 3
    assert sight.crop.animal.box.width == 60
    assert watching.counts.detector_runs == len(full.runs) + len(quick.runs)


def test_with_a_finder_the_detector_only_looks_closer():
    full, finder = Finder(), Finder()
    watching = CameraWatch(full, finder=finder)
    for n, picture in enumerate(walk(12)):
        watching.look(frame(n, picture))
    assert full.runs == []
    (sight,) = watching.finish()

    assert len(finder.runs) >= 8
    assert 0 < len(full.runs) <= 3
    assert sight.crop.animal.box.width == 60


def test_a_person_who_is_seen_only_in_the_closer_look_is_hidden_also_where_the_animal_is_not_seen_again():
    class People(Finder):
        """From near by a person at the right, and no animal."""

        def detect(self, pictures):
            found = super().detect(pictures)
            for n, (height, width) in enumerate(picture.shape[:2] for picture in pictures):
                if height < 150:
                    found[n] = (Detection(Box(0.75 * width, 0, width, height), Label.PERSON, 0.9),)
            return found

    (alone,) = watched(walk(12))[1]
    watching = CameraWatch(People())
    sights = [sight for n, picture in enumerate(walk(12)) for sight in watching.look(frame(n, picture))]
    (beside,) = [*sights, *watching.finish()]

    assert beside.crop.box == alone.crop.box
    half = beside.crop.picture.shape[1] // 2
    assert np.array_equal(beside.crop.picture[:, :half], alone.crop.picture[:, :half])
    assert not np.array_equal(beside.crop.picture[:, half:], alone.crop.picture[:, half:])


def test_a_face_that_is_seen_only_from_near_by_is_looked_for_before_sending():
    class Faces(Finder):
        def detect(self, pictures):
            found = []
            for picture, seen in zip(pictures, super().detect(pictures), strict=True):
                near = picture.shape[0] < 150
                found.append((*seen, *(Detection(d.box.grown(-0.2), Label.CAT_HEAD, 0.9) for d in seen if near)))
            return found

    watching = CameraWatch(Faces())
    sights = [sight for n, picture in enumerate(walk(12)) for sight in watching.look(frame(n, picture))]
    assert not any(len(seen.crops) > 1 for _, seen in watching.view.animals)
    (sight,) = [*sights, *watching.finish()]

    (face,) = (crop.box for crop in sight.crop.animal.crops if crop.part is Part.FACE)
    assert face.share_inside(sight.crop.animal.box) == 1
    assert sight.crop.face_px > 30


def test_a_face_is_sent_again_once_it_is_much_larger():
    followed = Followed(Track(1, Box(0, 0, 9, 9), 0.0, 0.0), 0.0, Box(0, 0, 9, 9), 0.0, 0.0, least=0.3)

    def shown(face_px):
        face = CropBox(Part.FACE, Box(40, 40, 40 + face_px, 40 + face_px))
        return crop_of(with_animal(yard(), 0), replace(animal(0, 200, 60, 260), crops=(face,)), [])

    assert [followed.is_worth(shown(px)) for px in (40, 40, 45, 60, 70, 90)] == [True, False, False, True, False, True]


def test_what_the_track_took_it_for_mostly_is_what_is_told():
    class Unsure(Finder):
        def detect(self, pictures):
            return [
                tuple(Detection(d.box, Label.DOG if len(self.runs) in {4, 5} else d.label, d.confidence) for d in seen)
                for seen in super().detect(pictures)
            ]

    watching = CameraWatch(Unsure())
    sights = [sight for n, picture in enumerate(walk(12)) for sight in watching.look(frame(n, picture))]

    assert {sight.crop.animal.species for sight in [*sights, *watching.finish()]} == {Species.CAT}


def test_boxes_are_drawn_on_the_frame_that_they_were_seen_on_also_while_the_next_one_is_looked_at():
    """Another thread draws at any moment: here always while the detector looks."""
    drawing, drawn = Drawing(), []

    class Peeked(Finder):
        def detect(self, pictures):
            drawn.append(drawing.jpeg(watching))
            return super().detect(pictures)

    watching = CameraWatch(Peeked())
    for number, picture in enumerate(walk(12, step=30)):
        watching.look(frame(number, picture))

    shots = [np.asarray(Image.open(io.BytesIO(jpeg)).convert("RGB")).astype(int) for jpeg in drawn if jpeg]
    framed = [shot for shot in shots if coloured(shot, "#ff5d3b").any()]
    assert len(framed) >= 5
    for shot in framed:
        box, animal = extent(coloured(shot, "#ff5d3b")), extent(coloured(shot, "#ff00ff"))
        assert max(abs(a - b) for a, b in zip(box, animal, strict=True)) < 12


def coloured(shot, colour):
    """Pixels of the picture, without the strip of crops below, that have a colour."""
    return np.abs(shot[:540] - np.array(ImageColor.getrgb(colour))).max(-1) < 60


def extent(mask):
    """Left, right and lower edge; above the box stands what it is."""
    rows, columns = np.nonzero(mask)
    return columns.min(), columns.max(), rows.max()
