"""`homeward migrate`: a data folder's rows to a real PostgreSQL, through a kill, and back into use."""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import psycopg
import pytest

from homeward.domain.embeddings import NewEmbedding, unit
from homeward.domain.ids import CameraId, ReportId
from homeward.domain.matches import MatchQuery
from homeward.domain.places import Point
from homeward.domain.reports import Camera, Shelf
from homeward.errors import Conflict, MoveFailed
from homeward.storage.sql import SqlDatabase
from homeward.storage.sql.closed import check_open
from homeward.storage.sql.move import Move
from homeward.storage.sql.postgres import PostgresDatabase
from homeward.storage.sql.tables import metadata
from tests.cli.conftest import RUN
from tests.contracts.rows import MODEL, NOW, add, crop, match, new_alert, photo

ASKED = ["migrate", "--from", "sqlite", "--to", "postgres"]


@pytest.fixture
def empty_url(postgres_server):
    with postgres_server.database() as url:
        yield url


def fill(folder, reports):
    """Rows of nearly every kind."""
    import numpy as np

    chance = np.random.default_rng(1)
    with closing(SqlDatabase.open(folder / "homeward.sqlite")) as database, database.write() as work:
        work.cameras.save(Camera(CameraId("c"), "Yard", Point(57, 39), "Юг", NOW))
        add(work, "lost", Shelf.LOST, home=Point(57.1, 39.2), name="Рекс", contact="+7 900")
        for number in range(reports):
            name = f"f{number}"
            add(work, name, minutes=number, place=Point(57 + number / 1e4, 39))
            of = photo(name)
            work.photos.add(of)
            (crop_id,) = work.photos.add_crops([crop(of)])
            vector = unit(chance.normal(size=48).astype(np.float32))
            work.embeddings.add([NewEmbedding(crop_id, MODEL, vector)])
        match(work, "lost", "f0", 0.9)
        work.outbox.add(new_alert("match:lost:e", found="f0"))
        work.keys.add_secret("links", "signing", NOW)
        work.facts.set("embedder", MODEL)
        work.jobs.add([ReportId("f1")], NOW)


def call(folder, url, *arguments, code=0):
    env = {**os.environ, "HOMEWARD_DATABASE_URL": url, "HOMEWARD_LANG": "en"}
    command = [*RUN, *map(str, arguments), "--data", str(folder)]
    answer = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert answer.returncode == code, answer.stdout + answer.stderr
    assert "s3cret" not in answer.stdout + answer.stderr
    assert "Traceback" not in answer.stderr
    return answer


def rows_of(connection):
    return {
        table.name: sorted(map(tuple, connection.execute(table.select()).all()), key=repr)
        for table in metadata.sorted_tables
        if table.name != "changes"
    }


def test_a_move_that_is_killed_in_the_middle_goes_on_and_brings_every_row(tmp_path, empty_url, postgres_server):
    fill(tmp_path, 800)
    env = {**os.environ, "HOMEWARD_DATABASE_URL": empty_url}
    moving = subprocess.Popen(
        [sys.executable, *RUN[1:], *ASKED, "--data", str(tmp_path)], env=env, stderr=subprocess.DEVNULL
    )
    name = empty_url.rsplit("/", 1)[1]
    deadline = time.monotonic() + 240
    while moving.poll() is None and _count(postgres_server, name) == 0 and time.monotonic() < deadline:
        time.sleep(0.001)
    moving.send_signal(signal.SIGKILL)
    moving.wait()
    assert 0 < _count(postgres_server, name) < 2 * 800, "it was not killed in the middle"

    refused = call(tmp_path, empty_url, "matches", "lost", code=2)
    assert "still on their way" in refused.stderr
    call(tmp_path, empty_url, *ASKED)

    with (
        closing(SqlDatabase.open(tmp_path / "homeward.sqlite")) as old,
        closing(PostgresDatabase.open(empty_url)) as new,
    ):
        with pytest.raises(Conflict), old.read() as work:
            check_open(work)
        with old.read() as one, new.read() as other:
            ours, theirs = rows_of(one.connection), rows_of(other.connection)
            ours["facts"] = [row for row in ours["facts"] if row[0] != "closed"]
            assert theirs == ours
            assert [m.match.found_id for m in other.matches.page(ReportId("lost"), MatchQuery()).items] == ["f0"]
            assert other.keys.secrets("links") == ["signing"]
        with new.write() as work:
            add(work, "later")
            of = photo("later")
            work.photos.add(of)
            assert min(work.photos.add_crops([crop(of)])) > 800


def _count(server, name):
    """Rows of reports and what hangs on them; 0 where there are no tables yet."""
    try:
        found = server.ask("SELECT (SELECT count(*) FROM reports) + (SELECT count(*) FROM embeddings)", name)
    except psycopg.Error:
        return 0
    return found[0][0]


def test_a_database_with_rows_of_its_own_is_left_alone(tmp_path, postgres_url):
    fill(tmp_path, 3)
    with closing(PostgresDatabase.open(postgres_url)) as database, database.write() as work:
        work.keys.add_secret("links", "another", NOW)

    refused = call(tmp_path, postgres_url, *ASKED, code=2)

    assert "is not empty" in refused.stderr
    with closing(SqlDatabase.open(tmp_path / "homeward.sqlite")) as database, database.read() as work:
        check_open(work)


def test_a_moved_folder_is_closed_until_the_move_is_taken_back(tmp_path, postgres_url):
    fill(tmp_path, 3)
    moved = json.loads(call(tmp_path, postgres_url, *ASKED, "--json").stdout)

    assert moved["rows"]["reports"] == 4
    again = call(tmp_path, postgres_url, *ASKED, code=2).stderr
    assert "These rows were moved to" in again
    assert not re.search(r"\b0/\d", again), "nothing was begun"
    refused = call(tmp_path, "", "matches", "lost", code=2)
    assert "went to PostgreSQL" in refused.stderr
    assert "--cancel" in refused.stderr
    old = call(tmp_path, "", "backup", tmp_path / "old.tar", code=2)
    assert "went to PostgreSQL" in old.stderr
    assert not (tmp_path / "old.tar").exists()
    call(tmp_path, postgres_url, *ASKED, "--cancel")
    with closing(SqlDatabase.open(tmp_path / "homeward.sqlite")) as database, database.read() as work:
        check_open(work)
        assert work.reports.get(ReportId("f0")) is not None


def test_a_row_that_came_out_different_is_told_and_the_database_stays_closed(tmp_path, postgres_url, postgres_server):
    fill(tmp_path, 3)
    with (
        closing(SqlDatabase.open(tmp_path / "homeward.sqlite")) as old,
        closing(PostgresDatabase.open(postgres_url)) as new,
    ):

        def spoil(table, done, _total):
            if (table, done) == ("reports, compared", 4):
                with new.write() as work:
                    work.connection.exec_driver_sql("UPDATE matches SET degree = 0.5")

        with pytest.raises(MoveFailed, match="matches"):
            Move(old, new, spoil)()

        with pytest.raises(Conflict), new.read() as work:
            check_open(work)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("UPDATE reports SET name = 'Barsik' || char(0) WHERE id = 'f1'", "f1 of reports cannot be moved: name holds a zero sign"),
        ("UPDATE reports SET name = CAST(x'42617273ff' AS TEXT) WHERE id = 'f1'", "f1 of reports cannot be moved: name is no text in UTF-8"),
        ("UPDATE reports SET happened_at = 'yesterday' WHERE id = 'f1'", "f1 of reports cannot be moved: happened_at is not of its kind"),
        ("UPDATE reports SET token_version = 5000000000 WHERE id = 'f1'", "f1 of reports cannot be moved: a number is out of range"),
        ("UPDATE reports SET lat = 'north' WHERE id = 'f1'", "f1 of reports cannot be moved: "),
        ("UPDATE embeddings SET vector = x'0102030405' WHERE id = 2", "2 of embeddings cannot be moved: a value is not of its kind"),
        ("UPDATE embeddings SET crop_id = 99 WHERE id = 2", "2 of embeddings cannot be moved: the row that it belongs to is not there"),
    ],
)  # fmt: skip
def test_a_damaged_row_is_named_without_what_it_holds_and_the_move_goes_on_once_it_is_gone(
    tmp_path, postgres_url, damage, told
):
    fill(tmp_path, 3)

    def change(statement):
        with closing(sqlite3.connect(tmp_path / "homeward.sqlite")) as file, file:
            file.execute(statement)

    change(damage)
    refused = call(tmp_path, postgres_url, *ASKED, code=2)

    assert told in " ".join(refused.stderr.split())
    assert not {word for word in ("Bars", "yesterday", "5000000000", "north") if word in refused.stderr}
    assert "give the same command again" in refused.stderr
    change("DELETE FROM embeddings WHERE id = 2" if "embeddings" in damage else "DELETE FROM reports WHERE id = 'f1'")
    change("DELETE FROM photos WHERE report_id NOT IN (SELECT id FROM reports)")
    change("DELETE FROM crops WHERE photo_id NOT IN (SELECT id FROM photos)")
    change("DELETE FROM embeddings WHERE crop_id NOT IN (SELECT id FROM crops)")
    change("DELETE FROM jobs WHERE report_id NOT IN (SELECT id FROM reports)")
    assert "rows moved" in call(tmp_path, postgres_url, *ASKED).stdout
