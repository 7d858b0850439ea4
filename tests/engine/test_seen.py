"""What cameras saw last: its looks are read once, unless a model has not made all of them yet."""

import numpy as np

from homeward.domain.animals import Part, Species
from homeward.domain.boxes import Box
from homeward.domain.embeddings import NewEmbedding, unit
from homeward.domain.filing import NewSighting
from homeward.domain.ids import AccountId, CameraId, ContentHash, EncounterId, ModelName, PhotoId, ReportId
from homeward.domain.places import Point
from homeward.domain.reports import Camera, NewCrop, Photo, Report, Shelf, Source
from homeward.engine.events import EventBroker, of_text
from homeward.engine.seen import LatestSeen
from homeward.testing import InMemoryDatabase
from tests.conftest import photo
from tests.contracts.rows import NOW
from tests.world import in_memory

YARD, MODEL, OTHER = CameraId("yard"), ModelName("m"), ModelName("other")
SIGHTING = Report(
    ReportId("s"), Shelf.FOUND, AccountId("a"), Species.CAT, 1.0, NOW, NOW, EncounterId("s"),
    source=Source.CAMERA, camera_id=YARD,
)  # fmt: skip


def test_looks_are_read_once_and_what_is_not_whole_is_read_again():
    database, latest = InMemoryDatabase(), LatestSeen()

    def looks(model=MODEL):
        with database.read() as work:
            (seen,) = latest(work, {YARD}, model)[YARD]
        return [part for part, _ in seen.looks]

    def add(crop_id, model=MODEL):
        with database.write() as work:
            work.embeddings.add([NewEmbedding(crop_id, model, unit(np.array([1.0, 2.0])))])

    with database.write() as work:
        work.cameras.save(Camera(YARD, "yard", Point(57, 39), None, NOW))
        work.reports.add(SIGHTING)
        work.photos.add(Photo(PhotoId("p"), SIGHTING.id, ContentHash("0" * 64), 9, 9, 0, NOW))
        crops = [NewCrop(PhotoId("p"), SIGHTING.id, 0, part, Box(0, 0, 9, 9), Species.CAT, 0.9) for part in Part]
        face, body = work.photos.add_crops(crops)

    assert looks() == []
    add(body)
    assert looks() == [Part.BODY]
    add(face)
    assert looks() == [Part.FACE, Part.BODY]
    assert looks(OTHER) == []
    with database.write() as work:
        work.embeddings.keep_only([], 9)
    assert looks() == [Part.FACE, Part.BODY]


def test_looks_of_erased_sightings_leave_the_memory_of_every_process_and_do_not_come_back():
    here, there = world_with_looks(), LatestSeen()
    with here.database.read() as work:
        (known,) = there(work, {YARD}, here.embedder.name)[YARD]
    assert known.looks
    heard = []
    here.engine.events.relay = heard.append

    erasures = there.erasures
    here.engine.erase(known.id)
    EventBroker(forget=there.forget).deliver(of_text(heard[-1]))
    there.learn(here.embedder.name, {known.id: known.looks}, erasures)  # read before

    for latest in (here.engine._sight._latest, there):
        assert not latest._known


def world_with_looks():
    world = in_memory()
    world.camera(YARD)
    world.engine.add_sighting(NewSighting(YARD, photo(1), world.clock.now()))
    assert world.engine._sight._latest._known
    return world
