"""Rows of photos, crops, vectors, and of who looked at them: the same on SQLite and in memory."""

import math
from dataclasses import replace
from datetime import timedelta

import numpy as np

from homeward.domain.animals import Part
from homeward.domain.boxes import Box
from homeward.domain.calibration import SHARP_PX, SMALLEST_PX
from homeward.domain.embeddings import NewEmbedding, unit
from homeward.domain.ids import ContentHash, EmbeddingId, ModelName, PhotoId, ReportId
from homeward.domain.looks import Shown

from .rows import MODEL, NOW, add, crop, photo

R = ReportId("r")


def vector(*numbers):
    return unit(np.array(numbers, np.float32))


def test_photos_keep_their_order_and_each_its_crops(database):
    with database.write() as work:
        add(work, "r")
        second, first = photo("r", "b", position=1), photo("r", "a", position=0)
        work.photos.add(second)
        work.photos.add(first)
        ids = work.photos.add_crops([crop(first, part=Part.FACE), crop(first), crop(first, animal=1)])
    with database.read() as work:
        (one, crops), (two, none) = work.photos.of_report(R)
        assert (one, two, none) == (first, second, ())
        assert [c.id for c in crops] == ids
        assert [(c.part, c.animal, c.box) for c in crops] == [
            (Part.FACE, 0, Box(0, 0, 9, 9)), (Part.BODY, 0, Box(0, 0, 9, 9)), (Part.BODY, 1, Box(0, 0, 9, 9)),
        ]  # fmt: skip
        assert work.photos.get(first.id) == first
        assert work.photos.get(PhotoId("nobody")) is None


def test_crops_of_many_reports_come_at_once_and_only_theirs(database):
    with database.write() as work:
        ids = {}
        for name in ("one", "two", "three"):
            add(work, name)
            kept = photo(name, name)
            work.photos.add(kept)
            ids[name] = work.photos.add_crops([crop(kept, part=Part.FACE), crop(kept)])
    with database.read() as work:
        wanted = [ReportId("three"), ReportId("nobody"), ReportId("one")]
        assert sorted(work.crops.shown(wanted)) == sorted(ids["one"] + ids["three"])
        tiny = math.log2(SHARP_PX / SMALLEST_PX)
        assert set(work.crops.shown(wanted).values()) == {Shown(tiny, 1.0)}
        assert len(work.crops.shown([ReportId(str(n)) for n in range(1200)] + [ReportId("two")])) == 2
        assert work.crops.shown([]) == {}


def test_people_and_the_chosen_animal_are_kept_and_changed(database):
    with database.write() as work:
        add(work, "r")
        first = photo("r")
        work.photos.add(first)
        changed = replace(first, people=(Box(1, 2, 3, 4), Box(0, 0, 1, 1)), chosen=1)
        work.photos.update(changed)
    with database.read() as work:
        assert work.photos.get(first.id) == changed


def test_crops_may_come_later(database):
    with database.write() as work:
        add(work, "r")
        shown = photo("r")
        work.photos.add(shown)
        ids = work.photos.add_crops([crop(shown), crop(shown, part=Part.FACE)])
        assert work.photos.add_crops([]) == []
    with database.read() as work:
        ((_, crops),) = work.photos.of_report(R)
        assert [c.id for c in crops] == ids


def test_the_same_bytes_are_found_on_every_report(database):
    with database.write() as work:
        for name, content in (("r", "1"), ("s", "1"), ("t", "2")):
            add(work, name)
            work.photos.add(photo(name, content=content))
    with database.read() as work:
        assert {p.report_id for p in work.photos.with_hash(ContentHash("1" * 64))} == {"r", "s"}
        assert work.photos.with_hash(ContentHash("3" * 64)) == []


def test_a_vector_is_stored_once_for_each_crop_and_model(database):
    with database.write() as work:
        add(work, "r")
        shown = photo("r")
        work.photos.add(shown)
        one, two = work.photos.add_crops([crop(shown), crop(shown, part=Part.FACE)])
        other = ModelName("other")
        first = work.embeddings.add([NewEmbedding(one, MODEL, vector(1, 0)), NewEmbedding(two, MODEL, vector(0, 1))])
        again = work.embeddings.add([NewEmbedding(one, MODEL, vector(1, 0)), NewEmbedding(one, other, vector(1, 0))])
        assert again[0] == first[0]
        assert again[1] not in first
    with database.read() as work:
        assert [e.id for e in work.embeddings.of_report(R, MODEL)] == first
        assert [e.id for e in work.embeddings.of_report(R, other)] == [again[1]]
        asked = [first[1], EmbeddingId(10**9), first[0]]
        back = work.embeddings.get(asked)
        assert [e.id for e in back] == [first[1], first[0]]
        np.testing.assert_array_equal(back[0].vector, vector(0, 1))


def test_what_a_model_has_not_embedded_is_told_for_the_chosen_animal_alone(database):
    with database.write() as work:
        add(work, "r")
        shown = photo("r", chosen=1)
        work.photos.add(shown)
        _, mine, face = work.photos.add_crops([crop(shown), crop(shown, 1), crop(shown, 1, Part.FACE)])
        work.embeddings.add([NewEmbedding(mine, MODEL, vector(1, 0))])

        assert [c.id for c in work.embeddings.missing(R, MODEL)] == [face]
        assert {c.id for c in work.embeddings.missing(R, ModelName("new"))} == {mine, face}


def test_a_removed_vector_is_gone_and_its_id_is_never_given_again(database):
    with database.write() as work:
        add(work, "r")
        shown = photo("r")
        work.photos.add(shown)
        (one,) = work.photos.add_crops([crop(shown)])
        (old,) = work.embeddings.add([NewEmbedding(one, MODEL, vector(1, 0))])
        work.embeddings.remove([old, EmbeddingId(10**9)])
        assert work.embeddings.get([old]) == []
        (new,) = work.embeddings.add([NewEmbedding(one, MODEL, vector(1, 0))])
        assert new != old


def test_looks_are_noted_in_order_and_forgotten(database):
    with database.write() as work:
        add(work, "r")
        shown = photo("r")
        work.photos.add(shown)
        later = NOW + timedelta(hours=1)
        work.audit.add(shown.id, "owner", "crop", NOW)
        work.audit.add(shown.id, "operator", "photo", later)
        assert work.audit.of_report(R) == [(shown.id, "owner", "crop", NOW), (shown.id, "operator", "photo", later)]
        work.audit.forget_before(later)
        assert work.audit.of_report(R) == [(shown.id, "operator", "photo", later)]
        assert work.audit.of_report(ReportId("nobody")) == []
