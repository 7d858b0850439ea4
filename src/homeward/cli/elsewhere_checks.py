"""The doctor's checks of what stands elsewhere, photos in an object store and vectors in Qdrant, against the rows."""

import hashlib
import random
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from homeward.cli.checks import Check
from homeward.errors import HomewardError, IndexUnavailable
from homeward.settings import Settings

if TYPE_CHECKING:
    from homeward.domain.ids import ContentHash
    from homeward.ports import PhotoStorage
    from homeward.storage.index.qdrant.points import Mark

LAG = 1_000  # changes
LOOKED_FOR = 500  # photos of an object store
LOOKED_INTO = 200  # photos that are read


@dataclass(frozen=True, slots=True)
class FileRows:
    """What these checks ask of the rows, of a file that a server may have open."""

    path: Path

    def fact(self, name: str) -> str | None:
        """A fact, or None."""
        from homeward.storage.sql.facts import peek

        return peek(self.path, name)

    def is_new(self) -> bool:
        """Whether there are no tables yet."""
        return not self._all("SELECT 1 FROM sqlite_master LIMIT 1")

    def hashes(self) -> list[str]:
        """Names of all photos."""
        return [found for (found,) in self._all("SELECT DISTINCT content_hash FROM photos")]

    def behind(self, seq: int) -> int:
        """How many changes came after ``seq``; less than 0 where ``seq`` has not come yet."""
        ((latest, count),) = self._all(
            "SELECT coalesce(max(seq), 0), count(*) FILTER (WHERE seq > ?) FROM changes", seq
        )
        return int(count if latest >= seq else latest - seq)

    def _all(self, statement: str, *values: int) -> list[tuple[Any, ...]]:
        import sqlite3

        with closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)) as rows:
            return rows.execute(statement, values).fetchall()


@dataclass(frozen=True, slots=True)
class ServerRows:
    """The same of a PostgreSQL database."""

    url: str

    def fact(self, name: str) -> str | None:
        """A fact, or None."""
        from homeward.storage.sql.postgres import looking

        return looking.fact(self.url, name)

    def is_new(self) -> bool:
        """Whether there are no tables yet."""
        return self._all("SELECT to_regclass('photos')")[0][0] is None

    def hashes(self) -> list[str]:
        """Names of all photos."""
        return [found for (found,) in self._all("SELECT DISTINCT content_hash FROM photos")]

    def behind(self, seq: int) -> int:
        """How many changes came after ``seq``; less than 0 where ``seq`` has not come yet."""
        ((latest, count),) = self._all(
            "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint, count(*) FROM changes "
            "WHERE xid >= CAST(CAST(:seq AS text) AS xid8)",
            seq=seq,
        )
        return int(count if latest >= seq else latest - seq)

    def _all(self, statement: str, **values: int) -> list[Any]:
        from sqlalchemy import text

        from homeward.storage.sql.postgres.looking import connected

        with connected(self.url) as (connection, _):
            return list(connection.execute(text(statement), values))


@dataclass(frozen=True, slots=True)
class NoRows:
    """The same before the first start."""

    def fact(self, name: str) -> None:
        """Nothing is known."""

    def hashes(self) -> list[str]:
        """There are no photos."""
        return []

    def behind(self, seq: int) -> int:  # noqa: ARG002 - as the others
        """Nothing has changed."""
        return 0


Rows = FileRows | ServerRows | NoRows


def examine_elsewhere(chosen: Settings) -> Iterator[Check]:
    """Both: compared with the rows, or tried before there are any."""
    try:
        rows = _rows(chosen)
        if chosen.photos_url is not None or not isinstance(rows, NoRows):
            yield from examine_photos(chosen, rows)
        yield from examine_index(chosen, rows)
    except HomewardError as error:  # the database itself has a check of its own
        yield Check("rows", "fail", error.message, error.hint or "")


def _rows(chosen: Settings) -> Rows:
    from homeward.app import DATABASE_FILE, database_url

    url, file = database_url(chosen), chosen.data / DATABASE_FILE
    if url is None and not file.exists():
        return NoRows()
    rows = FileRows(file) if url is None else ServerRows(url)
    return NoRows() if rows.is_new() else rows


def examine_photos(chosen: Settings, rows: Rows) -> Iterator[Check]:
    """Not all are looked for in an object store, since each look is a request; a few are read: are they whole?"""
    from homeward.app import photos_place
    from homeward.domain.ids import ContentHash
    from homeward.storage.photos.place import PHOTOS_AT
    from homeward.storage.refused import told

    place, hashes = photos_place(chosen), rows.hashes()
    try:
        place.check(rows.fact(PHOTOS_AT))
        with told(place.folder):
            photos = place.open(check=True)
            some = hashes if place.url is None else random.sample(hashes, min(LOOKED_FOR, len(hashes)))
            missing = {found for found in some if not photos.has(ContentHash(found))}
            there = [found for found in some if found not in missing]
            read = random.sample(there, min(LOOKED_INTO, len(there)))
            damaged = [found for found in read if not _is_whole(photos, ContentHash(found))]
    except HomewardError as error:
        yield Check("photos", "fail", error.message, error.hint or "")
        return
    looked = f"{len(some)} looked for, {len(missing)} missing, {len(read)} read, {len(damaged)} damaged"
    mend = "Copy them back from a backup, or from the bucket's older versions" if missing or damaged else ""
    yield Check("photos", "fail" if mend else "ok", f"{place.name}: {len(hashes)} named, {looked}", mend)


def _is_whole(photos: "PhotoStorage", content_hash: "ContentHash") -> bool:
    return hashlib.sha256(photos.get(content_hash)).hexdigest() == content_hash


def examine_index(chosen: Settings, rows: Rows) -> Iterator[Check]:
    """Whether Qdrant can be used, and how far its points follow the rows of found animals; lost ones lie in memory."""
    from homeward.app import embedder_in_use, registry
    from homeward.domain.ids import ModelName
    from homeward.domain.reports import Shelf
    from homeward.models.cards import EmbedderCard

    if chosen.index_url is None:
        return
    try:
        from homeward.storage.index.qdrant.opened import HISTORY
        from homeward.storage.index.qdrant.server import Server
    except ImportError:
        yield Check("index", "fail", "qdrant-client is missing", "pip install 'homeward[qdrant]'")
        return
    model, key = ModelName(embedder_in_use(chosen)), chosen.index_key
    url = str(chosen.index_url).rstrip("/")
    server = Server.open(url, rows.fact(HISTORY) or "none", key.get_secret_value() if key else None)
    try:
        card = registry(chosen).card(model)
        assert isinstance(card, EmbedderCard)
        server.check(model, card.dimension)
        mark = server.points(Shelf.FOUND, model).mark()
        yield followed(Shelf.FOUND.value, mark, rows.behind(mark.seq if mark else 0))
    except IndexUnavailable as error:
        yield Check("index", "fail", error.message, f"See whether Qdrant runs at {url}")
    except HomewardError as error:
        yield Check("index", "fail", error.message, error.hint or "See what was found above")
    finally:
        server.close()


def followed(shelf: str, mark: "Mark | None", behind: int) -> Check:
    """How far one shelf's points are; ``behind`` counts the changes above the mark."""
    name, mend = f"index, {shelf}", "homeward serve feeds it; homeward index --check compares it"
    if mark is None:
        return Check(name, "ok" if behind == 0 else "warn", "nothing in it yet", "" if behind == 0 else mend)
    if mark.filling is not None:
        return Check(name, "warn", f"being filled, up to vector {mark.filling}", "Wait while homeward serve runs")
    if behind < 0:
        return Check(name, "warn", "is of later rows than these: a backup was restored", mend)
    return Check(name, "ok" if behind < LAG else "warn", f"{behind} changes behind", mend if behind >= LAG else "")
