"""Rows of matches: the same on SQLite and in memory, and in the same order."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from homeward.domain.animals import Part, Species
from homeward.domain.ids import CameraId, EncounterId, ReportId
from homeward.domain.matches import MatchQuery, Reason, ReasonCode, Sort, Verdict
from homeward.domain.places import Point
from homeward.domain.reports import Camera, Shelf, Source

from .rows import KINDS, NOW, add, match, opened

LOST = ReportId("lost")


def found(work, **degrees):
    add(work, "lost", Shelf.LOST)
    for name, degree in degrees.items():
        add(work, name)
        match(work, "lost", name, degree)


def test_a_match_comes_back_whole_and_is_new_only_once(database):
    with database.write() as work:
        add(work, "lost", Shelf.LOST)
        add(work, "f")
        reasons = (Reason(ReasonCode.LOOKS_ALIKE, 0.4), Reason(ReasonCode.SPECIES_UNSURE))
        made, new = match(
            work, "lost", "f", distance_km=1.25, days=-0.5, reasons=reasons, compared_pairs=6, part=Part.FACE
        )
        assert new == [made]
        assert work.matches.save([replace(made, degree=0.9)]) == []
    with database.read() as work:
        assert work.matches.get(LOST, ReportId("f")) == replace(made, degree=0.9)
        assert work.matches.get(ReportId("f"), LOST) is None


def test_a_verdict_holds_for_the_whole_encounter_and_outlives_a_new_degree(database):
    with database.write() as work:
        add(work, "lost", Shelf.LOST)
        for name, encounter in (("one", "e"), ("two", "e"), ("other", "o")):
            add(work, name, encounter_id=EncounterId(encounter))
            match(work, "lost", name)
        concerned = work.matches.judge(LOST, EncounterId("e"), Verdict.DIFFERENT, NOW)
        work.matches.save([replace(work.matches.get(LOST, ReportId("one")), degree=0.1, verdict=None)])
    with database.read() as work:
        assert sorted(concerned) == ["one", "two"]
        assert sorted(m.found_id for m in work.matches.judged([LOST])) == ["one", "two"]
        one = work.matches.get(LOST, ReportId("one"))
        assert (one.verdict, one.verdict_at, one.degree) == (Verdict.DIFFERENT, NOW, 0.1)
        assert work.matches.get(LOST, ReportId("other")).verdict is None
        assert work.matches.judged([]) == []


def test_only_the_best_are_kept_and_the_judged(database):
    with database.write() as work:
        found(work, best=0.9, middle=0.5, low=0.2, judged=0.1)
        work.matches.judge(LOST, EncounterId("judged"), Verdict.SAME, NOW)
        work.matches.prune(LOST, 1)
        page = work.matches.page(LOST, MatchQuery())
    assert [view.match.found_id for view in page.items] == ["best", "judged"]


@pytest.mark.parametrize("has_another", [True, False])
@pytest.mark.parametrize("side", [Shelf.LOST, Shelf.FOUND])
def test_matches_of_a_crop_that_is_gone_go_and_judged_ones_show_another(database, side, has_another):
    with database.write() as work:
        found(work, one=0.9, two=0.8, three=0.7)
        made = {name: work.matches.get(LOST, ReportId(name)) for name in ("one", "two", "three")}
        work.matches.judge(LOST, made["two"].encounter_id, Verdict.SAME, NOW)
        gone = [made["one"].found_crop_id, made["two"].found_crop_id]
        for whose in [LOST] if side is Shelf.LOST else [ReportId("one"), ReportId("two")]:
            work.matches.lose_crops(whose, gone, made["three"].found_crop_id if has_another else None)
        work.matches.lose_crops(ReportId("three"), gone, None)
    with database.read() as work:
        left = {match.found_id: match for match in (view.match for view in work.matches.page(LOST, MatchQuery()).items)}
    if not has_another:
        assert left == {"three": made["three"]}
        return
    assert set(left) == {"two", "three"}
    crops = {Shelf.LOST: left["two"].lost_crop_id, Shelf.FOUND: left["two"].found_crop_id}
    assert crops == {side: made["three"].found_crop_id, side.opposite: made["two"].found_crop_id}


def test_a_match_whose_crop_is_gone_all_the_same_is_not_shown(database):
    with database.write() as work:
        found(work, one=0.9, two=0.8)
        shown = {photo.id: photo for photo, _ in work.photos.of_report(ReportId("one"))}
        for photo_id in shown:
            work.photos.remove(photo_id)
    with database.read() as work:
        assert [view.match.found_id for view in work.matches.page(LOST, MatchQuery()).items] == ["two"]


def test_a_match_that_is_asked_for_by_its_id_comes_however_far_down_it_lies(database):
    with database.write() as work:
        found(work, **{f"f{n:03}": 1 - n / 300 for n in range(250)})
    with database.read() as work:
        page = work.matches.page(LOST, MatchQuery(found_ids=(ReportId("f249"),)))
    assert ([view.match.found_id for view in page.items], page.total, page.hidden) == (["f249"], 1, 249)


def test_a_finder_gets_the_best_owners_first(database):
    with database.write() as work:
        add(work, "f")
        for name, degree in (("l1", 0.2), ("l2", 0.8), ("l3", 0.5)):
            add(work, name, Shelf.LOST)
            match(work, name, "f", degree)
    with database.read() as work:
        assert [m.lost_id for m in work.matches.of_found(ReportId("f"), 2)] == ["l2", "l3"]


def test_a_page_shows_photo_camera_and_what_is_hidden(database):
    camera = Camera(CameraId("c"), "Yard", Point(57, 39), "North", NOW)
    with database.write() as work:
        work.cameras.save(camera)
        found(work, person=0.9)
        add(work, "seen", source=Source.CAMERA, camera_id=camera.id)
        match(work, "lost", "seen", 0.4)
        page = work.matches.page(LOST, MatchQuery(source=Source.CAMERA))
    (view,) = page.items
    assert (view.found.id, view.camera, view.found_crop.id) == ("seen", camera, view.match.found_crop_id)
    assert (page.total, page.hidden, page.next_offset) == (1, 1, None)


def test_pages_follow_each_other(database):
    with database.write() as work:
        found(work, a=0.1, b=0.2, c=0.3)
        first = work.matches.page(LOST, MatchQuery(limit=2))
        second = work.matches.page(LOST, MatchQuery(limit=2, offset=first.next_offset))
    assert [v.match.found_id for v in (*first.items, *second.items)] == ["c", "b", "a"]
    assert second.next_offset is None


def city(work, chance):
    """Forty matches whose fields take few values, so that orders and filters meet ties."""
    work.cameras.save(Camera(CameraId("c"), "Yard", Point(57, 39), "North", NOW))
    add(work, "lost", Shelf.LOST)
    for number in range(40):
        by_camera = chance.random() < 0.5
        name, species = f"f{number}", chance.choice(list(Species))
        add(
            work, name, minutes=chance.randrange(4), species=species, district=chance.choice([None, "North", "Юг"]),
            source=Source.CAMERA if by_camera else Source.PERSON, camera_id=CameraId("c") if by_camera else None,
        )  # fmt: skip
        far = chance.choice([None, 0.5, 3.0, 40.0])
        match(work, "lost", name, chance.choice([0.1, 0.5, 0.9]), distance_km=far)
        if chance.random() < 0.3:
            work.matches.judge(LOST, EncounterId(name), chance.choice(list(Verdict)), NOW)


def some_query(chance):
    def maybe(*values):
        return chance.choice([None, None, *values])

    return MatchQuery(
        sort=chance.choice(list(Sort)), districts=chance.choice([(), ("North",), ("North", "Юг")]),
        max_km=maybe(0.5, 10.0), since=maybe(NOW + timedelta(minutes=1)), until=maybe(NOW + timedelta(minutes=2)),
        min_degree=maybe(0.5, 0.6), source=maybe(*Source), species=maybe(*Species), verdict=maybe(*Verdict),
        unjudged=chance.random() < 0.2, limit=chance.choice([1, 7, 50]), offset=chance.choice([0, 0, 3]),
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_every_sort_and_filter_gives_the_same_page_on_all(seed, request):
    pages = {}
    for kind in KINDS:
        with opened(kind, request) as (database, _):
            with database.write() as work:
                city(work, random.Random(seed))
            chance = random.Random(seed)
            with database.read() as work:
                made = [work.matches.page(LOST, some_query(chance)) for _ in range(200)]
        pages[kind] = [([v.match.found_id for v in p.items], p.total, p.hidden, p.next_offset) for p in made]

    assert pages["sql"] == pages["memory"] == pages["postgres"]
    assert any(items for items, *_ in pages["sql"])
