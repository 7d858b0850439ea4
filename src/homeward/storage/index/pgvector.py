"""Nearest neighbours on PostgreSQL with pgvector: a vector in, its neighbours among the committed rows out.

The rows of `points` are kept by triggers, in the very transaction that changes a report or a vector: there is nothing
to follow, and nothing to lag behind of. Where few rows pass the filter, all of them are looked at; where many do, an
HNSW graph is walked. Both choose by `halfvec`, and both tell distances by the float32 of the vectors.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Text, bindparam, text

from homeward.domain.animals import Part
from homeward.domain.embeddings import Filter, Neighbour, Search, Vector
from homeward.domain.ids import CropId, EmbeddingId, ModelName, ReportId
from homeward.domain.reports import Shelf
from homeward.storage.index.graph import Graphs
from homeward.storage.index.points import Condition, condition, space_of
from homeward.storage.sql.postgres import PostgresDatabase
from homeward.storage.sql.rows import vector_bytes
from homeward.storage.sql.types import vector_text

FEW = 20_000  # rows; fewer are looked at one by one sooner than a graph is walked for as many as we ask for
MEASURED_FOR_S = 10.0
HALF_ERROR = 2e-3
"""How far the distances of two `halfvec` may be off, each of the two vectors being off by 2**-11 of its length, twice:
once for the row that comes last, and once for the row that it pushed out. Rounded up from 4 * 2**-11."""

MEASURE = "SELECT count(*) FROM (SELECT 1 FROM points WHERE space = :space AND {rough} LIMIT :most) AS passing"
COUNT = "SELECT count(*) FROM points WHERE space = :space AND {exact}"
ALL = """
WITH near AS MATERIALIZED (
  SELECT embedding_id, report_id, crop_id, half <-> CAST(:vector AS halfvec) AS distance
  FROM points WHERE space = :space AND {exact}
), edge AS (SELECT distance FROM near ORDER BY distance OFFSET :k - 1 LIMIT 1)
SELECT near.embedding_id, near.report_id, near.crop_id, e.vector <-> CAST(:vector AS vector) AS l2_distance
FROM near JOIN embeddings e ON e.id = near.embedding_id
WHERE near.distance <= coalesce((SELECT distance FROM edge) + :error, 'infinity')
ORDER BY l2_distance, near.embedding_id LIMIT :k
"""
WALK = """
WITH near AS MATERIALIZED (
  SELECT embedding_id, report_id, crop_id FROM points WHERE space = :space AND {exact}
  ORDER BY half::halfvec({dimension}) <-> CAST(:vector AS halfvec({dimension})) LIMIT :some
)
SELECT near.embedding_id, near.report_id, near.crop_id, e.vector <-> CAST(:vector AS vector) AS l2_distance
FROM near JOIN embeddings e ON e.id = near.embedding_id
ORDER BY l2_distance, near.embedding_id LIMIT :k
"""
# As wide as pgvector allows: of the ten looks of an animal among 300,000 others, 0.99 are found, 0.92 at a width of 200
WALKING = text("""
SELECT set_config('hnsw.iterative_scan', 'strict_order', true), set_config('hnsw.ef_search', '1000', true),
  set_config('hnsw.max_scan_tuples', '500000', true), set_config('hnsw.scan_mem_multiplier', '8', true),
  set_config('enable_sort', 'off', true), set_config('enable_seqscan', 'off', true)
""")


@dataclass(slots=True)
class PgVectorIndex:
    """`homeward.ports.EmbeddingIndex` over one shelf. ``few`` and ``graphs`` decide when a graph is walked."""

    shelf: Shelf
    database: PostgresDatabase
    few: int = FEW
    graphs: Graphs = field(init=False)
    _measured: dict[tuple[str, Filter], tuple[float, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Graphs are made as they are needed."""
        self.graphs = Graphs(self.database)

    def nearest(self, vector: Vector, k: int, where: Filter) -> list[Neighbour]:
        """The ``k`` nearest that pass ``where``, nearest first, by true L2; every committed row counts."""
        return self.nearest_of_each([Search(vector, k, where)])[0]

    def nearest_of_each(self, searches: Sequence[Search]) -> list[list[Neighbour]]:
        """What `nearest` finds for each of ``searches``, in one transaction."""
        if not searches:
            return []
        with self.database.search() as connection:
            return [self._nearest(connection, search) for search in searches]

    def count(self, where: Filter) -> int:
        """How many embeddings pass ``where``."""
        asked = condition(where)
        with self.database.search() as connection:
            return sum(
                int(connection.execute(_statement(COUNT, asked), {"space": space, **asked.values}).scalar_one())
                for space in self._spaces(where)
            )

    def load(self, model: ModelName) -> None:
        """Make the graphs of ``model`` where it has many vectors, so that the first search finds them made."""
        for space in self._spaces(Filter(model)):
            with self.database.search() as connection:
                passing = self._passing(connection, space, Filter(model, only_open=False))
            if passing >= self.few:
                self.graphs.make(space)

    def _spaces(self, where: Filter) -> list[str]:
        return [space_of(self.shelf, part, where.model) for part in ([where.part] if where.part else Part)]

    def _nearest(self, connection: Connection, search: Search) -> list[Neighbour]:
        if search.k <= 0:
            return []
        found = [near for space in self._spaces(search.where) for near in self._within(connection, space, search)]
        return sorted(found, key=lambda neighbour: (neighbour.l2_distance, neighbour.embedding_id))[: search.k]

    def _within(self, connection: Connection, space: str, search: Search) -> list[Neighbour]:
        vector, k = search.vector, search.k
        asked = condition(search.where)
        is_many = self._passing(connection, space, search.where) >= max(self.few, k)
        if is_many and self.graphs.has(connection, space, len(vector)):
            found = self._walked(connection, space, vector, k, asked)
            if len(found) == k:
                return found  # else the graph was left before enough of its rows passed
        return self._looked_at(connection, space, vector, k, asked)

    def _passing(self, connection: Connection, space: str, where: Filter) -> int:
        """About how many rows pass, counted up to `few`; kept for some seconds, as many searches ask alike."""
        key, now = (space, where), time.monotonic()
        known = self._measured.get(key)
        if known is not None and now - known[0] < MEASURED_FOR_S:
            return known[1]
        asked = condition(where)
        values = {"space": space, "most": self.few, **asked.values}
        passing = int(connection.execute(_statement(MEASURE, asked), values).scalar_one())
        if len(self._measured) >= 1000:
            self._measured.clear()
        self._measured[key] = (now, passing)
        return passing

    def _looked_at(
        self, connection: Connection, space: str, vector: Vector, k: int, asked: Condition
    ) -> list[Neighbour]:
        values = {"space": space, "vector": vector_text(vector_bytes(vector)), "k": k, "error": HALF_ERROR}
        return _neighbours(connection.execute(_statement(ALL, asked), {**values, **asked.values}).all())

    def _walked(self, connection: Connection, space: str, vector: Vector, k: int, asked: Condition) -> list[Neighbour]:
        """Some more than ``k`` by halfvec, of which the float32 choose."""
        values = {"space": space, "vector": vector_text(vector_bytes(vector)), "k": k, "some": k + 10 + k // 10}
        statement = _statement(WALK, asked, dimension=len(vector))
        with connection.begin_nested() as settings:  # they end with it
            connection.execute(WALKING)
            found = connection.execute(statement, {**values, **asked.values}).all()
            settings.rollback()
        return _neighbours(found)


def _statement(sql: str, asked: Condition, **parts: Any) -> Any:
    """The name of the space stands in the text, so that the planner knows which graph is meant."""
    whole = text(sql.format(rough=asked.rough, exact=asked.exact, **parts))
    return whole.bindparams(bindparam("space", type_=Text, literal_execute=True))


def _neighbours(found: Sequence[Any]) -> list[Neighbour]:
    return [Neighbour(EmbeddingId(row[0]), ReportId(row[1]), CropId(row[2]), float(row[3])) for row in found]
