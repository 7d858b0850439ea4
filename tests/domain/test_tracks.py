from homeward.domain.animals import Animal, Species
from homeward.domain.boxes import Box
from homeward.domain.tracks import Tracker


def animal(x, y=100.0, side=60.0, species=Species.CAT, confidence=0.9):
    return Animal(Box(x, y, x + side, y + side), species, confidence, ())


def ids(found):
    return [track.id for track, _ in found]


def test_a_walking_animal_keeps_its_number():
    tracker = Tracker()
    seen = [ids(tracker.update(step * 0.2, [animal(10.0 + 25 * step)])) for step in range(10)]

    assert seen == [[1]] * 10


def test_two_side_by_side_stay_two_while_they_pass_each_other():
    tracker = Tracker()
    for step in range(9):
        left, right = animal(100.0 + 20 * step, y=100.0), animal(260.0 - 20 * step, y=150.0)
        found = tracker.update(step * 0.2, [left, right] if step % 2 else [right, left])
        by_height = {found_animal.box.y0: track.id for track, found_animal in found}
        assert by_height == ({100.0: 2, 150.0: 1})


def test_a_short_loss_is_bridged_at_the_speed_it_had_and_a_long_one_ends_it():
    tracker = Tracker()
    for step in range(5):
        tracker.update(step * 0.2, [animal(50.0 * step)])

    assert ids(tracker.update(0.8 + 1.0, [animal(200.0 + 250)])) == [1]
    assert ids(tracker.update(0.8 + 1.0 + 2.5, [animal(450.0)])) == [2]


def test_what_is_far_off_or_of_another_size_is_another_animal():
    tracker = Tracker()
    tracker.update(0.0, [animal(0.0)])

    assert ids(tracker.update(0.2, [animal(400.0)])) == [2]
    assert ids(tracker.update(0.4, [animal(390.0, side=300.0)])) == [3]


def test_the_kind_is_what_most_confidence_was_given_to():
    tracker = Tracker()
    tracker.update(0.0, [animal(0.0, species=Species.DOG, confidence=0.4)])
    ((track, _),) = tracker.update(0.2, [animal(0.0, confidence=0.9)])

    assert track.species is Species.CAT


def test_what_is_unsure_goes_on_with_a_track_near_by_and_makes_none():
    tracker = Tracker()
    assert tracker.update(0.0, [], [animal(100.0, confidence=0.2)]) == []
    assert ids(tracker.update(0.2, [animal(100.0)], [])) == [1]

    assert ids(tracker.update(0.4, [], [animal(110.0, confidence=0.2), animal(300.0, confidence=0.2)])) == [1]
    assert ids(tracker.update(0.6, [animal(120.0)], [animal(121.0, confidence=0.2)])) == [1]
    assert ids(tracker.update(0.8, [], [animal(180.0, confidence=0.2)])) == []
    assert tracker.tracks[0].evidence == 0.9 + 0.2 + 0.9


def test_a_thing_that_was_taken_for_an_animal_once_is_not_followed_for_ever():
    tracker = Tracker()
    tracker.update(0.0, [animal(100.0)])
    followed = [ids(tracker.update(step / 5, [], [animal(100.0, confidence=0.2)])) for step in range(1, 30)]

    assert followed == [[1]] * 15 + [[]] * 14
