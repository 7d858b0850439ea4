"""HNSW graphs of pgvector, one for each space: made beside the running work, known by name. Never searches."""

import hashlib
import threading
import time
from dataclasses import dataclass, field

import structlog
from sqlalchemy import Connection, text

from homeward.errors import HomewardError
from homeward.storage.sql.postgres import PostgresDatabase

ASKED_AGAIN_S = 30.0
VALID = text(
    "SELECT i.indisvalid FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid WHERE c.oid = to_regclass(:name)"
)
DIMENSION = text("SELECT vector_dims(half) FROM points WHERE space = :space LIMIT 1")
ENOUGH_MEMORY = text("""
SELECT set_config('maintenance_work_mem', '512MB', false)
WHERE pg_size_bytes(current_setting('maintenance_work_mem')) < pg_size_bytes('512MB')
""")
MAKE = """
CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON points USING hnsw ((half::halfvec({dimension})) halfvec_l2_ops)
WITH (m = 16, ef_construction = 100) WHERE space = '{space}'
"""
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Graphs:
    """The graphs of a database."""

    database: PostgresDatabase
    _seen: dict[str, tuple[float, bool]] = field(default_factory=dict)
    _making: dict[str, threading.Thread] = field(default_factory=dict)

    def has(self, connection: Connection, space: str, dimension: int) -> bool:
        """Whether the graph is there; where it is not, it is begun, and searches go on without."""
        name, now = _name(space, dimension), time.monotonic()
        seen = self._seen.get(name)
        if seen is None or now - seen[0] > ASKED_AGAIN_S:
            seen = self._seen[name] = (now, _is_valid(connection, name) is True)
            if not seen[1]:
                self._begin(space)
        return seen[1]

    def make(self, space: str) -> None:
        """Make the graph and come back when it is there; of several processes one makes it."""
        with self.database.hold(f"graph of {space}") as is_mine:
            if is_mine:
                self._make(space)

    def _begin(self, space: str) -> None:
        working = self._making.get(space)
        if working is not None and working.is_alive():
            return
        self._making[space] = threading.Thread(target=self._try_make, args=(space,), name=f"graph {space}", daemon=True)
        self._making[space].start()

    def _try_make(self, space: str) -> None:
        try:
            self.make(space)
        except HomewardError as error:
            log.warning("a graph was not made; it is tried again", space=space, problem=error.message)

    def _make(self, space: str) -> None:
        with self.database.administer() as connection:
            dimension = connection.execute(DIMENSION, {"space": space}).scalar_one_or_none()
            if dimension is None:
                return
            name = _name(space, dimension)
            is_valid = _is_valid(connection, name)
            if is_valid:
                return
            if is_valid is False:  # an earlier making was cut off
                connection.execute(text(f"DROP INDEX CONCURRENTLY {name}"))
            log.info("making a graph", space=space)
            connection.execute(ENOUGH_MEMORY)
            connection.exec_driver_sql(MAKE.format(name=name, dimension=int(dimension), space=space.replace("'", "''")))
            self._seen.pop(name, None)
            log.info("made a graph", space=space)


def _name(space: str, dimension: int) -> str:
    digest = hashlib.sha256(space.encode()).hexdigest()[:16]
    return f"graph_{digest}_{dimension}"


def _is_valid(connection: Connection, name: str) -> bool | None:
    """None where there is no such graph."""
    found = connection.execute(VALID, {"name": name}).scalar_one_or_none()
    return None if found is None else bool(found)
