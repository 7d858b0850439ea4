"""What the doctor finds of a PostgreSQL database, and what backup says to one."""

from contextlib import closing

import numpy as np
import psycopg
import pytest

from homeward.cli.data import backup, restore
from homeward.cli.postgres_checks import examine_postgres
from homeward.domain.embeddings import NewEmbedding, unit
from homeward.errors import Conflict
from homeward.storage.sql.closed import CLOSED
from homeward.storage.sql.postgres import PostgresDatabase
from homeward.storage.sql.schema import migrate
from tests.contracts.rows import MODEL, add, crop, photo
from tests.fakes.postgres import PASSWORD
from tests.ports import free_port


def found(url):
    checks = {check.name: check for check in examine_postgres(url)}
    assert PASSWORD not in repr(checks)
    return checks


def put(work, name, length):
    add(work, name)
    of = photo(name)
    work.photos.add(of)
    (crop_id,) = work.photos.add_crops([crop(of)])
    work.embeddings.add([NewEmbedding(crop_id, MODEL, unit(np.ones(length)))])


def test_a_sound_database_is_called_so(postgres_url):
    checks = found(postgres_url)

    assert {check.state for check in checks.values()} == {"ok"}
    assert "pgvector 0.8" in checks["database"].finding


def test_a_server_that_is_down_is_found():
    (check,) = examine_postgres(f"postgresql://u:{PASSWORD}@127.0.0.1:{free_port()}/d")

    assert (check.state, PASSWORD in repr(check)) == ("fail", False)
    assert "does not answer" in check.finding


def test_no_tables_older_tables_and_newer_tables_are_told_apart(postgres_server):
    with postgres_server.database() as url:
        assert "none yet" in found(url)["tables"].finding
        from homeward.storage.sql.postgres.address import Address

        with closing(PostgresDatabase(Address.parse(url))) as database, database.write() as work:
            work.connection.exec_driver_sql("CREATE EXTENSION vector")
            migrate(work.connection, "0005")
        older = found(url)["tables"]
        assert (older.state, "0005" in older.finding) == ("warn", True)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("UPDATE alembic_version SET version_num = '9999'")
        assert found(url)["tables"].state == "fail"


def test_a_user_who_may_not_put_pgvector_in_is_told_so_before_the_start(postgres_server):
    with postgres_server.database() as url:
        assert found(url)["database"].state == "ok"
        postgres_server.ask(f"CREATE ROLE tenant LOGIN PASSWORD '{PASSWORD}'")
        try:
            check = found(url.replace("//homeward:", "//tenant:"))["database"]
        finally:
            postgres_server.ask("DROP ROLE tenant")

    assert (check.state, "may not do" in check.finding) == ("warn", True)
    assert "CREATE EXTENSION vector" in check.mend


def test_rows_on_their_way_and_two_networks_under_one_name_are_found(postgres_url):
    with closing(PostgresDatabase.open(postgres_url)) as database, database.write() as work:
        work.facts.set(CLOSED, '{"token": "x"}')
        put(work, "a", 4)
        put(work, "b", 5)
    checks = found(postgres_url)

    assert checks["move"].state == "fail"
    assert checks[f"vectors of {MODEL}"].state == "fail"
    assert "4, 5" in checks[f"vectors of {MODEL}"].finding


def test_an_index_that_lies_is_found_and_mended(postgres_url):
    with closing(PostgresDatabase.open(postgres_url)) as database, database.write() as work:
        put(work, "a", 4)
        put(work, "b", 4)
        work.connection.exec_driver_sql("UPDATE points SET is_open = false WHERE report_id = 'a'")
        work.connection.exec_driver_sql("DELETE FROM points WHERE report_id = 'b'")
    lying = found(postgres_url)["vector index"]

    assert (lying.state, lying.finding[0]) == ("fail", "2")
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        assert connection.execute("SELECT mend_points()").fetchone() == (2,)
    assert found(postgres_url)["vector index"].state == "ok"


def test_half_a_backup_is_refused_and_the_whole_one_is_pointed_to(monkeypatch, tmp_path):
    monkeypatch.setenv("HOMEWARD_DATABASE_URL", f"postgresql://u:{PASSWORD}@h/d")
    for command in (backup, restore):
        with pytest.raises(Conflict) as told:
            command(tmp_path / "b.tar", data=tmp_path)
        assert "pg_dump" in told.value.hint
    assert list(tmp_path.iterdir()) == []
