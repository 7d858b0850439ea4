"""Rows of reports and what has grown old among them: the same on SQLite and in memory."""

import re
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import event, insert, select

from homeward.domain.animals import Part, Species
from homeward.domain.embeddings import NewEmbedding, unit
from homeward.domain.ids import AccountId, CameraId, EncounterId, ModelName, ReportId
from homeward.domain.matches import Verdict
from homeward.domain.places import Point, cell_of
from homeward.domain.reports import Camera, Held, Shelf, Source, Status
from homeward.ports import Around, ReportQuery
from homeward.storage.sql.schema import migrate
from homeward.storage.sql.tables import tallies

from .rows import MODEL, NOW, add, crop, match, new_alert, photo, report

DAY = timedelta(days=1)
HERE = Point(57, 39)


def full(name):
    """Every field differs from its default."""
    return report(
        name, Shelf.LOST, species_confidence=0.8, source=Source.CAMERA, status=Status.CLOSED, place=Point(57, 39),
        district="North", home=Point(57.1, 39.1), held=Held.LOOSE, name="Мурка", description="white paw", contact="@x",
        about=ReportId("other"), camera_id=CameraId("c"), track_id="t", clock_corrected=True,
        last_seen_at=NOW + DAY, closed_at=NOW + 2 * DAY, consent_version="2", token_version=3,
    )  # fmt: skip


def with_camera(work):
    work.cameras.save(Camera(CameraId("c"), "Yard", Point(57, 39), None, NOW))


def test_every_field_comes_back_as_it_went_in(database):
    with database.write() as work:
        with_camera(work)
        add(work, "other")
        work.reports.add(full("r"))
    with database.read() as work:
        assert work.reports.get(ReportId("r")) == full("r")
        assert work.reports.get(ReportId("nobody")) is None


def test_an_update_writes_every_field(database):
    with database.write() as work:
        with_camera(work)
        add(work, "other")
        add(work, "r", Shelf.LOST)
        work.reports.update(full("r"))
    with database.read() as work:
        assert work.reports.get(ReportId("r")) == full("r")


def test_whether_a_photo_was_looked_at_comes_back_and_changes(database):
    with database.write() as work:
        add(work, "r")
        waiting = replace(photo("r"), looked_at=False)
        work.photos.add(waiting)
        assert work.photos.get(waiting.id) == waiting
        work.photos.update(replace(waiting, looked_at=True))

    with database.read() as work:
        assert [known.looked_at for known, _ in work.photos.of_report(waiting.report_id)] == [True]


def test_the_same_id_twice_is_refused(database):
    with database.write() as work:
        add(work, "r")
    with pytest.raises(Exception, match=r".+"), database.write() as work:
        add(work, "r")


def test_what_a_failed_transaction_wrote_is_not_there(database):
    with pytest.raises(ZeroDivisionError), database.write() as work:
        add(work, "r")
        _ = 1 / 0
    with database.read() as work:
        assert work.reports.get(ReportId("r")) is None


def test_many_are_fetched_at_once_and_unknown_ones_are_left_out(database):
    with database.write() as work:
        add(work, "one")
        add(work, "two")
    with database.read() as work:
        found = work.reports.get_many([ReportId("two"), ReportId("nobody"), ReportId("one"), ReportId("two")])
        assert sorted(r.id for r in found) == ["one", "two"]
        assert work.reports.get_many([]) == []


def test_reports_are_listed_by_each_filter(database):
    with database.write() as work:
        with_camera(work)
        add(work, "lost", Shelf.LOST, account_id=AccountId("b"), district="Mill")
        add(work, "closed", minutes=1, status=Status.CLOSED, closed_at=NOW, district="Hill")
        add(work, "seen", minutes=2, camera_id=CameraId("c"), source=Source.CAMERA, encounter_id=EncounterId("e"))

    def ids(**wanted):
        with database.read() as work:
            return [r.id for r in work.reports.find(ReportQuery(**wanted))]

    assert ids() == ["seen", "closed", "lost"]
    assert ids(shelf=Shelf.LOST) == ["lost"]
    assert ids(status=Status.CLOSED) == ["closed"]
    assert ids(account_id=AccountId("b")) == ["lost"]
    assert ids(camera_id=CameraId("c")) == ["seen"]
    assert ids(encounter_id=EncounterId("e")) == ["seen"]
    assert ids(districts=("Hill", "Mill")) == ["closed", "lost"]
    assert ids(districts=("Mill",)) == ["lost"]
    assert ids(since=NOW + timedelta(minutes=1)) == ["seen", "closed"]
    assert ids(shelf=Shelf.FOUND, status=Status.OPEN) == ["seen"]


def test_pages_go_on_where_the_last_one_ended_even_within_one_instant(database):
    with database.write() as work:
        for name in "abcde":
            add(work, name)
    seen, before = [], None
    with database.read() as work:
        while page := work.reports.find(ReportQuery(before=before, limit=2)):
            seen += [r.id for r in page]
            before = (page[-1].created_at, page[-1].id)

    assert seen == ["e", "d", "c", "b", "a"]


def animals(work, species, centre, days=1):
    today = NOW.toordinal()
    one = Around(frozenset({species}), centre, 5, today - days, today + days)
    every = replace(one, species=frozenset(Species))
    elsewhere = replace(one, centre=Point(-60, 10))
    found = work.reports.animals_by_day([elsewhere, one, every])
    assert found[0] == {species: {}}
    assert found[1] == {species: found[2][species]}
    return sum(found[1][species].values())


def test_animals_around_are_counted_within_circle_and_time(database):
    with database.write() as work:
        add(work, "near", place=Point(57.01, 39.0))
        add(work, "far", place=Point(57.2, 39.0))
        add(work, "late", place=Point(57.01, 39.0), minutes=60 * 24 * 40)
        add(work, "nowhere")
        add(work, "lost", Shelf.LOST, place=Point(57.01, 39.0))
    with database.read() as work:
        assert animals(work, Species.CAT, Point(57, 39)) == 1
        assert animals(work, Species.CAT, Point(57, 39), days=60) == 2
        assert animals(work, Species.DOG, Point(57, 39)) == 0
        assert animals(work, Species.CAT, None) == 3


def test_sightings_of_one_encounter_count_as_one_animal(database):
    with database.write() as work:
        for name in ("one", "two"):
            add(work, name, place=Point(57, 39), encounter_id=EncounterId("one"))
    with database.read() as work:
        assert animals(work, Species.CAT, Point(57, 39)) == 1


def test_an_animal_that_is_corrected_moved_or_erased_counts_where_it_is(database):
    with database.write() as work:
        add(work, "a", place=Point(57, 39))
        add(work, "b", place=Point(57, 39))
        add(work, "c", place=Point(57, 39))
        work.reports.update(replace(work.reports.get(ReportId("a")), species=Species.DOG))
        work.reports.update(replace(work.reports.get(ReportId("b")), place=Point(58, 39)))
        work.reports.remove(ReportId("c"))
    with database.read() as work:
        assert animals(work, Species.CAT, Point(57, 39)) == 0
        assert animals(work, Species.DOG, Point(57, 39)) == 1
        assert animals(work, Species.CAT, Point(58, 39)) == 1


def test_a_count_over_the_date_line_is_right(database):
    with database.write() as work:
        add(work, "east", place=Point(0, 179.99))
    with database.read() as work:
        assert animals(work, Species.CAT, Point(0, -179.99)) == 1


def test_a_standing_starts_at_home_where_that_is_known(database):
    with database.write() as work:
        add(work, "lost", Shelf.LOST, place=Point(57, 39), home=Point(57.1, 39))
        add(work, "found", place=Point(57.2, 39))
    with database.read() as work:
        found = {s.id: s for s in work.reports.standings([ReportId("lost"), ReportId("found"), ReportId("none")])}

    assert (found["lost"].start, found["lost"].has_home) == (Point(57.1, 39), True)
    assert (found["found"].start, found["found"].has_home) == (Point(57.2, 39), False)
    assert len(found) == 2


def test_a_standing_is_that_of_the_report_as_it_is_now(database):
    def kinds():
        with database.read() as work:
            return {s.id: s.species for s in work.reports.standings([ReportId("one"), ReportId("two")])}

    with database.write() as work:
        before, _ = add(work, "one"), add(work, "two")
    assert kinds() == kinds() == {"one": Species.CAT, "two": Species.CAT}

    with database.write() as work:
        work.reports.update(replace(before, species=Species.DOG))
        work.reports.remove(ReportId("two"))
    assert kinds() == {"one": Species.DOG}


def test_a_writing_knows_its_own_standings_and_what_is_undone_was_never_so(database):
    asked = [ReportId("one"), ReportId("two")]

    def species(work):
        return {standing.id: standing.species for standing in work.reports.standings(asked)}

    with database.write() as work:
        for name in asked:
            add(work, name)
    with database.read() as work:
        before = species(work)
    with pytest.raises(ZeroDivisionError), database.write() as work:
        assert species(work) == before
        work.reports.update(replace(report("one"), species=Species.DOG))
        work.reports.remove(ReportId("two"))
        assert species(work) == {"one": Species.DOG}
        raise ZeroDivisionError

    with database.write() as work:
        assert species(work) == before
    with database.read() as work:
        assert species(work) == before


def test_each_camera_tells_its_latest_sightings(database):
    with database.write() as work:
        for name in ("yard", "gate", "idle"):
            work.cameras.save(Camera(CameraId(name), name, Point(57, 39), None, NOW))
        for minutes, name in enumerate(("y1", "g1", "y2", "y3")):
            add(work, name, minutes=minutes, camera_id=CameraId({"y": "yard", "g": "gate"}[name[0]]), track_id=name)
        work.reports.update(replace(work.reports.get(ReportId("y1")), last_seen_at=NOW + timedelta(hours=1)))
    cameras = [CameraId("yard"), CameraId("idle"), CameraId("gate")]

    with database.read() as work:
        found = work.reports.latest_of_cameras(cameras, 10)
        few = work.reports.latest_of_cameras(cameras[:1], 2)
        assert work.reports.latest_of_cameras([], 10) == {}

    assert {camera: [seen.id for seen in latest] for camera, latest in found.items()} == {
        "yard": ["y3", "y2", "y1"], "gate": ["g1"], "idle": [],
    }  # fmt: skip
    assert [seen.id for seen in few["yard"]] == ["y3", "y2"]
    assert [(seen.happened_at - NOW, seen.last_at - NOW, seen.track_id) for seen in found["yard"][1:]] == [
        (timedelta(minutes=2), timedelta(minutes=2), "y2"),
        (timedelta(0), timedelta(hours=1), "y1"),
    ]


def test_looks_are_the_vectors_of_one_model_and_tell_of_crops_that_have_none_yet(database):
    other = ModelName("other")
    with database.write() as work:
        for number, name in enumerate(("whole", "half", "elsewhere", "none")):
            add(work, name)
            shown = photo(name)
            work.photos.add(shown)
            face, body, _strangers = work.photos.add_crops(
                [crop(shown, part=Part.FACE), crop(shown), replace(crop(shown), animal=1)]
            )
            made = {"whole": [(face, MODEL), (body, MODEL)], "half": [(body, MODEL)], "elsewhere": [(face, other)]}
            vector = unit(np.array([1.0, number]))
            work.embeddings.add([NewEmbedding(cut, model, vector) for cut, model in made.get(name, [])])
    asked = [ReportId(name) for name in ("none", "whole", "elsewhere", "half")]

    with database.read() as work:
        found = work.embeddings.looks(asked, MODEL)
        assert work.embeddings.looks([], MODEL) == {}

    parts = {name: [(part, vector is not None) for part, vector in looks] for name, looks in found.items()}
    nothing = [(Part.FACE, False), (Part.BODY, False)]
    assert parts == {
        "none": nothing, "whole": [(Part.FACE, True), (Part.BODY, True)], "elsewhere": nothing,
        "half": [(Part.FACE, False), (Part.BODY, True)],
    }  # fmt: skip
    assert found[ReportId("half")][1][1] == pytest.approx(unit(np.array([1.0, 1.0])))


def test_with_a_report_goes_everything_that_hangs_on_it_and_nothing_else(database):
    with database.write() as work:
        for name, shelf in (("lost", Shelf.LOST), ("gone", Shelf.FOUND), ("stays", Shelf.FOUND)):
            add(work, name, shelf)
            work.jobs.add([ReportId(name)], NOW)
        for name in ("gone", "stays"):
            match(work, "lost", name)
            work.outbox.add(new_alert(name, found=name))
            shown = photo(name)
            work.photos.add(shown)
            (crop_id,) = work.photos.add_crops([crop(shown)])
            work.embeddings.add([NewEmbedding(crop_id, MODEL, unit(np.array([1.0, 0.0])))])
            work.audit.add(shown.id, "owner", "crop", NOW)

        work.reports.remove(ReportId("gone"))

    with database.read() as work:
        for name, count in (("gone", 0), ("stays", 1)):
            found = ReportId(name)
            assert len(work.photos.of_report(found)) == 2 * count
            assert len(work.embeddings.of_report(found, MODEL)) == count
            assert len(work.matches.of_found(found, 9)) == count
            assert len(work.audit.of_report(found)) == count
            assert work.jobs.pending(found) == bool(count)
        assert [alert.found_id for alert in work.outbox.of_lost(ReportId("lost"))] == ["stays"]
        assert work.jobs.count() == 2


def test_old_sightings_are_named_oldest_first_but_not_confirmed_ones(database):
    with database.write() as work:
        with_camera(work)
        add(work, "lost", Shelf.LOST)
        camera = {"source": Source.CAMERA, "camera_id": CameraId("c")}
        add(work, "second", minutes=1, **camera)
        add(work, "first", **camera)
        add(work, "confirmed", **camera)
        add(work, "seen again", last_seen_at=NOW + 9 * DAY, **camera)
        add(work, "young", minutes=60 * 24 * 9, **camera)
        add(work, "a person's")
        match(work, "lost", "confirmed")
        work.matches.judge(ReportId("lost"), EncounterId("confirmed"), Verdict.SAME, NOW)
    with database.read() as work:
        assert work.expiry.sightings_older_than(NOW + DAY, 9) == ["first", "second"]
        assert work.expiry.sightings_older_than(NOW + DAY, 1) == ["first"]


def test_ended_reports_are_named_once_they_ended_long_ago(database):
    with database.write() as work:
        for number, status in enumerate(Status):
            ended = None if status is Status.OPEN else NOW
            add(work, status.value, minutes=number, status=status, closed_at=ended)
        add(work, "just now", status=Status.CLOSED, closed_at=NOW + 2 * DAY)
    with database.read() as work:
        assert work.expiry.ended_before(NOW + DAY, 9) == ["reunited", "closed", "expired", "hidden"]
        assert work.expiry.ended_before(NOW + DAY, 1) == ["reunited"]
        assert work.expiry.ended_before(NOW, 9) == []


def test_open_reports_of_people_grow_old_and_sightings_do_not(database):
    with database.write() as work:
        with_camera(work)
        old = add(work, "old", Shelf.LOST)
        add(work, "new", minutes=60 * 48)
        add(work, "camera's", source=Source.CAMERA, camera_id=CameraId("c"))
        work.reports.add(replace(old, id=ReportId("closed"), status=Status.CLOSED, closed_at=NOW))
        work.reports.add(replace(old, id=ReportId("opened again"), reopened_at=NOW + 2 * DAY))
    with database.read() as work:
        assert work.expiry.open_persons_reports_before(NOW + DAY, 9) == ["old"]
        assert "opened again" in work.expiry.open_persons_reports_before(NOW + 3 * DAY, 9)


@pytest.mark.parametrize("handles", ["sql", "postgres"], indirect=True)
def test_of_animals_that_are_gone_or_were_seen_elsewhere_no_empty_count_is_left(database):
    with database.write() as work:
        add(work, "stays", place=HERE)
        moved = add(work, "moves", place=HERE)
        add(work, "goes", place=Point(-60, 10))
        work.reports.update(replace(moved, place=Point(10, 10)))
        work.reports.remove(ReportId("goes"))
        left = work.connection.execute(select(tallies.c.lat_cell, tallies.c.lon_cell, tallies.c.animals)).all()

    assert sorted(map(tuple, left)) == sorted([(*cell_of(HERE), 1), (*cell_of(Point(10, 10)), 1)])


@pytest.mark.parametrize("handles", ["sql", "postgres"], indirect=True)
def test_empty_counts_of_earlier_versions_are_dropped(database):
    with database.write() as work:
        add(work, "stays", place=HERE)
        work.connection.execute(
            insert(tallies), dict.fromkeys(("lat_cell", "lon_cell", "day", "animals"), 0) | {"species": "cat"}
        )
        work.connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0018'")
        migrate(work.connection)
        assert work.connection.execute(select(tallies.c.animals)).scalars().all() == [1]


@pytest.mark.parametrize("handles", ["sql", "postgres"], indirect=True)
def test_what_is_about_a_place_is_counted_without_reading_the_whole_map(database):
    today, asked = NOW.toordinal(), []
    with database.write() as work:
        cells = [{"species": "cat", "lat_cell": 6_925 + n % 200, "lon_cell": 10_462 + n // 200} for n in range(20_000)]
        work.connection.execute(insert(tallies), [{**cell, "day": today, "animals": 1} for cell in cells])
        work.connection.exec_driver_sql("ANALYZE tallies")

    def noted(_connection, _cursor, statement, parameters, _context, _many):
        asked.append((statement, parameters))

    with database.read() as work:
        event.listen(work.connection, "before_cursor_execute", noted)
        around = Around(frozenset(Species), Point(50.5, 30.25), 5, today, today)
        (found,) = work.reports.animals_by_day([around])
        event.remove(work.connection, "before_cursor_execute", noted)
        ((statement, parameters),) = asked
        plan = plan_of(work.connection, statement, parameters)

    assert found[Species.DOG] == {}
    assert 20 < found[Species.CAT][today] < 200
    assert re.search(r"\(species=\? AND lat_cell=\?|Index Cond: \(\(species = .* AND \(lat_cell = ", plan), plan


@pytest.mark.parametrize("handles", ["sql", "postgres"], indirect=True)
@pytest.mark.parametrize("is_analysed", [False, True])
def test_animals_of_a_month_anywhere_are_counted_without_reading_those_of_all_years(database, is_analysed):
    today, asked = NOW.toordinal(), []
    with database.write() as work:
        places = [{"species": "cat", "lat_cell": 7000 + n % 10, "lon_cell": 10_000 + n // 10} for n in range(20)]
        days = range(today - 700, today + 1)
        work.connection.execute(insert(tallies), [{**at, "day": day, "animals": 1} for at in places for day in days])
        if is_analysed:
            work.connection.exec_driver_sql("ANALYZE tallies")

    def noted(_connection, _cursor, statement, parameters, _context, _many):
        asked.append((statement, parameters))

    with database.read() as work:
        event.listen(work.connection, "before_cursor_execute", noted)
        (found,) = work.reports.animals_by_day([Around(frozenset(Species), None, 5, today - 30, today)])
        event.remove(work.connection, "before_cursor_execute", noted)
        ((statement, parameters),) = asked
        plan = plan_of(work.connection, statement, parameters)

    assert found == {Species.CAT: dict.fromkeys(range(today - 30, today + 1), 20), Species.DOG: {}}
    assert re.search(
        r"ix_tallies_day_species \(day>\? AND day<\?|ix_tallies_day_species.*\n.*Index Cond: \(\(day >=", plan
    ), plan


@pytest.mark.parametrize("handles", ["sql", "postgres"], indirect=True)
def test_what_has_grown_old_is_found_without_reading_every_report(database):
    with database.write() as work:  # so many that the planner's choice is none between equals
        with_camera(work)
        one = report("0", source=Source.CAMERA, camera_id=CameraId("c"), last_seen_at=NOW)
        many = [replace(one, id=ReportId(str(n)), created_at=NOW + timedelta(minutes=n)) for n in range(2_000)]
        work.reports.add(*many, report("told"), report("ended", status=Status.CLOSED, closed_at=NOW))
        work.connection.exec_driver_sql("ANALYZE reports")
    with database.read() as work:
        connection, asked = work.connection, []

        def noted(_connection, _cursor, statement, parameters, _context, _many):
            if "FROM reports" in statement:
                asked.append((statement, parameters))

        event.listen(connection, "before_cursor_execute", noted)
        work.expiry.sightings_older_than(NOW, 200)
        work.expiry.ended_before(NOW, 200)
        work.expiry.open_persons_reports_before(NOW, 200)
        event.remove(connection, "before_cursor_execute", noted)
        for (statement, parameters), index in zip(asked, ("sighted", "ended", "asked"), strict=True):
            plan = plan_of(connection, statement, parameters)
            assert f"ix_reports_{index}" in plan, plan
            assert "SCAN reports\n" not in plan
            assert "Seq Scan on reports" not in plan


def plan_of(connection, statement, parameters):
    if connection.dialect.name == "sqlite":
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        return "".join(f"{row[-1]}\n" for row in rows)
    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # six rows are read faster than an index
    return "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", parameters))


def test_districts_of_the_board_are_counted(database):
    with database.write() as work:
        for name, fields in {
            "one": {"district": "Mill", "listed": True},
            "two": {"district": "Mill", "listed": True, "shelf": Shelf.LOST},
            "other": {"district": "Dock", "listed": True},
            "nowhere": {"listed": True},
            "not listed": {"district": "Hill"},
            "ended": {"district": "Hill", "listed": True, "status": Status.CLOSED, "closed_at": NOW},
        }.items():
            add(work, name, **fields)
    with database.read() as work:
        assert work.reports.listed_districts() == {"Mill": 2, "Dock": 1}
