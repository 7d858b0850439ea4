"""What only PostgreSQL has: several that write at once, and servers that cannot be used."""

import hashlib
import queue
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import select, text
from structlog.testing import capture_logs

from homeward.cli.postgres_checks import examine_postgres
from homeward.domain.animals import Species
from homeward.domain.embeddings import Filter, NewEmbedding, Search, unit
from homeward.domain.filing import NewSighting
from homeward.domain.handovers import Handover
from homeward.domain.ids import ContentHash, HandoverId, ModelName, ReportId
from homeward.domain.matches import Verdict
from homeward.domain.reports import Shelf, Status
from homeward.engine import readiness
from homeward.engine.events import EventBroker, MatchFound, MatchJudged, ReportChanged, TalkMoved, of_text, to_text
from homeward.errors import BadSettings, DatabaseUnfit, StorageBusy, StorageTooNew
from homeward.ports import Around
from homeward.storage.index.changes import ChangesForgotten
from homeward.storage.index.exact import ExactIndex
from homeward.storage.index.pgvector import PgVectorIndex
from homeward.storage.photos.folder import FolderPhotoStorage
from homeward.storage.shelves import open_shelf
from homeward.storage.sql.postgres import PostgresDatabase, fitness, silence
from homeward.storage.sql.postgres.address import Address
from homeward.storage.sql.postgres.windows import SharedWindow
from homeward.storage.sql.tables import metadata, tallies
from homeward.testing import FixedClock
from tests.conftest import photo as picture
from tests.fakes.postgres import PASSWORD
from tests.ports import free_port
from tests.world import HOME, World, on_postgres

from .rows import MODEL, NOW, add, crop, looked_at, match, new_alert, photo, photos_of_revision_0013, report

ANY = Filter(MODEL, only_open=False)
ONLY_HERE = {*fitness.ONLY_HERE, "xid", "ix_changes_xid"}  # what only PostgreSQL has


@pytest.fixture
def both(postgres_url):
    """Two processes on one database."""
    with closing(PostgresDatabase.open(postgres_url)) as one, closing(PostgresDatabase.open(postgres_url)) as two:
        yield one, two


def put(work, name, *, model=MODEL, **fields):
    add(work, name, **fields)
    of = photo(name)
    work.photos.add(of)
    (crop_id,) = work.photos.add_crops([crop(of)])
    work.embeddings.add([NewEmbedding(crop_id, model, unit(np.array([1.0, 0.1])))])


def seen(index, where=ANY):
    return sorted(n.report_id for n in index.nearest(unit(np.array([1.0, 0.0])), 10, where))


def test_two_reports_that_arrive_at_two_processes_in_the_same_instant_find_each_other(both, tmp_path):
    worlds = [
        World(database, {s: open_shelf(s, PgVectorIndex(s, database)) for s in Shelf}, FolderPhotoStorage(tmp_path))
        for database in both
    ]
    with ThreadPoolExecutor(2) as pool:
        for turn in range(12):
            start = threading.Barrier(2)

            def file(world, shelf, noise, turn=turn, start=start):
                start.wait()
                return world.file(shelf, picture(turn, noise=noise)).report.id

            lost = pool.submit(file, worlds[turn % 2], "lost", 0)
            found = pool.submit(file, worlds[1 - turn % 2], "found", 1)
            pair = lost.result(), found.result()
            while worlds[0].engine.run_due_jobs() + worlds[1].engine.run_due_jobs():
                pass  # a job that met a deadlock waits for its next try

            page = worlds[0].engine.current_top_matches(pair[0])
            assert pair[1] in [item.match.found_id for item in page.items], f"turn {turn}"


def test_sightings_of_the_same_cameras_at_two_processes_are_counted_and_alerted_once_for_each_encounter(both, tmp_path):
    worlds = [
        World(database, {s: open_shelf(s, PgVectorIndex(s, database)) for s in Shelf}, FolderPhotoStorage(tmp_path))
        for database in both
    ]
    animals, cameras = range(4), ("yard", "gate", "park")
    lost = [worlds[0].file("lost", picture(animal), place=HOME).report.id for animal in animals]
    for name in cameras:
        worlds[0].camera(name)
    now = worlds[0].clock.now()
    sent = [NewSighting(name, picture(one, noise=n), now) for one in animals for name in cameras for n in range(4)]

    with ThreadPoolExecutor(8) as pool:
        ways = (worlds[number % 2].engine.add_sighting for number in range(len(sent)))
        seen = list(pool.map(lambda how: how[0](how[1]), zip(ways, sent, strict=True)))
    while worlds[0].engine.run_due_jobs():
        pass

    encounters = {outcome.report.encounter_id for outcome in seen}
    with both[0].read() as work:
        day = now.toordinal()
        (animals,) = work.reports.animals_by_day([Around(frozenset({Species.CAT}), HOME, 5.0, day, day)])
        assert sum(animals[Species.CAT].values()) == len(encounters) == 12
        for lost_id in lost:
            alerted = [alert.encounter_id for alert in work.outbox.of_lost(lost_id)]
            assert len(alerted) == len(set(alerted)) == len(cameras)


def test_a_machine_whose_clock_is_wrong_forgets_nothing_and_says_how_wrong_it_is(both, tmp_path):
    clock = FixedClock(both[0].now())
    shelves = {shelf: open_shelf(shelf, PgVectorIndex(shelf, both[0])) for shelf in Shelf}
    world = World(both[0], shelves, FolderPhotoStorage(tmp_path), clock=clock)
    lost = world.file("lost", picture(1)).report.id
    unnamed = ContentHash(hashlib.sha256(picture(2)).hexdigest())
    world.photos.put(unnamed, picture(2))
    clock.forward(days=400)

    with capture_logs() as logged:
        assert world.engine.forget_due() == 0
        world.engine.sweep()

    wrong = [(line["log_level"], round(line["off_s"] / 86_400)) for line in logged if "off_s" in line]
    assert wrong == [("error", 400), ("error", 400)]
    assert world.engine.report(lost).report.status is Status.OPEN
    assert world.photos.has(unnamed)


def test_a_machine_whose_clock_is_right_expires_what_is_old(both, tmp_path):
    now = both[0].now()
    clock = FixedClock(now - timedelta(days=366))
    shelves = {shelf: open_shelf(shelf, PgVectorIndex(shelf, both[0])) for shelf in Shelf}
    world = World(both[0], shelves, FolderPhotoStorage(tmp_path), clock=clock)
    lost = world.file("lost", picture(1)).report.id
    clock.moment = now

    assert world.engine.forget_due() == 1
    assert world.engine.report(lost).report.status is Status.EXPIRED


def test_a_report_expires_while_somebody_writes_in_its_conversation(both, tmp_path):
    now = both[0].now()
    clock = FixedClock(now - timedelta(days=366))
    shelves = {shelf: open_shelf(shelf, PgVectorIndex(shelf, both[0])) for shelf in Shelf}
    world = World(both[0], shelves, FolderPhotoStorage(tmp_path), clock=clock)
    found = world.file("found", picture(1, noise=1)).report.id
    lost = world.file("lost", picture(1)).report.id
    world.engine.verdict(lost, found, Verdict.SAME)
    talk = world.engine.talks.propose(lost, found, Shelf.LOST)
    clock.moment = now

    with ThreadPoolExecutor(1) as pool, both[1].write() as work:
        assert work.handovers.get(talk.id) == talk  # as whoever writes does, before looking at the reports
        assert pool.submit(world.engine.forget_due).result(15) == 2
        assert work.reports.get(lost).status is Status.EXPIRED


@pytest.mark.parametrize("kind", ["pgvector", "following"])
def test_what_commits_late_is_seen_although_a_later_number_was_committed_before(both, kind):
    one, two = both
    index = PgVectorIndex(Shelf.FOUND, two) if kind == "pgvector" else ExactIndex(Shelf.FOUND, two)
    with one.write() as slow:
        put(slow, "late")
        with two.write() as quick:
            put(quick, "early", minutes=3 * 24 * 60)  # of another day: those of one day are counted in one row
        assert seen(index) == ["early"]

    assert seen(index) == ["early", "late"]


def test_a_report_that_is_closed_while_its_vector_is_on_its_way_is_closed_for_the_search(both):
    one, two = both
    index = PgVectorIndex(Shelf.FOUND, two)
    with one.write() as work:
        add(work, "r")
        of = photo("r")
        work.photos.add(of)
        (crop_id,) = work.photos.add_crops([crop(of)])
    begun = threading.Event()

    def close():
        with two.write() as other:
            begun.set()
            other.reports.update(replace(other.reports.get(ReportId("r")), status=Status.CLOSED))

    with one.write() as work:
        work.embeddings.add([NewEmbedding(crop_id, MODEL, unit(np.array([1.0, 0.1])))])
        closing_it = threading.Thread(target=close)
        closing_it.start()
        begun.wait()
    closing_it.join()

    assert seen(index) == ["r"]
    assert seen(index, Filter(MODEL)) == []


def test_an_index_that_lagged_too_far_reads_everything_anew(both):
    one, two = both
    index = ExactIndex(Shelf.FOUND, two)
    with one.write() as work:
        put(work, "a")
    assert seen(index) == ["a"]
    with one.write() as work:
        work.reports.remove(ReportId("a"))
    with one.write() as work:
        put(work, "b")
    with one.write() as work:
        from homeward.storage.sql.postgres import feed

        feed.forget_changes(work.connection, kept=0)

    assert seen(index) == ["b"]


def test_rows_restored_into_a_younger_cluster_are_followed_from_their_vectors_on(postgres_url):
    with closing(PostgresDatabase.open(postgres_url)) as before, before.write() as work:
        put(work, "a")
        work.facts.set("index_history", "old")
        work.facts.set("changes_forgotten", "900000000000")
        work.connection.execute(text("UPDATE changes SET xid = '900000000001'"))

    with closing(PostgresDatabase.open(postgres_url)) as restored:
        index = ExactIndex(Shelf.FOUND, restored)
        assert seen(index) == ["a"]
        with restored.write() as work:
            assert (work.facts.get("index_history"), work.facts.get("changes_forgotten")) == (None, None)
            put(work, "b")
        assert seen(index) == ["a", "b"]
        assert len(restored.changes_after(0, Shelf.FOUND)[1]) == 1  # of b alone
        with pytest.raises(ChangesForgotten):  # a follower that comes from the older cluster
            restored.changes_after(900_000_000_000, Shelf.FOUND)

    with closing(PostgresDatabase.open(postgres_url)) as again:
        assert len(again.changes_after(0, Shelf.FOUND)[1]) == 1


def test_workers_side_by_side_take_each_job_and_each_alert_once(both):
    with both[0].write() as work:
        for name in ("lost", *(f"r{n}" for n in range(40))):
            add(work, name)
            work.jobs.add([ReportId(name)], NOW)
        for number in range(40):
            work.outbox.add(new_alert(f"k{number}", found=f"r{number}"))

    def take(database):
        jobs, alerts = [], []
        while True:
            with database.write() as work:
                job, some = work.jobs.claim(NOW, 60), work.outbox.claim(NOW, 60, 3, None)
            if job is None and not some:
                return jobs, alerts
            jobs += [job.report_id] if job else []
            alerts += [alert.key for alert in some]

    with ThreadPoolExecutor(4) as pool:
        taken = list(pool.map(take, [*both, *both]))

    for kind, count in ((0, 41), (1, 40)):
        every = [item for worker in taken for item in worker[kind]]
        assert (len(every), len(set(every))) == (count, count)


def test_a_job_that_is_locked_by_another_is_passed_over_not_waited_for(both):
    one, two = both
    with one.write() as work:
        for name in ("a", "b"):
            add(work, name)
            work.jobs.add([ReportId(name)], NOW)
    with one.write() as work, two.write() as other:
        assert {work.jobs.claim(NOW, 60).report_id, other.jobs.claim(NOW, 60).report_id} == {"a", "b"}


def test_two_that_save_the_same_many_matches_in_other_orders_do_not_wait_in_a_ring(both):
    with both[0].write() as work:
        add(work, "lost", Shelf.LOST)
        add(work, "f0")
        made, _ = match(work, "lost", "f0")
        work.reports.add(*[report(f"f{n}") for n in range(1, 1200)])
        many = [replace(made, found_id=ReportId(f"f{n}")) for n in range(1200)]
        work.matches.save(many)

    for _ in range(3):
        start = threading.Barrier(2)

        def save(database, matches, start=start):
            with database.write() as work:
                start.wait()
                work.matches.save(matches)

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(save, both, (many, many[::-1])))


def removes(work):
    work.reports.remove(ReportId("goes"))


def adds(work):
    add(work, "comes")


@pytest.mark.parametrize(("first", "second"), [(removes, adds), (adds, removes)])
def test_who_counts_an_animal_up_while_another_counts_the_last_one_down_loses_nothing(both, first, second):
    one, two = both
    with one.write() as work:
        add(work, "goes")

    def then():
        with two.write() as work:
            second(work)

    with ThreadPoolExecutor(1) as pool:
        with one.write() as work:
            first(work)
            done = pool.submit(then)
            while not somebody_waits(one):
                threading.Event().wait(0.01)
        done.result(20)
    with one.read() as work:
        assert work.connection.execute(select(tallies.c.animals)).scalars().all() == [1]


def test_animals_that_come_and_go_at_once_are_counted_to_the_last(both):
    start = threading.Barrier(4)

    def come_and_go(worker):
        number, database = worker
        start.wait()
        for n in range(20):
            with database.write() as work:
                add(work, f"{number}-{n}")
            with database.write() as work:
                work.reports.remove(ReportId(f"{number}-{n}"))
        with database.write() as work:
            add(work, f"{number} stays")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(come_and_go, enumerate([*both, *both])))
    with both[0].read() as work:
        assert work.connection.execute(select(tallies.c.animals)).scalars().all() == [4]


def test_who_weighs_many_reports_does_not_wait_in_a_ring_with_who_erases_them(both):
    one, two = both
    names = [ReportId(name) for name in "abcd"]
    with one.write() as work:
        for name in reversed(names):
            add(work, name)

    def standings():
        with two.write() as work:
            return work.reports.standings(names)

    with ThreadPoolExecutor(1) as pool:
        with one.write() as work:
            work.reports.remove(names[0])
            left = pool.submit(standings)
            while not somebody_waits(one):
                threading.Event().wait(0.01)
            for name in names[1:]:
                work.reports.remove(name)
        assert left.result(20) == []


def test_what_repeats_a_sighting_that_is_being_erased_is_new(both, tmp_path):
    one, two = both
    world = World(one, {s: open_shelf(s, PgVectorIndex(s, one)) for s in Shelf}, FolderPhotoStorage(tmp_path))
    world.camera()
    new = NewSighting("yard", picture(1), world.clock.now())
    first = world.engine.add_sighting(new)

    with ThreadPoolExecutor(1) as pool:
        with two.write() as work:
            work.reports.remove(first.report.id)
            again = pool.submit(world.engine.add_sighting, new)
            while not somebody_waits(two):
                threading.Event().wait(0.01)
        second = again.result(20)

    assert not second.is_repeat
    assert world.engine.report(second.report.id)


def somebody_waits(database):
    with database.search() as connection:
        waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        return connection.execute(text(f"SELECT EXISTS ({waiting})")).scalar_one()


def test_both_sides_that_agree_at_the_same_moment_have_both_agreed(both):
    one, two = both
    with one.write() as work:
        for name in ("lost", "found"):
            add(work, name)
        work.handovers.save(Handover(HandoverId("h"), ReportId("lost"), ReportId("found"), NOW))
    start = threading.Barrier(2)

    def agree(database, **answer):
        start.wait()
        with database.write() as work:
            work.handovers.save(replace(work.handovers.get(HandoverId("h")), **answer))

    with ThreadPoolExecutor(2) as pool:
        list(
            pool.map(
                lambda how: agree(how[0], **how[1]), [(one, {"owner_agrees": True}), (two, {"finder_agrees": True})]
            )
        )

    with one.read() as work:
        talk = work.handovers.get(HandoverId("h"))
    assert (talk.owner_agrees, talk.finder_agrees) == (True, True)


def claim_a_job(database):
    with database.write() as work:
        add(work, "r")
        work.jobs.add([ReportId("r")], NOW)
        work.jobs.claim(NOW, 600)


def test_a_job_of_a_process_that_died_is_taken_up_and_that_of_a_living_one_is_not(both, postgres_server):
    one, two = both
    one.wire.start(lambda _: None)
    assert one.wire.listening.wait(30)
    claim_a_job(one)
    with two.write() as work:
        assert work.jobs.release(NOW) == 0

    one.close()

    with two.write() as work:
        assert work.jobs.release(NOW) == 1
        assert work.jobs.claim(NOW, 600).report_id == "r"


PAIR = ReportId("lost"), ReportId("found")


@pytest.mark.parametrize(
    ("event", "one", "other"),
    [
        (MatchFound(*PAIR, 0.9), *PAIR),
        (MatchJudged(*PAIR), *PAIR),
        (TalkMoved(*PAIR), *PAIR),
        (ReportChanged(PAIR[0], (PAIR[1],)), *PAIR),
    ],
)
def test_what_one_process_publishes_is_heard_by_the_other_and_by_itself_once(both, event, one, other):
    brokers = [EventBroker(relay=database.wire.send) for database in both]
    for database, broker in zip(both, brokers, strict=True):
        database.wire.start(lambda text, broker=broker: broker.deliver(of_text(text)))
        assert database.wire.listening.wait(30)
    near, far = queue.Queue(), queue.Queue()
    with brokers[0].subscribe(one, near.put), brokers[1].subscribe(other, far.put):
        brokers[0].publish(event)

        assert far.get(timeout=30) == event
        assert near.get(timeout=30) == event
        with pytest.raises(queue.Empty):
            near.get(timeout=0.3)


def test_the_wire_comes_back_after_its_connection_was_cut(both, postgres_server):
    one, two = both
    heard = threading.Event()
    two.wire.start(lambda _: heard.set())
    one.wire.start(lambda _: None)
    assert two.wire.listening.wait(30)
    postgres_server.ask("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
    while not heard.wait(0.2):
        one.wire.send("{}")


def test_a_process_that_hears_what_it_does_not_understand_still_hears_and_lives(both):
    one, two = both
    heard = queue.Queue()
    two.wire.start(lambda text: heard.put(of_text(text)))
    one.wire.start(lambda _: None)
    assert two.wire.listening.wait(30)
    claim_a_job(two)

    one.wire.send('{"of a newer version": 1}')
    one.wire.send(to_text(TalkMoved(*PAIR)))

    assert heard.get(timeout=30) == TalkMoved(*PAIR)
    with one.write() as work:
        assert work.jobs.release(NOW) == 0, "its work is not taken from it"


def test_callers_are_counted_together_whichever_process_they_ask(both):
    windows = [SharedWindow(database) for database in both]

    assert [windows[turn % 2].hit("me", 3, 60) for turn in range(3)] == [0, 0, 0]
    assert 0 < windows[1].hit("me", 3, 60) <= 60
    assert windows[1].hit("you", 3, 60) == 0
    assert windows[0].hit("me", 3, 0) == 0


def test_a_graph_finds_what_looking_at_every_row_finds(both):
    chance = np.random.default_rng(3)
    with both[0].write() as work:
        add(work, "r")
        for number in range(600):
            of = photo("r", f"p{number}")
            work.photos.add(of)
            (crop_id,) = work.photos.add_crops([crop(of)])
            vector = unit(chance.normal(size=32).astype(np.float32))
            work.embeddings.add([NewEmbedding(crop_id, MODEL, vector)])
    walking, looking = PgVectorIndex(Shelf.FOUND, both[1], few=100), PgVectorIndex(Shelf.FOUND, both[1], few=10_000)
    walking.load(MODEL)
    with both[1].search() as connection:
        assert walking.graphs.has(connection, "found/body/m", 32)
    same = 0
    for _ in range(20):
        vector = unit(chance.normal(size=32).astype(np.float32))
        ids = [[n.embedding_id for n in index.nearest(vector, 10, ANY)] for index in (walking, looking)]
        same += len(set(ids[0]) & set(ids[1]))

    assert same >= 0.98 * 200
    assert len(walking.nearest(vector, 600, ANY)) == 600
    few = [
        Search(vector, 10, ANY),
        Search(vector, 5, replace(ANY, since=NOW + timedelta(days=9))),
        Search(vector, 3, ANY),
    ]
    assert walking.nearest_of_each(few) == [walking.nearest(one.vector, one.k, one.where) for one in few]


@pytest.mark.filterwarnings("ignore:Did not recognize type")  # of columns that only PostgreSQL has
def test_the_revisions_and_the_tables_agree(both):
    with both[0].search() as connection:
        options = {"compare_type": False, "include_object": lambda _o, name, *_: name not in ONLY_HERE}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []


def test_photos_of_an_older_database_were_looked_at_unless_their_report_waits(postgres_server):
    with postgres_server.database() as url:
        with closing(PostgresDatabase(Address.parse(url))) as old, old.write() as work:
            work.connection.exec_driver_sql("CREATE EXTENSION vector")
            photos_of_revision_0013(work.connection)
        with closing(PostgresDatabase.open(url)) as new:
            assert looked_at(new) == {"seen": True, "waiting": False}


def test_tables_are_made_once_when_several_processes_start_at_the_same_moment(postgres_server):
    with postgres_server.database() as url, ThreadPoolExecutor(3) as pool:
        made = list(pool.map(PostgresDatabase.open, [url] * 3))
        for database in made:
            with database.read() as work:
                assert work.jobs.count() == 0
            database.close()


def refusal(url, kind):
    with pytest.raises(kind) as told:
        PostgresDatabase.open(url)
    shown = f"{told.value.message} {told.value.hint} {told.value!r}"
    assert PASSWORD not in shown
    return shown


def test_what_is_no_address_is_refused_without_repeating_it():
    for given in (
        "",
        "hello",
        "mysql://u:s3cret@h/d",
        f"postgresql://u:{PASSWORD}@h",
        f"postgresql://u:{PASSWORD}@h:port/d",
    ):
        assert "HOMEWARD_DATABASE_URL" in refusal(given, BadSettings)


@pytest.mark.parametrize("password", ["s3cr@t#x", "s3cr@t/x", "s3cr@t?x", "s3cr@1:t/x", "@"])
def test_a_password_with_an_at_sign_is_refused_with_how_to_write_it_and_no_part_of_it(password):
    with pytest.raises(BadSettings) as told:
        PostgresDatabase.open(f"postgresql://homeward:{password}@127.0.0.1/city")

    assert "%40" in told.value.hint
    assert "127.0.0.1" not in told.value.message
    assert not {part for part in ("s3cr", "t#x", "t/x", "t?x") if part in f"{told.value!r} {told.value.hint}"}


def test_a_wrong_password_a_missing_database_and_a_server_that_is_down_are_told_apart(postgres_server):
    url = postgres_server.url("nowhere")
    assert "no database" in refusal(url, BadSettings)
    assert "let this user in" in refusal(url.replace(f":{PASSWORD}@", ":wrong@"), BadSettings)
    assert "does not answer" in refusal(f"postgresql://u:{PASSWORD}@127.0.0.1:{free_port()}/d", StorageBusy)


def test_a_server_without_tls_is_told_from_one_that_does_not_answer(postgres_server):
    assert "refuses TLS" in refusal(f"{postgres_server.url()}?sslmode=require", BadSettings)


def test_an_option_of_the_address_that_libpq_does_not_know_is_named(postgres_server):
    assert 'sslmode value: "sure"' in refusal(f"{postgres_server.url()}?sslmode=sure", BadSettings)
    assert '"tls"' in refusal(f"{postgres_server.url()}?tls=1", BadSettings)


def test_a_server_and_an_extension_that_are_too_old_are_refused(postgres_url, monkeypatch):
    monkeypatch.setattr(fitness, "LEAST_SERVER", 99)
    assert "too old; Homeward needs 99" in refusal(postgres_url, DatabaseUnfit)
    monkeypatch.setattr(fitness, "LEAST_SERVER", 16)
    monkeypatch.setattr(fitness, "LEAST_VECTOR", (7, 0))
    assert "pgvector 0.8.5" in refusal(postgres_url, DatabaseUnfit)


def test_a_user_who_may_not_put_pgvector_in_is_told_who_may(postgres_server):
    postgres_server.ask("DROP ROLE IF EXISTS guest")
    postgres_server.ask(f"CREATE ROLE guest LOGIN PASSWORD '{PASSWORD}'")
    with postgres_server.database() as url:
        guest = url.replace("//homeward:", "//guest:")

        assert "CREATE EXTENSION vector" in refusal(guest, DatabaseUnfit)


def test_tables_of_a_newer_version_are_left_alone(postgres_server):
    with postgres_server.database() as url:
        PostgresDatabase.open(url).close()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("UPDATE alembic_version SET version_num = '9999'")

        assert "newer version" in refusal(url, StorageTooNew)


def test_a_server_that_goes_away_is_told_as_something_that_passes(both, postgres_server):
    one, _ = both
    with pytest.raises(StorageBusy), one.write() as work:
        add(work, "r")
        postgres_server.ask("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'tables'")
        work.reports.get(ReportId("r"))

    with one.read() as work:
        assert work.reports.get(ReportId("r")) is None


def test_vectors_of_two_networks_under_one_name_are_seen(both):
    with both[0].write() as work:
        put(work, "a")
        put(work, "b", model=ModelName("n"))
        of = photo("b", "q")
        work.photos.add(of)
        (crop_id,) = work.photos.add_crops([crop(of)])
        work.embeddings.add([NewEmbedding(crop_id, MODEL, unit(np.ones(5)))])

        assert work.embeddings.lengths(MODEL) == {2, 5}
        assert work.embeddings.lengths(ModelName("none")) == set()


def test_a_silent_database_is_told_within_the_deadline_and_asked_once_however_many_probes_come(
    postgres_url, postgres_server, tmp_path, monkeypatch
):
    monkeypatch.setattr(readiness, "WITHIN_S", 1.0)
    world = on_postgres(postgres_url, tmp_path)
    with closing(world.database):
        with postgres_server.silent():
            answers = [world.engine.is_ready() for _ in range(3)]
            asking = [thread for thread in threading.enumerate() if thread.name == "is database ready"]

        assert [answer["database"] for answer in answers] == [False] * 3
        assert [answer["photos"] for answer in answers] == [True] * 3
        assert len(asking) == 1
        asking[0].join(30)
        monkeypatch.setattr(readiness, "WITHIN_S", 30.0)
        assert world.engine.is_ready()["database"]


def test_who_waits_for_a_server_that_falls_silent_is_told_so_and_the_next_is_answered_once_it_speaks(
    postgres_url, postgres_server, monkeypatch
):
    monkeypatch.setattr(silence, "LOOK_S", 0.05)
    monkeypatch.setattr(silence, "SILENT_S", 2)
    begun, fell_silent = threading.Barrier(3), threading.Event()

    def ask(begin):
        with begin() as work:
            work.jobs.count()
            begun.wait(20)
            fell_silent.wait(20)
            work.jobs.count()

    with closing(PostgresDatabase.open(postgres_url)) as database, ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(ask, begin) for begin in (database.read, database.write)]
        begun.wait(20)
        with postgres_server.silent():
            fell_silent.set()
            told = [one.exception(20) for one in waiting]
        assert [str(error) for error in told] == ["The database does not answer just now."] * 2
        assert {type(error) for error in told} == {StorageBusy}
        with database.read() as work:
            assert work.jobs.count() == 0


def test_who_waits_long_for_a_server_that_speaks_to_others_waits_on(postgres_url, monkeypatch):
    asked, is_silent = threading.Semaphore(0), silence.Silence._is_silent

    def noted(self):
        found = is_silent(self)
        asked.release()
        return found

    monkeypatch.setattr(silence, "LOOK_S", 0.05)
    monkeypatch.setattr(silence.Silence, "_is_silent", noted)

    def wait_for_the_other():
        with database.write() as work:
            work.alone("name")
            return work.jobs.count()

    with closing(PostgresDatabase.open(postgres_url)) as database, ThreadPoolExecutor(1) as pool:
        with database.write() as work:
            work.alone("name")
            second = pool.submit(wait_for_the_other)
            assert all(asked.acquire(timeout=20) for _ in range(3))
            assert not second.done()
        assert second.result(20) == 0


@pytest.fixture
def owner(postgres_server):
    """Makes databases of a user who is no administrator; their addresses."""
    made = []
    postgres_server.ask(f"CREATE ROLE owner LOGIN PASSWORD '{PASSWORD}'")

    def make(name, *, vector):
        postgres_server.ask(f"CREATE DATABASE {name} OWNER owner TEMPLATE template0")
        made.append(name)
        if vector:
            postgres_server.ask("CREATE EXTENSION vector", name)
        return postgres_server.url(name).replace("//homeward:", "//owner:")

    yield make
    for name in made:
        postgres_server.ask(f"DROP DATABASE {name} WITH (FORCE)")
    postgres_server.ask("DROP ROLE owner")


def test_a_restore_by_the_page_brings_all_rows_and_one_by_half_is_refused(owner, postgres_server, tmp_path):
    dump = tmp_path / "rows.dump"
    before = owner("before", vector=True)
    with closing(PostgresDatabase.open(before)) as database, database.write() as work:
        put(work, "a")
    assert postgres_server.use("pg_dump", "--format=custom", f"--file={dump}", before).returncode == 0
    page = (Path(__file__).parents[2] / "docs/how-to/postgresql.md").read_text()
    (line,) = [line for line in page.splitlines() if line.startswith("pg_restore ")]
    options = [word for word in line.split() if word in {"--no-owner", "--no-comments", "--single-transaction"}]

    after = owner("after", vector=True)
    back = postgres_server.use("pg_restore", *options, f"--dbname={after}", dump)
    assert (back.returncode, back.stderr) == (0, "")
    with closing(PostgresDatabase.open(after)) as database:
        assert seen(PgVectorIndex(Shelf.FOUND, database)) == ["a"]

    half = owner("half", vector=False)
    assert postgres_server.use("pg_restore", "--no-owner", f"--dbname={half}", dump).returncode == 1
    postgres_server.ask("CREATE EXTENSION vector", "half")
    told = refusal(half, DatabaseUnfit)
    assert "restored by half: embeddings, points missing" in told
    assert "Restore it anew" in told
    (*_, check) = examine_postgres(half)
    assert (check.state, "restored by half" in check.finding) == ("fail", True)
