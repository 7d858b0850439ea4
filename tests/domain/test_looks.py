import math

import numpy as np
import pytest

from homeward.domain.animals import Part, Species
from homeward.domain.boxes import Box
from homeward.domain.calibration import SHARP_PX, SMALLEST_PX, Calibration, Curve, joint_l2
from homeward.domain.looks import NUMBERS, Looks, Outline, Pair, Shown, coarseness, compared, shown_on

COARSE = 0.1
CALIBRATION = Calibration(
    "test", tuple(Curve(None, part, (0.4, 1.4), (5.0, -5.0), coarse_l2=COARSE) for part in Part), 0.5
)
BODY, PORTRAIT, HEAD = Shown(0, 0.1), Shown(0, 0.8), Shown(0, 1.0)


def crop(number, part, box, *, photo="p", animal=0):
    return Outline(number, photo, animal, part, box)


def test_a_crop_is_as_sharp_as_its_shorter_side_and_a_portrait_as_its_head_is_large():
    crops = [
        crop(1, Part.BODY, Box(0, 0, 200, 100)),
        crop(2, Part.FACE, Box(0, 0, 100, 100)),
        crop(3, Part.BODY, Box(0, 0, 60, 90), animal=1),
        crop(4, Part.BODY, Box(0, 0, 60, 90), photo="q"),
    ]

    shown = shown_on(crops)

    assert shown[1] == Shown(math.log2(SHARP_PX / 100), 0.5)
    assert shown[3] == shown[4] == Shown(math.log2(SHARP_PX / 60), 0.0)


def between(pairs, shown, animal=None, animals=1):
    return compared(
        pairs,
        np.array(animal or [0] * len(pairs), np.intp),
        shown,
        coarseness(CALIBRATION, [Species.CAT] * animals),
    )


def test_few_pixels_are_allowed_for():
    shown = {1: Shown(0, 0), 2: Shown(2, 0), 3: Shown(0, 0)}

    both = between([Pair(Part.BODY, 0.9, 1, 3), Pair(Part.BODY, 1.0, 1, 2)], shown)

    assert both.nearest[NUMBERS[Part.BODY], 0] == 1  # 1.0 at two halvings is nearer than 0.9 of sharp crops
    expected = joint_l2(np.array([0.8]), np.array([0.8**2 + 0.9**2]), np.array([2.0]))
    assert both.looks(0) == Looks({Part.BODY: pytest.approx(expected[0])}, {Part.BODY: 2})


def test_what_is_smaller_than_anything_cut_out_counts_as_that_and_no_distance_falls_below_nothing():
    tiny = shown_on([crop(1, Part.BODY, Box(0, 0, 1, 1)), crop(2, Part.BODY, Box(0, 0, SMALLEST_PX, 900), photo="q")])
    assert tiny[1].halvings == tiny[2].halvings

    both = between([Pair(Part.FACE, 0.05, 1, 2)], tiny)
    assert both.looks(0).joint_l2 == {Part.FACE: 0.0}


@pytest.mark.parametrize(
    ("own", "other", "parts"),
    [
        (PORTRAIT, PORTRAIT, {Part.FACE}),
        (PORTRAIT, BODY, {Part.FACE, Part.BODY}),
        (BODY, BODY, {Part.FACE, Part.BODY}),
    ],
)
def test_the_bodies_of_two_portraits_add_nothing_to_their_faces(own, other, parts):
    shown = {1: own, 2: HEAD, 3: other, 4: HEAD}

    looks = between([Pair(Part.FACE, 0.8, 2, 4), Pair(Part.BODY, 0.7, 1, 3)], shown).looks(0)

    assert set(looks.joint_l2) == parts
    assert looks.compared_pairs == dict.fromkeys(parts, 1)


def test_portraits_without_a_comparable_face_are_compared_as_bodies():
    looks = between([Pair(Part.BODY, 0.7, 1, 3)], {1: PORTRAIT, 3: PORTRAIT}).looks(0)

    assert set(looks.joint_l2) == {Part.BODY}


def test_crops_of_which_nothing_is_known_count_as_sharp_ones():
    looks = between([Pair(Part.BODY, 0.7, 1, 3)], {}).looks(0)

    assert looks.joint_l2[Part.BODY] == pytest.approx(0.7)


def test_each_animal_is_joined_from_its_own_pairs():
    shown = {1: PORTRAIT, 2: HEAD, 3: PORTRAIT, 4: HEAD, 5: BODY, 6: PORTRAIT}
    pairs = [
        Pair(Part.BODY, 0.9, 1, 5),
        Pair(Part.FACE, 0.8, 2, 4),
        Pair(Part.BODY, 0.7, 1, 3),
        Pair(Part.BODY, 0.6, 1, 6),
    ]

    both = between(pairs, shown, animal=[2, 0, 0, 2], animals=3)

    assert both.looks(0) == Looks({Part.FACE: 0.8}, {Part.FACE: 1})
    assert both.looks(1) == Looks({}, {})
    assert both.looks(2).compared_pairs == {Part.BODY: 2}
    assert both.looks(2).joint_l2[Part.BODY] == pytest.approx((0.6 + math.sqrt((0.9**2 + 0.6**2) / 2)) / 2)
    assert pairs[both.nearest[NUMBERS[Part.BODY], 2]].other == 6
