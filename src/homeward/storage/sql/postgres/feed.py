"""What a following index reads on PostgreSQL, where a later number may be committed before an earlier one.

The number of a change is issued before its transaction commits, so a follower of numbers would pass over what commits
late. It follows the ids of transactions instead: whatever a reading cannot see yet belongs to a transaction that is not
older than the oldest one then running, and the next reading begins there. Some changes are read twice, none is missed.
"""

from collections.abc import Callable

import numpy as np
from sqlalchemy import Connection, TextClause, text

from homeward.domain.embeddings import Embedding
from homeward.domain.ids import EmbeddingId, ModelName
from homeward.domain.reports import Shelf
from homeward.storage.index.changes import ChangesForgotten, EmbeddingColumns
from homeward.storage.sql import feed as by_id
from homeward.storage.sql import rows
from homeward.storage.sql.embeddings import full
from homeward.storage.sql.tables import embeddings, reports
from homeward.storage.sql.types import to_us

CHUNK = 8192
KEPT = 1_000_000  # changes; whoever is farther behind reads everything anew
OLDEST_RUNNING = text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
NEXT_TO_COME = text("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")
LATEST_KNOWN = text("""
SELECT greatest(
  (SELECT coalesce(max(xid::text::bigint), -1) FROM changes),
  (SELECT coalesce(max(value::bigint), -1) FROM facts WHERE name = 'changes_forgotten')
)
""")
AFTER = text("""
SELECT pg_snapshot_xmin(now)::text::bigint, pg_snapshot_xmax(now)::text::bigint,
  coalesce((SELECT value::bigint FROM facts WHERE name = 'changes_forgotten'), -1), touched.embedding_id
FROM pg_current_snapshot() AS now LEFT JOIN (
  SELECT DISTINCT embedding_id FROM changes WHERE xid >= CAST(CAST(:seq AS text) AS xid8) AND shelf = :shelf
) AS touched ON true
""")
FORGET = text("""
WITH gone AS (DELETE FROM changes WHERE seq < (SELECT max(seq) FROM changes) - :kept RETURNING xid),
  last AS (SELECT max(xid::text::bigint) AS xid FROM gone)
INSERT INTO facts (name, value) SELECT 'changes_forgotten', xid::text FROM last WHERE xid IS NOT NULL
ON CONFLICT (name) DO UPDATE SET value = greatest(facts.value::bigint, excluded.value::bigint)::text
""")


def begin_anew_elsewhere(connection: Connection) -> bool:
    """Where the rows were restored into another cluster, whose transactions are numbered anew: forget all changes.

    Whoever follows them, an index of this process or a Qdrant server, then begins from the vectors themselves.
    """
    latest = connection.execute(LATEST_KNOWN).scalar_one()
    if latest < _number(connection, NEXT_TO_COME):
        return False
    connection.execute(text("DELETE FROM changes"))
    connection.execute(text("DELETE FROM facts WHERE name IN ('changes_forgotten', 'index_history')"))
    return True


def last_change(connection: Connection) -> int:
    """The id that the next transaction gets."""
    return _number(connection, NEXT_TO_COME)


def forget_changes(connection: Connection, kept: int = KEPT) -> None:
    """All but the latest; how far that goes is remembered."""
    connection.execute(FORGET, {"kept": kept})


def changes_after(connection: Connection, seq: int, shelf: Shelf) -> tuple[int, list[Embedding], list[EmbeddingId]]:
    """The oldest transaction still running, what changed since ``seq`` as it is now, and what is gone.

    Raises:
        ChangesForgotten: some of them are not known any more.
    """
    found = connection.execute(AFTER, {"seq": seq, "shelf": shelf.value}).all()
    running, next_to_come, forgotten, _ = found[0]
    if seq > next_to_come or seq <= forgotten:  # of another cluster; or too long ago
        raise ChangesForgotten
    ids = [EmbeddingId(row.embedding_id) for row in found if row.embedding_id is not None]
    present: list[Embedding] = []
    for start in range(0, len(ids), CHUNK):
        wanted = full().where(embeddings.c.id.in_(ids[start : start + CHUNK]), reports.c.shelf == shelf.value)
        present += [rows.embedding(row) for row in connection.execute(wanted).mappings()]
    there = {embedding.id for embedding in present}
    return running, present, [gone for gone in ids if gone not in there]


def some_embeddings(
    connection: Connection, shelf: Shelf, model: ModelName, after: EmbeddingId, limit: int
) -> tuple[int, list[Embedding]]:
    """Vectors of a model with ids above ``after``, in their order, and the oldest transaction that may be missing."""
    running = _number(connection, OLDEST_RUNNING)
    return running, by_id.some_embeddings(connection, shelf, model, after, limit)


def all_embeddings(
    connection: Connection, shelf: Shelf, model: ModelName, take: Callable[[EmbeddingColumns], None]
) -> int:
    """Hand over a model's vectors of a shelf, batch by batch; the server keeps what has not been asked for yet."""
    running = _number(connection, OLDEST_RUNNING)
    wanted = full().where(reports.c.shelf == shelf.value, embeddings.c.model == model).order_by(embeddings.c.id)
    found = connection.execution_options(yield_per=CHUNK).execute(wanted).mappings()
    for some in found.partitions(CHUNK):
        take(_columns([rows.embedding(row) for row in some]))
    return running


def _columns(found: list[Embedding]) -> EmbeddingColumns:
    places = [(e.place.lat, e.place.lon) if e.place else (np.nan, np.nan) for e in found]
    return EmbeddingColumns(
        ids=[e.id for e in found],
        report_ids=[e.report_id for e in found],
        crop_ids=[e.crop_id for e in found],
        species=[e.species.value for e in found],
        parts=[e.part.value for e in found],
        happened_at_s=np.array([to_us(e.happened_at) for e in found], np.float64) / 1e6,
        lat=np.array([lat for lat, _ in places], np.float64),
        lon=np.array([lon for _, lon in places], np.float64),
        is_open=np.array([e.is_open for e in found], np.bool_),
        vectors=np.stack([e.vector for e in found]),
    )


def _number(connection: Connection, statement: TextClause) -> int:
    return int(connection.execute(statement).scalar_one())
