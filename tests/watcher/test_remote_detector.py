"""The watcher's detector at a model service: as good as the local one, sent small pictures, and gone without harm."""

from contextlib import ExitStack

import pytest

from homeward.app.models import watch_with
from homeward.models.registry import Registry
from homeward.models.remote.service import Service
from homeward.telemetry import MODEL_CALLS
from homeward.watcher.capture import recorded
from tests.models.serving import DOORS, serving

DETECTOR = "homeward-detector-1"


def calls(where):
    return MODEL_CALLS.labels(DETECTOR, where)._value.get()


def watched(detector, clip, after_half=lambda: None):
    watching = watch_with(detector)()
    frames = list(recorded(str(clip), per_second=5.0))
    sights = []
    for number, frame in enumerate(frames):
        if number == len(frames) // 2:
            after_half()
        sights += watching.look(frame)
    return [*sights, *watching.finish()], watching


def boxes(sights):
    return [(sight.time_s, sight.track, sight.crop.animal.species) for sight in sights]


@pytest.mark.parametrize("door", DOORS)
def test_what_a_service_sees_for_the_watcher_is_what_the_local_detector_sees(door, cat_clip):
    local, _ = watched(Registry([]).detector(DETECTOR, 1), cat_clip)

    with serving([Registry([]).network(DETECTOR, 1)]) as doors:
        before = calls("service"), calls("local")
        served, watching = watched(Registry([], Service(doors.url(door))).detector(DETECTOR, 1), cat_clip)

    assert local
    assert boxes(served) == boxes(local)
    assert calls("service") - before[0] >= watching.counts.frames_with_animal > 0
    assert calls("local") == before[1]


def test_a_service_that_dies_in_the_middle_costs_the_watcher_nothing(cat_clip):
    local, _ = watched(Registry([]).detector(DETECTOR, 1), cat_clip)
    before = calls("service"), calls("local")
    with ExitStack() as running:
        doors = running.enter_context(serving([Registry([]).network(DETECTOR, 1)]))
        detector = Registry([], Service(doors.rest)).detector(DETECTOR, 1)
        served, _ = watched(detector, cat_clip, after_half=running.close)

    assert boxes(served) == boxes(local)
    assert calls("service") > before[0]
    assert calls("local") > before[1]
