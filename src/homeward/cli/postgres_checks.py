"""The doctor's checks of a PostgreSQL database: looks, never changes anything."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from homeward.cli.checks import Check
from homeward.errors import HomewardError

if TYPE_CHECKING:
    from homeward.storage.sql.postgres.address import Address

CLOCK_TOLERANCE_S = 5.0
LEAST_CONNECTIONS = 60  # two processes of 26 each, and room for an operator
START = "homeward serve brings it up to date"
VECTORS = "SELECT model, vector_dims(vector) AS length, count(*) FROM embeddings GROUP BY 1, 2 ORDER BY 1, 2"
WRONG_POINTS = """
SELECT count(*) FROM embeddings e JOIN crops c ON c.id = e.crop_id JOIN reports r ON r.id = c.report_id
LEFT JOIN points p ON p.embedding_id = e.id
WHERE p.embedding_id IS NULL OR (p.species, p.is_open, p.happened_at, p.lat, p.lon)
  IS DISTINCT FROM (r.species, r.status = 'open', r.happened_at, r.lat, r.lon)
"""


def examine_postgres(url: str) -> Iterator[Check]:
    """All of them, as far as the database lets us."""
    from homeward.storage.sql.postgres.looking import connected

    try:
        with connected(url) as (connection, address):
            yield from _server(connection, address)
            tables = _tables(connection, address)
            yield tables
            if tables.state == "ok":
                yield from _rows(connection)
    except HomewardError as error:
        yield Check("database", "fail", error.message, error.hint or "")


def _server(connection: Connection, address: "Address") -> Iterator[Check]:
    from homeward.storage.sql.postgres.fitness import check_server, check_vector, how_to_create, may_create_vector

    version = check_server(connection, address)
    vector = check_vector(connection, address, make=False)
    mend = "" if vector or may_create_vector(connection) else how_to_create(address)
    found = f"PostgreSQL {version}, pgvector {vector or 'not put in yet'} at {address}"
    yield Check("database", "warn" if mend else "ok", found + (", which this user may not do" if mend else ""), mend)
    now = connection.execute(text("SELECT extract(epoch FROM clock_timestamp())::float8")).scalar_one()
    off_s = abs(datetime.now(UTC).timestamp() - float(now))
    mend = "" if off_s < CLOCK_TOLERANCE_S else "Let both machines keep time (chrony, systemd-timesyncd)"
    yield Check("clock", "warn" if mend else "ok", f"{off_s:.1f} s from the server's", mend)
    most = int(connection.execute(text("SHOW max_connections")).scalar_one())
    mend = "" if most >= LEAST_CONNECTIONS else "Raise max_connections: a process takes up to 26"
    yield Check("connections", "warn" if mend else "ok", f"the server allows {most}", mend)


def _tables(connection: Connection, address: "Address") -> Check:
    from homeward.storage.sql.postgres.fitness import check_tables
    from homeward.storage.sql.schema import current, head, knows

    now, wanted = current(connection), head()
    if now is None:
        return Check("tables", "warn", "there are none yet", "homeward serve makes them")
    if now == wanted:
        check_tables(connection, address)
        return Check("tables", "ok", f"revision {now}")
    if knows(now):
        return Check("tables", "warn", f"revision {now}, this version has {wanted}", START)
    return Check("tables", "fail", f"revision {now} is of a newer version", "Start the newer version of Homeward")


def _rows(connection: Connection) -> Iterator[Check]:
    from homeward.storage.sql.closed import CLOSED

    closed = connection.execute(text("SELECT value FROM facts WHERE name = :name"), {"name": CLOSED}).first()
    if closed is not None:
        yield Check("move", "fail", "rows are still on their way into it", "Give the same homeward migrate again")
    waiting = connection.execute(text("SELECT count(*) FROM jobs")).scalar_one()
    mend = "" if waiting < 100 else "See the log for model errors"
    yield Check("waiting", "warn" if mend else "ok", f"{waiting} reports wait to be matched", mend)
    yield from _vectors(connection)


def _vectors(connection: Connection) -> Iterator[Check]:
    lengths: dict[str, list[int]] = {}
    for model, length, _ in connection.execute(text(VECTORS)):
        lengths.setdefault(model, []).append(length)
    for model, found in lengths.items():
        mend = "" if len(found) == 1 else "Two networks under one name: homeward reindex --model with another name"
        shown = ", ".join(map(str, found))
        yield Check(f"vectors of {model}", "fail" if mend else "ok", f"{shown} numbers each", mend)
    wrong = connection.execute(text(WRONG_POINTS)).scalar_one()
    mend = "psql: SELECT mend_points(); (rows were loaded while triggers were off)" if wrong else ""
    yield Check("vector index", "fail" if wrong else "ok", f"{wrong} vectors are not searched as they are", mend)
