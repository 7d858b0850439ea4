from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeward.domain.animals import Detection, Label, Part, Species
from homeward.domain.boxes import Box
from homeward.domain.crops import animals_from, bordered, cut, head_region, is_portrait, people_from, whole

WIDTH, HEIGHT = 640, 480
PICTURE = np.arange(WIDTH * HEIGHT * 3, dtype=np.uint32).astype(np.uint8).reshape(HEIGHT, WIDTH, 3)


@st.composite
def boxes(draw):
    x0, x1 = sorted((draw(st.floats(0, WIDTH)), draw(st.floats(0, WIDTH))))
    y0, y1 = sorted((draw(st.floats(0, HEIGHT)), draw(st.floats(0, HEIGHT))))
    return Box(x0, y0, x1, y1)


detections = st.lists(st.builds(Detection, boxes(), st.sampled_from(Label), st.floats(0.01, 1)), max_size=12)


def part_of(animal, part):
    return next((crop.box for crop in animal.crops if crop.part is part), None)


@given(detections)
def test_animals_are_large_enough_ordered_and_cut_within_the_picture(found):
    animals = animals_from(found, WIDTH, HEIGHT)

    assert [a.box.area for a in animals] == sorted((a.box.area for a in animals), reverse=True)
    for animal in animals:
        assert [crop.part for crop in animal.crops] in ([Part.BODY], [Part.BODY, Part.FACE])
        for crop in animal.crops:
            assert min(crop.box.width, crop.box.height) >= 24 - 1e-9
            assert crop.box.clipped(WIDTH, HEIGHT) == crop.box


@given(detections)
def test_no_head_serves_two_animals_and_no_animal_comes_from_nothing(found):
    animals = animals_from(found, WIDTH, HEIGHT)
    heads = sum(d.label in {Label.CAT_HEAD, Label.DOG_HEAD} for d in found)
    bodies = sum(d.label in {Label.CAT, Label.DOG} for d in found)

    assert sum(part_of(animal, Part.FACE) is not None for animal in animals) <= heads
    assert len(animals) <= heads + bodies


@given(boxes())
def test_a_cut_has_at_least_one_pixel_and_is_a_copy(box):
    crop = cut(PICTURE, box)

    assert crop.shape[0] >= 1
    assert crop.shape[1] >= 1
    assert not np.shares_memory(crop, PICTURE)


@pytest.mark.parametrize("box", [Box(-50, -50, -10, -10), Box(900, 900, 950, 950), Box(640, 480, 640, 480)])
def test_a_box_beside_the_picture_still_cuts_a_pixel(box):
    assert cut(PICTURE, box).shape == (1, 1, 3)


def test_a_cut_holds_the_pixels_of_its_box():
    assert np.array_equal(cut(PICTURE, Box(10, 20, 13, 22)), PICTURE[20:22, 10:13])


def test_two_animals_each_get_their_own_head():
    left, right = Box(0, 100, 200, 400), Box(300, 100, 500, 400)
    found = [
        Detection(left, Label.CAT, 0.9), Detection(right, Label.CAT, 0.8),
        Detection(Box(340, 100, 420, 180), Label.CAT_HEAD, 0.7), Detection(Box(40, 100, 120, 180), Label.CAT_HEAD, 0.6),
    ]  # fmt: skip

    for animal in animals_from(found, WIDTH, HEIGHT):
        face = part_of(animal, Part.FACE)
        assert face is not None
        assert face.share_inside(animal.box.grown(0.1)) > 0.9


def test_the_surer_of_two_heads_is_the_animals_own():
    body = Detection(Box(100, 100, 400, 400), Label.DOG, 0.9)
    weak, sure = Box(110, 110, 170, 170), Box(300, 110, 380, 190)
    found = [body, Detection(weak, Label.DOG_HEAD, 0.4), Detection(sure, Label.DOG_HEAD, 0.8)]

    (animal,) = animals_from(found, WIDTH, HEIGHT)

    assert part_of(animal, Part.FACE) == sure.grown(0.10)


def test_a_dogs_head_is_no_cats_face():
    found = [
        Detection(Box(100, 100, 400, 400), Label.CAT, 0.9),
        Detection(Box(150, 120, 250, 220), Label.DOG_HEAD, 0.9),
    ]

    (animal,) = animals_from(found, WIDTH, HEIGHT)

    assert animal.species is Species.CAT
    assert part_of(animal, Part.FACE) is None


def test_a_head_alone_gets_a_body_of_three_heads():
    head = Box(200, 200, 260, 260)

    (animal,) = animals_from([Detection(head, Label.CAT_HEAD, 0.7)], WIDTH, HEIGHT)

    assert part_of(animal, Part.BODY) == Box(140, 140, 320, 320)
    assert part_of(animal, Part.FACE) == head.grown(0.10)
    assert (animal.species, animal.confidence) == (Species.CAT, 0.7)


def test_a_cat_and_a_dog_on_one_spot_are_the_surer_of_the_two():
    spot = Box(100, 100, 300, 300)
    found = [Detection(spot, Label.CAT, 0.5), Detection(spot.grown(0.02), Label.DOG, 0.6)]

    (animal,) = animals_from(found, WIDTH, HEIGHT)

    assert (animal.species, animal.confidence) == (Species.DOG, 0.6)


def test_a_body_is_cut_with_a_margin_that_stays_on_the_picture():
    (animal,) = animals_from([Detection(Box(0, 0, 100, 200), Label.DOG, 0.9)], WIDTH, HEIGHT)

    assert part_of(animal, Part.BODY) == Box(0, 0, 105, 210)


def test_people_are_no_animals_and_keep_their_heads_on_top():
    person = Box(10, 20, 110, 320)
    found = [Detection(person, Label.PERSON, 0.9), Detection(Box(0, 0, 50, 50), Label.DOG, 0.9)]

    assert people_from(found) == (person,)
    assert len(animals_from(found, WIDTH, HEIGHT)) == 1
    assert head_region(person) == Box(10, 20, 110, 140)


def test_the_whole_picture_may_be_the_animal():
    animal = whole(WIDTH, HEIGHT, Species.DOG)

    assert (animal.species, animal.confidence) == (Species.DOG, 1.0)
    assert part_of(animal, Part.BODY) == Box(0, 0, WIDTH, HEIGHT)
    assert part_of(animal, Part.FACE) is None


def test_a_portrait_is_an_animal_without_a_head_that_fills_the_picture_or_nothing_at_all():
    picture = np.zeros((100, 100, 3), np.uint8)
    large, small = Detection(Box(10, 10, 90, 90), Label.CAT, 0.9), Detection(Box(10, 10, 40, 40), Label.CAT, 0.9)
    head = Detection(Box(30, 12, 70, 50), Label.CAT_HEAD, 0.9)

    assert is_portrait([large], picture)
    assert is_portrait([], picture)
    assert not is_portrait([small], picture)
    assert not is_portrait([large, head], picture)


def test_what_is_seen_through_a_border_lies_where_it_is_on_the_picture():
    picture = np.full((50, 100, 3), 7, np.uint8)
    border = bordered(picture)

    assert border.picture.shape == (110, 220, 3)
    assert (border.picture == 7).all()
    inside = Detection(Box(60 + 10, 30 + 5, 60 + 30, 30 + 25), Label.CAT_HEAD, 0.9)
    over, outside = replace(inside, box=Box(40, 20, 90, 50)), replace(inside, box=Box(0, 0, 30, 20))
    assert [d.box for d in border.back([inside, over, outside])] == [Box(10, 5, 30, 25), Box(0, 0, 30, 20)]


def test_a_large_portrait_is_shrunk_before_it_gets_its_border_and_what_is_seen_lies_where_it_is():
    dots = np.random.default_rng(0).integers(0, 256, (1303, 2000, 3), np.uint8)
    border = bordered(dots)

    assert border.picture.shape == (434 + 2 * 260, 666 + 2 * 400, 3)
    means = dots[:1302, :1998].reshape(434, 3, 666, 3, 3).mean((1, 3)).round()
    assert (border.picture[260:-260, 400:-400] == means).all()
    assert (border.picture[0] == dots.mean((0, 1)).round()).all()
    head = Detection(Box(400 + 10, 260 + 20, 400 + 50, 260 + 90), Label.CAT_HEAD, 0.9)
    edge = replace(head, box=Box(400 + 600, 260 + 400, 400 + 700, 260 + 500))
    assert [d.box for d in border.back([head, edge])] == [Box(30, 60, 150, 270), Box(1800, 1200, 2000, 1303)]


@pytest.mark.parametrize("sides", [(2, 2048), (2048, 1), (1, 1)])
def test_a_narrow_strip_gets_its_border_too(sides):
    border = bordered(np.full((*sides, 3), 7, np.uint8))

    assert border.picture.size > 0
    assert (border.picture == 7).all()
