"""How many animals are about a place: the same number for all places of one cell of the map."""

from homeward.domain.animals import Species
from homeward.domain.places import Point, cell_of
from homeward.engine.crowd import About, crowds
from tests.conftest import photo

SOUTH, NORTH = Point(55.001, 37.001), Point(55.019, 37.019)


def test_places_of_one_cell_count_the_same_animals_whichever_is_asked_about_and_beside_whatever(world):
    assert cell_of(SOUTH) == cell_of(NORTH)
    beyond_the_south = world.file("found", photo(1), place=Point(55.05, 37.01)).report
    day = beyond_the_south.happened_at.toordinal()
    south, north = (About(beyond_the_south.species, place, day) for place in (SOUTH, NORTH))
    nobody = About(next(kind for kind in Species if kind is not south.species), SOUTH, day)

    with world.database.read() as work:
        assert crowds(work, [south]) == {south: 1}
        assert crowds(work, [north]) == {north: 1}
        assert crowds(work, [north, nobody, south, south]) == {south: 1, north: 1, nobody: 0}
        assert crowds(work, []) == {}
