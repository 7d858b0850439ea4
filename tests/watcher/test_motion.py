import numpy as np
import pytest
from PIL import Image

from homeward.domain.boxes import Box
from homeward.watcher.motion import MotionGate, joined

from .scenes import SIZE, frame, with_animal, yard

WHOLE = Box(0, 0, SIZE[1], SIZE[0])


def after(pictures, per_second=5.0):
    """Regions of each picture after two seconds of a still yard."""
    gate = MotionGate()
    still = [yard(seed) for seed in range(10)]
    found = [gate.regions(frame(n, picture, per_second)) for n, picture in enumerate([*still, *pictures])]
    return found[len(still) :]


def test_the_first_picture_is_looked_at_whole_and_a_still_yard_not_again():
    gate = MotionGate()

    assert gate.regions(frame(0, yard())) == [WHOLE]
    assert [gate.regions(frame(seed, yard(seed))) for seed in range(1, 40)] == [[]] * 39


def test_a_walking_animal_is_within_a_region_that_is_not_the_whole_picture():
    for n, regions in enumerate(after([with_animal(yard(50 + n), 100 + 20 * n) for n in range(8)])):
        animal = Box(100 + 20 * n, 200, 160 + 20 * n, 260)
        assert any(animal.share_inside(region) > 0.9 for region in regions)
        assert sum(region.area for region in regions) < 0.6 * WHOLE.area


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080), (2560, 1440)])
def test_an_animal_of_64_pixels_is_noticed_however_large_the_picture_is(size):
    empty = np.asarray(Image.fromarray(yard()).resize(size))
    gate = MotionGate()
    for n in range(10):
        gate.regions(frame(n, empty))

    seen = 0
    for n in range(10, 18):
        x = 100 + 13 * n
        regions = gate.regions(frame(n, with_animal(empty, x, 601)))
        seen += any(Box(x, 601, x + 60, 661).share_inside(region) > 0.9 for region in regions)
    assert seen >= 6


def test_two_animals_far_apart_get_a_region_each():
    pictures = [with_animal(with_animal(yard(60 + n), 10 + 10 * n), 560 - 10 * n, 290) for n in range(5)]

    assert len(after(pictures)[-1]) == 2


@pytest.mark.parametrize("brighter", [60.0, -50.0])
def test_a_lamp_that_goes_on_or_off_is_no_animal(brighter):
    lit = [yard(70 + n, brighter=brighter) for n in range(20)]
    edge = np.clip((np.arange(SIZE[1]) - 300) / 120, 0, 1)[None, :, None]
    half = [(lit[n] * edge + yard(70 + n) * (1 - edge)).astype(np.uint8) for n in range(20)]

    assert after(lit) == [[]] * 20
    assert after(half)[5:] == [[]] * 15


def at_night(picture, seed, fade=1.0):
    """As the camera shows it by infra-red: grey, lit from the middle, the far corners dark, the sensor noisy."""
    rows, columns = np.indices(SIZE)
    far = np.hypot(rows / SIZE[0] - 0.5, columns / SIZE[1] - 0.5)[..., None]
    grey = picture.mean(-1, keepdims=True) * (1.3 - 1.4 * far) + np.random.default_rng(seed).normal(0, 5, (*SIZE, 1))
    return np.clip(fade * grey + (1 - fade) * picture, 0, 255).astype(np.uint8)


def test_a_switch_to_infra_red_and_back_is_no_animal_but_one_that_comes_after_it_is():
    switched = [
        *[at_night(yard(n), n) for n in range(20)],
        *[yard(n) for n in range(20, 40)],
        *[at_night(yard(n), n, fade=min(1.0, (n - 40) / 5)) for n in range(40, 60)],  # some fade from one to the other
    ]
    assert after(switched) == [[]] * 60

    walks = [at_night(with_animal(yard(n), 100 + 20 * (n - 10)) if n >= 10 else yard(n), n) for n in range(18)]
    assert [bool(regions) for regions in after(walks)[12:]] == [True] * 6


def test_dusk_is_no_animal():
    gate = MotionGate()
    found = [gate.regions(frame(n, yard(n % 50, brighter=-60 * n / 600), per_second=1.0)) for n in range(600)]

    assert all(regions in ([], [WHOLE]) for regions in found)
    assert sum(map(bool, found)) <= 600 / 15 + 1  # now and then the whole picture is looked at


@pytest.mark.parametrize("times", [1, 4])
def test_rain_and_a_noisy_sensor_are_no_animals_and_call_for_no_more_frames(times):
    chance, gate, found, stirred = np.random.default_rng(3), MotionGate(), [], 0
    for n in range(30):
        picture = yard(80 + n).repeat(times, 0).repeat(times, 1)
        for x, y in zip(chance.integers(0, 630, 120), chance.integers(0, 340, 120), strict=True):
            if n >= 10:
                picture[times * y : times * (y + 14), times * x : times * (x + 1)] = 220
        found.append(gate.regions(frame(n, picture)))
        stirred += gate.stirs

    assert sum(map(bool, found[10:])) <= 1
    assert stirred <= 1


def test_a_clock_in_the_picture_is_learned():
    gate, late = MotionGate(), 0
    for n in range(5 * 150):
        picture = yard(n % 7)
        picture[330:350, 10:60] = 255 if n % 2 else 0
        regions = gate.regions(frame(n, picture))
        late += n > 5 * 120 and any(region != WHOLE for region in regions)

    assert late == 0


def test_whatever_moves_the_whole_picture_is_looked_at_now_and_then():
    gate, yards = MotionGate(), [yard(n) for n in range(7)]
    found = [gate.regions(frame(n, yards[n % 7])) for n in range(5 * 121)]

    assert sum(regions == [WHOLE] for regions in found) == 3


def test_a_camera_that_is_carried_about_is_looked_at_twice_a_second():
    chance = np.random.default_rng(5)
    gate = MotionGate()
    found = [gate.regions(frame(n, chance.integers(0, 256, (*SIZE, 3), np.uint8))) for n in range(50)]

    assert sum(regions == [WHOLE] for regions in found) >= 12


def test_regions_are_joined_where_that_wastes_little():
    near, far = [Box(0, 0, 100, 100), Box(90, 0, 190, 100)], [Box(0, 0, 100, 100), Box(400, 0, 500, 100)]

    assert joined(near, 1000, 1000) == [Box(0, 0, 190, 100)]
    assert len(joined(far, 1000, 1000)) == 2
    assert joined([Box(0, 0, 900, 900)], 1000, 1000) == [Box(0, 0, 1000, 1000)]


def test_what_a_lamp_lights_up_for_good_is_no_animal_even_where_it_is_blinding():
    pictures = []
    for n in range(40):
        lit = yard(90 + n, brighter=45.0)
        lit[60:140, 400:520] = 255
        pictures.append(lit)

    found = after(pictures)
    assert sum(map(bool, found[:10])) <= 6
    assert found[10:] == [[]] * 30
