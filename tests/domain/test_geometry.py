import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeward.domain.animals import Detection, Label, Part, Species
from homeward.domain.boxes import Box
from homeward.domain.crops import animals_from, cut
from homeward.domain.places import (
    CELL_DEGREES,
    LON_CELLS,
    Point,
    cell_of,
    cells_within,
    distance_band_km,
    distance_km,
    distances_km,
)

sides = st.floats(0, 500)
boxes = st.builds(lambda x, y, w, h: Box(x, y, x + w, y + h), sides, sides, st.floats(1, 300), st.floats(1, 300))
points = st.builds(Point, st.floats(-90, 90), st.floats(-180, 180))


@given(boxes, boxes)
def test_overlap_is_the_same_from_both_sides_and_at_most_whole(one, other):
    assert one.iou(other) == pytest.approx(other.iou(one))
    assert 0 <= one.iou(other) <= 1 + 1e-9


@given(boxes)
def test_a_box_overlaps_itself_wholly(box):
    assert box.iou(box) == pytest.approx(1)


@given(boxes)
def test_whatever_is_cut_lies_on_the_picture(box):
    picture = np.zeros((120, 160, 3), np.uint8)

    crop = cut(picture, box)

    assert crop.shape[0] >= 1
    assert crop.shape[1] >= 1


@given(points, points)
def test_distance_is_symmetric_and_at_most_half_way_round(one, other):
    assert distance_km(one, other) == pytest.approx(distance_km(other, one))
    assert 0 <= distance_km(one, other) <= 20_016


def test_a_degree_of_latitude_is_111_km():
    assert distance_km(Point(57, 39), Point(58, 39)) == pytest.approx(111.2, abs=0.1)


@pytest.mark.parametrize(
    ("km", "band"), [(0.0, (0.0, 2.0)), (2.0, (2.0, 5.0)), (7.0, (5.0, 10.0)), (500, (100.0, None))]
)
def test_a_finder_sees_a_band(km, band):
    assert distance_band_km(km) == band


@pytest.mark.parametrize(("lat", "lon"), [(91, 0), (0, 181), (float("nan"), 0), (0, float("inf"))])
def test_nowhere_on_earth_is_no_point(lat, lon):
    with pytest.raises(ValueError):
        Point(lat, lon)


BODY = Detection(Box(100, 100, 300, 300), Label.CAT, 0.9)


def test_a_head_joins_the_body_that_holds_it():
    head = Detection(Box(150, 110, 220, 180), Label.CAT_HEAD, 0.8)

    (animal,) = animals_from([BODY, head], 400, 400)

    assert [crop.part for crop in animal.crops] == [Part.BODY, Part.FACE]


def test_a_dogs_head_does_not_join_a_cat():
    head = Detection(Box(150, 110, 220, 180), Label.DOG_HEAD, 0.8)

    (animal,) = animals_from([BODY, head], 400, 400)

    assert [crop.part for crop in animal.crops] == [Part.BODY]


def test_a_head_alone_makes_an_animal_with_a_guessed_body():
    head = Detection(Box(150, 150, 220, 220), Label.DOG_HEAD, 0.8)

    (animal,) = animals_from([head], 400, 400)

    assert animal.species is Species.DOG
    assert animal.box.area > head.box.area


def test_two_names_for_one_animal_become_the_surer_one():
    (animal,) = animals_from([BODY, Detection(Box(102, 98, 305, 300), Label.DOG, 0.5)], 400, 400)

    assert animal.species is Species.CAT


def test_two_animals_side_by_side_stay_two_and_the_larger_comes_first():
    small = Detection(Box(310, 200, 390, 300), Label.CAT, 0.95)

    animals = animals_from([small, BODY], 400, 400)

    assert len(animals) == 2
    assert animals[0].box.area > animals[1].box.area


def test_specks_are_no_animals():
    assert animals_from([Detection(Box(0, 0, 20, 20), Label.CAT, 0.9)], 400, 400) == ()


@given(points, points)
def test_many_distances_at_once_are_those_of_one_by_one(one, other):
    many = distances_km(one, np.array([other.lat, np.nan]), np.array([other.lon, 0.0]))

    assert many[0] == pytest.approx(distance_km(one, other), abs=1e-6)
    assert np.isnan(many[1])


@given(st.floats(-89.9, 89.9), st.floats(-180, 180), st.floats(0.5, 20), st.floats(-0.3, 0.3), st.floats(-0.3, 0.3))
def test_the_cells_of_a_circle_are_those_whose_middles_lie_within_it(lat, lon, radius_km, north, east):
    centre = Point(lat, lon)
    near = Point(max(-90.0, min(90.0, lat + north)), (lon + east + 180) % 360 - 180)
    row, column = cell_of(near)
    middle = Point((row + 0.5) * CELL_DEGREES - 90, (column + 0.5) * CELL_DEGREES - 180) if row < 9000 else near
    km = distance_km(centre, middle)

    covered = any(run.lat == row and run.first_lon <= column <= run.last_lon for run in cells_within(centre, radius_km))

    if row < 9000 and abs(km - radius_km) > 1e-6:
        assert covered == (km < radius_km)


@given(points)
def test_every_point_lies_in_a_cell_of_the_map(point):
    row, column = cell_of(point)

    assert 0 <= row <= 9000
    assert 0 <= column < LON_CELLS
