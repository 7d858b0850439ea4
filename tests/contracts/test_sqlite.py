import json
import sqlite3
import subprocess
import sys
import threading
import traceback
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError

from homeward.domain.animals import Species
from homeward.domain.ids import AccountId, EncounterId, ReportId
from homeward.domain.places import Point
from homeward.domain.reports import Report, Shelf
from homeward.engine.weights import WEIGHTS, known_weights
from homeward.errors import DataFolderLocked, StorageFull, StorageTooNew
from homeward.ports import Around
from homeward.storage import lock as lock_module
from homeward.storage.lock import DataFolderLock
from homeward.storage.sql import SqlDatabase, rows
from homeward.storage.sql.schema import migrate
from homeward.storage.sql.tables import metadata, reports
from homeward.storage.sql.types import to_us

from .rows import looked_at, photos_of_revision_0013

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def database(tmp_path):
    made = SqlDatabase.open(tmp_path / "x.sqlite")
    yield made
    made.close()


def report(name):
    return Report(ReportId(name), Shelf.LOST, AccountId("a"), Species.CAT, 1.0, NOW, NOW, EncounterId(name))


def test_whoever_reads_what_was_before_a_change_leaves_nothing_old_behind(database):
    asked = [ReportId("one")]
    with database.write() as work:
        work.reports.add(report("one"))

    with database.read() as older:
        older.connection.execute(text("SELECT count(*) FROM reports")).all()  # from here on it sees what is there now
        with database.write() as work:
            work.reports.update(replace(report("one"), species=Species.DOG))
        assert older.reports.standings(asked)[0].species is Species.CAT

    with database.read() as work:
        assert work.reports.standings(asked)[0].species is Species.DOG


def count(database):
    from homeward.ports import ReportQuery

    with database.read() as work:
        return len(work.reports.find(ReportQuery(limit=1000)))


def test_the_file_is_set_up_to_lose_nothing(database):
    with database.write() as work:
        asked = {name: work.connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in
                 ("journal_mode", "synchronous", "foreign_keys")}  # fmt: skip

    assert asked == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def test_what_was_erased_is_in_none_of_the_files(database):
    for name in map(str, range(50)):
        with database.write() as work:
            work.reports.add(replace(report(name), contact=f"secretphone{name}"))
    for name in map(str, range(50)):
        with database.write() as work:
            work.reports.remove(ReportId(name))

    with database.read() as work:  # somebody reads: the log stays, and nobody waits
        assert count(database) == 0
        assert work.reports.get(ReportId("1")) is None
        database.scrub()
    database.scrub()

    for file in database.path.parent.iterdir():
        assert b"secretphone" not in file.read_bytes(), file


def test_a_reader_does_not_wait_for_a_writer_and_sees_only_what_is_committed(database):
    with database.write() as work:
        work.reports.add(report("a"))
        assert count(database) == 0

    assert count(database) == 1


def test_many_writers_wait_for_each_other_and_all_get_through(database):
    def write(number):
        with database.write() as work:
            work.reports.add(report(f"r{number}"))

    threads = [threading.Thread(target=write, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert count(database) == 12


def test_a_refused_row_tells_the_log_nothing_that_people_wrote(database):
    private = replace(report("a"), contact="+7 901 000", secret_mark="a black pad", home=Point(57.61234, 39.85678))
    with pytest.raises(IntegrityError) as refused, database.write() as work:
        work.reports.add(private)
        work.reports.add(private)

    said = "".join(traceback.format_exception(refused.value))
    assert "UNIQUE" in said
    assert not [secret for secret in ("+7 901 000", "a black pad", "57.61234", "39.85678") if secret in said]


def test_a_full_disk_is_told_and_changes_nothing(database):
    with database.write() as work:
        pages = work.connection.exec_driver_sql("PRAGMA page_count").scalar()
        work.connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    with pytest.raises(StorageFull), database.write() as work:
        for number in range(2000):
            work.reports.add(report(f"r{number}"))

    assert count(database) == 0


def test_what_was_committed_is_there_after_kill_minus_nine(tmp_path):
    path = tmp_path / "x.sqlite"
    script = f"""
import os, signal
from pathlib import Path
from tests.contracts.test_sqlite import report
from homeward.storage.sql import SqlDatabase
database = SqlDatabase.open(Path({str(path)!r}))
with database.write() as work:
    work.reports.add(report("kept"))
with database.write() as work:
    work.reports.add(report("torn"))
    os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", script], check=False)

    database = SqlDatabase.open(path)
    with database.read() as work:
        assert work.reports.get(ReportId("kept")) is not None
        assert work.reports.get(ReportId("torn")) is None
    database.close()


ADDED_LATER = {"secret_mark", "address", "muted_until", "listed", "reopened_at"}


def test_the_animals_of_an_older_data_folder_are_counted(tmp_path):
    path = tmp_path / "x.sqlite"
    old = SqlDatabase(path)
    with old._writer.begin() as connection:
        migrate(connection, "0006")
        for name, shelf in (("a", Shelf.FOUND), ("b", Shelf.FOUND), ("lost", Shelf.LOST)):
            values = rows.report_values(replace(report(name), shelf=shelf, place=Point(57, 39)))
            for later in ("secret_mark", "reopened_at"):
                values.pop(later)
            connection.execute(insert(reports), values)
    old.close()

    new = SqlDatabase.open(path)

    with new.read() as work:
        today = NOW.toordinal()
        around = Around(frozenset({Species.CAT}), Point(57, 39), 5, today, today)
        assert work.reports.animals_by_day([around]) == [{Species.CAT: {today: 2}}]
    new.close()


def test_photos_of_an_older_data_folder_were_looked_at_unless_their_report_waits(tmp_path):
    old = SqlDatabase(tmp_path / "x.sqlite")
    with old._writer.begin() as connection:
        photos_of_revision_0013(connection)
    old.close()

    with closing(SqlDatabase.open(tmp_path / "x.sqlite")) as new:
        assert looked_at(new) == {"seen": True, "waiting": False}


def test_vectors_of_the_bundled_embedders_former_file_stay_in_use(tmp_path):
    former = "fcc405cb3bb62871953469882205008f0e29c4835840177bd25715941dc5c07f"
    with closing(SqlDatabase(tmp_path / "x.sqlite")) as old, old.write() as work:
        migrate(work.connection, "0015")
        work.facts.set(WEIGHTS, json.dumps({"homeward-embedder-1": former, "other": "f" * 64}))

    with closing(SqlDatabase.open(tmp_path / "x.sqlite")) as new, new.read() as work:
        now = "fa40c10bd8778dbc1aa2ea8e5992f8884d5d2101ef611839ddbe72ad4787a9be"
        assert known_weights(work) == {"homeward-embedder-1": now, "other": "f" * 64}


def test_an_older_data_folder_is_upgraded_with_its_data(tmp_path):
    path = tmp_path / "x.sqlite"
    old = SqlDatabase(path)
    with old._writer.begin() as connection:
        migrate(connection, "0001")
        known = rows.report_values(report("old")) | {"shelf": "lost"}
        values = {name: value for name, value in known.items() if name not in ADDED_LATER}
        names = ", ".join(values)
        marks = ", ".join(f":{name}" for name in values)
        for moment in ("happened_at", "created_at"):
            values[moment] = to_us(values[moment])
        connection.execute(text(f"INSERT INTO reports ({names}) VALUES ({marks})"), values)
        connection.execute(
            text(
                "INSERT INTO outbox (lost_id, found_id, encounter_id, degree, created_at, due_at, attempts)"
                " VALUES ('old', 'old', 'e', 0.9, 0, 0, 0)"
            )
        )
    with old.write() as work:
        work.keys.add_secret("links", "kept", NOW)
    old.close()
    with closing(sqlite3.connect(path)) as file:
        assert file.execute("SELECT count(*) FROM sqlite_master WHERE name = 'answers'").fetchone() == (0,)

    new = SqlDatabase.open(path)

    with new.read() as work:
        assert work.reports.get(ReportId("old")) == report("old")
        assert work.keys.secrets("links") == ["kept"]
        assert work.answers.get("a", "b") is None
        assert [alert.key for alert in work.outbox.of_lost(ReportId("old"))] == ["match:old:e"]
    new.close()


def test_the_revisions_and_the_tables_agree(database):
    with database._writer.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, metadata) == []


def test_a_folder_of_a_newer_version_is_left_alone(tmp_path):
    path = tmp_path / "x.sqlite"
    SqlDatabase.open(path).close()
    with closing(sqlite3.connect(path)) as file:
        file.execute("UPDATE alembic_version SET version_num = '9999'")
        file.commit()

    with pytest.raises(StorageTooNew):
        SqlDatabase.open(path)

    assert not path.with_name("x.sqlite-wal").exists()  # and let go of


def test_one_process_at_a_time_works_in_a_folder_and_says_where_it_serves(tmp_path):
    assert DataFolderLock.serving_url(tmp_path) is None
    with DataFolderLock(tmp_path) as lock:
        lock.set_url("http://127.0.0.1:1234")
        with pytest.raises(DataFolderLocked), DataFolderLock(tmp_path):
            pass
        assert DataFolderLock.serving_url(tmp_path) == "http://127.0.0.1:1234"

    assert DataFolderLock.serving_url(tmp_path) is None
    with DataFolderLock(tmp_path):
        pass


def test_whoever_comes_while_a_server_starts_waits_for_its_address_and_says_so_once(tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(lock_module, "LOOK_EVERY_S", 0.01)
    with DataFolderLock(tmp_path) as starting:
        threading.Timer(0.1, starting.set_url, ["http://127.0.0.1:1234"]).start()
        with DataFolderLock(tmp_path).or_server(said.append) as url:
            assert url == "http://127.0.0.1:1234"

    assert len(said) == 1


def test_whoever_comes_during_a_short_command_gets_the_folder_after_it(tmp_path):
    short = DataFolderLock(tmp_path)
    short.__enter__()
    threading.Timer(0.1, short.__exit__, [None, None, None]).start()
    with DataFolderLock(tmp_path).or_server(list) as url:
        assert url is None
        with pytest.raises(DataFolderLocked), DataFolderLock(tmp_path):
            pass
    with DataFolderLock(tmp_path):
        pass


def test_a_long_command_is_not_waited_for_for_ever(tmp_path, monkeypatch):
    monkeypatch.setattr(lock_module, "WAIT_S", 0.1)
    with (
        DataFolderLock(tmp_path),
        pytest.raises(DataFolderLocked, match="serves nowhere yet") as raised,
        DataFolderLock(tmp_path).or_server(list),
    ):
        pass

    assert "still starting, a worker, or another command" in raised.value.hint


def test_the_lock_of_a_killed_process_is_free(tmp_path):
    script = f"""
import os, signal
from pathlib import Path
from homeward.storage.lock import DataFolderLock
DataFolderLock(Path({str(tmp_path)!r})).__enter__()
os.kill(os.getpid(), signal.SIGKILL)
"""
    subprocess.run([sys.executable, "-c", script], check=False)

    with DataFolderLock(tmp_path):
        pass
