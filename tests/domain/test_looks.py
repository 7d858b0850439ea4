import math

import pytest

from homeward.domain.animals import Part, Species
from homeward.domain.boxes import Box
from homeward.domain.calibration import SHARP_PX, SMALLEST_PX, Calibration, Curve, joint_l2
from homeward.domain.looks import Outline, Pair, Shown, coarseness, compared, shown_on

COARSE = 0.1
CALIBRATION = Calibration(
    "test", tuple(Curve(None, part, (0.4, 1.4), (5.0, -5.0), coarse_l2=COARSE) for part in Part), 0.5
)
COARSE_L2 = coarseness(CALIBRATION, Species.CAT)
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


def test_few_pixels_are_allowed_for():
    shown = {1: Shown(0, 0), 2: Shown(2, 0), 3: Shown(0, 0)}
    pairs = {Part.BODY: [Pair(1.0, 1, 2), Pair(0.9, 1, 3)]}

    both = compared(pairs, shown, COARSE_L2)

    assert both.nearest[Part.BODY] == Pair(1.0, 1, 2)  # 1.0 at two halvings is nearer than 0.9 of sharp crops
    assert both.looks.joint_l2[Part.BODY] == pytest.approx(joint_l2(0.8, 0.8**2 + 0.9**2, 2))


def test_what_is_smaller_than_anything_cut_out_counts_as_that_and_no_distance_falls_below_nothing():
    tiny = shown_on([crop(1, Part.BODY, Box(0, 0, 1, 1)), crop(2, Part.BODY, Box(0, 0, SMALLEST_PX, 900), photo="q")])
    assert tiny[1].halvings == tiny[2].halvings

    both = compared({Part.FACE: [Pair(0.05, 1, 2)]}, tiny, COARSE_L2)
    assert both.looks.joint_l2[Part.FACE] == 0.0


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

    both = compared({Part.FACE: [Pair(0.8, 2, 4)], Part.BODY: [Pair(0.7, 1, 3)]}, shown, COARSE_L2)

    assert set(both.looks.joint_l2) == set(both.nearest) == parts
    assert both.looks.compared_pairs == dict.fromkeys(parts, 1)


def test_portraits_without_a_comparable_face_are_compared_as_bodies():
    both = compared({Part.BODY: [Pair(0.7, 1, 3)]}, {1: PORTRAIT, 3: PORTRAIT}, COARSE_L2)

    assert set(both.nearest) == {Part.BODY}


def test_crops_of_which_nothing_is_known_count_as_sharp_ones():
    both = compared({Part.BODY: [Pair(0.7, 1, 3)]}, {}, COARSE_L2)

    assert both.looks.joint_l2[Part.BODY] == pytest.approx(0.7)
