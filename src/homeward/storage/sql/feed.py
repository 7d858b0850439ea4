"""What the index reads: all embeddings in columns, and the changes after a number."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Connection, bindparam, delete, func, select, true

from homeward.domain.embeddings import Embedding
from homeward.domain.ids import EmbeddingId, ModelName
from homeward.domain.reports import Shelf, Status
from homeward.storage.index.changes import ChangesForgotten, EmbeddingColumns
from homeward.storage.sql import rows
from homeward.storage.sql.embeddings import full
from homeward.storage.sql.tables import changes, embeddings, reports

CHUNK = 8192
KEPT = 100_000  # changes
# SQLite answers min and max by the index's ends where each is asked for by itself, and both in one by reading all of it
KNOWN = select(*(select(end(changes.c.seq)).scalar_subquery() for end in (func.min, func.max))).subquery()
TOUCHED = (
    select(changes.c.embedding_id)
    .where(changes.c.seq > bindparam("seq"), changes.c.shelf == bindparam("shelf"))
    .distinct()
    .subquery()
)
AFTER = select(KNOWN, TOUCHED).select_from(KNOWN.outerjoin(TOUCHED, true()))
# plain SQL: 100,000 rows through row objects would take seconds, through tuples a fraction of one
# CROSS JOIN keeps SQLite to this order: vectors are read one after the other, and no sorter carries them about.
ALL = """
SELECT e.id, c.report_id, e.crop_id, r.species, c.part, r.happened_at,
  coalesce(r.home_lat, r.lat), coalesce(r.home_lon, r.lon), r.status, e.vector
FROM embeddings e CROSS JOIN crops c ON c.id = e.crop_id CROSS JOIN reports r ON r.id = c.report_id
WHERE r.shelf = ? AND e.model = ? ORDER BY e.id
"""


def last_change(connection: Connection) -> int:
    """The number of the latest change."""
    return int(connection.execute(select(func.coalesce(func.max(changes.c.seq), 0))).scalar_one())


def forget_changes(connection: Connection) -> None:
    """All but the latest, which an index elsewhere may not have read yet; who is farther behind reads all anew."""
    connection.execute(delete(changes).where(changes.c.seq < last_change(connection) - KEPT))


def changes_after(connection: Connection, seq: int, shelf: Shelf) -> tuple[int, list[Embedding], list[EmbeddingId]]:
    """The latest number, what changed as it is now, and what is gone.

    Raises:
        ChangesForgotten: some of them are not known any more.
    """
    found = connection.execute(AFTER, {"seq": seq, "shelf": shelf.value}).all()
    oldest, latest, _ = found[0]
    if oldest is not None and seq < oldest - 1:
        raise ChangesForgotten
    ids = [EmbeddingId(touched) for _, _, touched in found if touched is not None]
    present: list[Embedding] = []
    for start in range(0, len(ids), CHUNK):
        wanted = full().where(embeddings.c.id.in_(ids[start : start + CHUNK]), reports.c.shelf == shelf.value)
        present += [rows.embedding(row) for row in connection.execute(wanted).mappings()]
    there = {embedding.id for embedding in present}
    return latest or 0, present, [gone for gone in ids if gone not in there]


def all_embeddings(
    connection: Connection, shelf: Shelf, model: ModelName, take: Callable[[EmbeddingColumns], None]
) -> int:
    """Hand over a model's vectors of a shelf, batch by batch, so that no second copy of all of them is made."""
    seq = last_change(connection)
    cursor = connection.exec_driver_sql(ALL, (shelf.value, model))
    while found := cursor.fetchmany(CHUNK):
        take(_columns(found))
    return seq


def some_embeddings(
    connection: Connection, shelf: Shelf, model: ModelName, after: EmbeddingId, limit: int
) -> list[Embedding]:
    """Vectors of a model with ids above ``after``, in their order."""
    wanted = full().where(reports.c.shelf == shelf.value, embeddings.c.model == model, embeddings.c.id > after)
    found = connection.execute(wanted.order_by(embeddings.c.id).limit(limit)).mappings()
    return [rows.embedding(row) for row in found]


def _columns(found: Sequence[Any]) -> EmbeddingColumns:
    columns: list[Any] = list(zip(*found, strict=True))
    return EmbeddingColumns(
        ids=columns[0],
        report_ids=columns[1],
        crop_ids=columns[2],
        species=columns[3],
        parts=columns[4],
        happened_at_s=np.array(columns[5], np.float64) / 1e6,
        lat=np.array(columns[6], np.float64),
        lon=np.array(columns[7], np.float64),
        is_open=np.array([status == Status.OPEN.value for status in columns[8]], np.bool_),
        vectors=np.frombuffer(b"".join(columns[9]), rows.VECTOR).reshape(len(found), -1),
    )
