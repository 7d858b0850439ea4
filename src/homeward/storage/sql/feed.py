"""What the index reads: all embeddings in columns, and the changes after a number."""

import numpy as np
from sqlalchemy import Connection, delete, func, select

from homeward.domain.embeddings import Embedding
from homeward.domain.ids import EmbeddingId
from homeward.domain.reports import Shelf, Status
from homeward.storage.index.changes import EmbeddingColumns
from homeward.storage.sql import rows
from homeward.storage.sql.embeddings import full
from homeward.storage.sql.tables import changes, embeddings, reports

CHUNK = 10_000
# plain SQL: 100,000 rows through row objects would take seconds, through tuples a fraction of one
ALL = """
SELECT e.id, c.report_id, e.crop_id, e.model, r.species, c.part, r.happened_at, r.lat, r.lon, r.status,
  e.vector
FROM embeddings e JOIN crops c ON c.id = e.crop_id JOIN reports r ON r.id = c.report_id
WHERE r.shelf = ? ORDER BY e.id
"""


def last_change(connection: Connection) -> int:
    """The number of the latest change."""
    return int(connection.execute(select(func.coalesce(func.max(changes.c.seq), 0))).scalar_one())


def forget_changes(connection: Connection) -> None:
    """At the start no index is alive that needs old ones; the latest stays, so that numbers go on rising."""
    connection.execute(delete(changes).where(changes.c.seq < last_change(connection)))


def changes_after(connection: Connection, seq: int, shelf: Shelf) -> tuple[int, list[Embedding], list[EmbeddingId]]:
    """The latest number, what changed as it is now, and what is gone."""
    touched = select(changes.c.embedding_id).where(changes.c.seq > seq, changes.c.shelf == shelf.value).distinct()
    ids = [EmbeddingId(found) for found in connection.execute(touched).scalars()]
    present: list[Embedding] = []
    for start in range(0, len(ids), CHUNK):
        wanted = full().where(embeddings.c.id.in_(ids[start : start + CHUNK]), reports.c.shelf == shelf.value)
        present += [rows.embedding(row) for row in connection.execute(wanted).mappings()]
    there = {embedding.id for embedding in present}
    return last_change(connection), present, [found for found in ids if found not in there]


def all_embeddings(connection: Connection, shelf: Shelf) -> tuple[int, EmbeddingColumns]:
    """Everything on a shelf."""
    seq = last_change(connection)
    found = connection.exec_driver_sql(ALL, (shelf.value,)).fetchall()
    columns = list(zip(*found, strict=True)) if found else [()] * 11
    return seq, EmbeddingColumns(
        ids=columns[0],
        report_ids=columns[1],
        crop_ids=columns[2],
        models=columns[3],
        species=columns[4],
        parts=columns[5],
        happened_at_s=np.array(columns[6], np.float64) / 1e6,
        lat=np.array(columns[7], np.float64),
        lon=np.array(columns[8], np.float64),
        is_open=np.array([status == Status.OPEN.value for status in columns[9]], np.bool_),
        vectors=[np.frombuffer(vector, rows.VECTOR) for vector in columns[10]],
    )
