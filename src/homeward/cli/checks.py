"""The doctor's checks: each says ok, warn or fail, what it found, and how to mend it."""

import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from homeward.errors import HomewardError
from homeward.settings import Settings

if TYPE_CHECKING:
    from homeward.storage.index.qdrant.points import Mark

LEAST_FREE_BYTES = 500_000_000
LAG = 1_000  # changes
LOOKED_FOR = 500  # photos of an object store


@dataclass(frozen=True)
class Check:
    """One finding."""

    name: str
    state: str
    finding: str
    mend: str = ""


def examine(chosen: Settings) -> list["Check"]:
    """All checks, in the order in which one would mend things."""
    return [check for group in (_folder, _database, _index, _models, _service) for check in group(chosen)]


def _folder(chosen: Settings) -> Iterator[Check]:
    from homeward.storage.lock import DataFolderLock

    folder = chosen.data
    if not folder.exists():
        yield Check("data folder", "warn", f"{folder} is not there yet", "homeward serve makes it")
        return
    free = shutil.disk_usage(folder).free
    state = "ok" if free > LEAST_FREE_BYTES else "fail"
    yield Check("free space", state, f"{free / 1e9:.1f} GB", "" if state == "ok" else "Free some space on this disk")
    try:
        probe = folder / ".probe"
        probe.write_bytes(b"x")
        probe.unlink()
    except OSError as error:
        yield Check("writable", "fail", str(error.strerror), f"Let the user who serves write to {folder}")
    url = DataFolderLock.serving_url(folder)
    yield Check("server", "ok", f"serves on {url}" if url else "none is running")


def _database(chosen: Settings) -> Iterator[Check]:
    import sqlite3
    from contextlib import closing

    from homeward.app import database_url

    url = database_url(chosen)
    if url is not None:
        from homeward.cli.postgres_checks import examine_postgres

        yield from examine_postgres(url)
        return
    path = chosen.data / "homeward.sqlite"
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as rows:
            whole = rows.execute("PRAGMA quick_check").fetchone()[0]
            reports = rows.execute("SELECT count(*) FROM reports").fetchone()[0]
            waiting = rows.execute("SELECT count(*) FROM jobs").fetchone()[0]
            hashes = {found for (found,) in rows.execute("SELECT DISTINCT content_hash FROM photos")}
    except sqlite3.Error as error:
        yield Check("database", "fail", str(error), "Restore the latest backup: homeward restore")
        return
    mend = "" if whole == "ok" else "Restore the latest backup: homeward restore"
    yield Check("database", "ok" if whole == "ok" else "fail", f"{whole}, {reports} reports", mend)
    yield Check("waiting", "ok" if waiting < 100 else "warn", f"{waiting} reports wait to be matched",
                "" if waiting < 100 else "See the log for model errors")  # fmt: skip
    yield from _photos(chosen, path, sorted(hashes))


def _photos(chosen: Settings, database: Path, hashes: list[str]) -> Iterator[Check]:
    """In an object store not all are looked for, since each look is a request."""
    from homeward.app import photos_place
    from homeward.domain.ids import ContentHash
    from homeward.storage.photos.place import PHOTOS_AT
    from homeward.storage.sql.facts import peek

    place = photos_place(chosen)
    try:
        place.check(peek(database, PHOTOS_AT))
        photos = place.open(check=True)
        some = hashes if place.url is None else random.sample(hashes, min(LOOKED_FOR, len(hashes)))
        missing = [found for found in some if not photos.has(ContentHash(found))]
    except HomewardError as error:
        yield Check("photos", "fail", error.message, error.hint or "")
        return
    finding = f"{place.name}: {len(hashes)} named, {len(some)} looked for, {len(missing)} missing"
    mend = "" if not missing else "Copy them back from a backup, or from the bucket's older versions"
    yield Check("photos", "fail" if missing else "ok", finding, mend)


def _index(chosen: Settings) -> Iterator[Check]:
    """Whether Qdrant can be used, and how far each shelf's points follow the rows."""
    from homeward.app import DATABASE_FILE, embedder_in_use, registry
    from homeward.domain.ids import ModelName
    from homeward.domain.reports import Shelf
    from homeward.models.cards import EmbedderCard
    from homeward.storage.sql.facts import peek

    if chosen.index_url is None:
        return
    try:
        from homeward.storage.index.qdrant.opened import HISTORY
        from homeward.storage.index.qdrant.server import Server
    except ImportError:
        yield Check("index", "fail", "qdrant-client is missing", "pip install 'homeward[qdrant]'")
        return
    path, model = chosen.data / DATABASE_FILE, ModelName(embedder_in_use(chosen))
    key = chosen.index_key.get_secret_value() if chosen.index_key else None
    server = Server.open(str(chosen.index_url).rstrip("/"), peek(path, HISTORY) or "none", key)
    try:
        card = registry(chosen).card(model)
        assert isinstance(card, EmbedderCard)
        server.check(model, card.dimension)
        latest = _latest_change(path)
        for shelf in Shelf:
            yield _followed(shelf.value, server.points(shelf, model).mark(), latest)
    except HomewardError as error:
        yield Check("index", "fail", error.message, error.hint or f"See whether Qdrant runs at {chosen.index_url}")
    finally:
        server.close()


def _followed(shelf: str, mark: "Mark | None", latest: int) -> Check:
    name, mend = f"index, {shelf}", "homeward serve feeds it; homeward index --check compares it"
    if mark is None:
        return Check(name, "ok" if latest == 0 else "warn", "nothing in it yet", "" if latest == 0 else mend)
    if mark.filling is not None:
        return Check(name, "warn", f"being filled, up to vector {mark.filling}", "Wait while homeward serve runs")
    behind = latest - mark.seq
    if behind < 0:
        return Check(name, "warn", "is of later rows than these: a backup was restored", mend)
    return Check(name, "ok" if behind < LAG else "warn", f"{behind} changes behind", mend if behind >= LAG else "")


def _latest_change(path: Path) -> int:
    import sqlite3
    from contextlib import closing

    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as rows:
            return int(rows.execute("SELECT coalesce(max(seq), 0) FROM changes").fetchone()[0])
    except sqlite3.Error:
        return 0


def _models(chosen: Settings) -> Iterator[Check]:
    from homeward.app import embedder_in_use, registry

    models, in_use = registry(chosen), embedder_in_use(chosen)
    if in_use != chosen.embedder:
        mend = f"homeward reindex --model {chosen.embedder}, or set HOMEWARD_EMBEDDER={in_use}"
        yield Check("model setting", "warn", f"asks for {chosen.embedder}, the data folder uses {in_use}", mend)
    for kind, name in (("detector", chosen.detector), ("embedder", in_use)):
        yield _tried(f"{kind} {name}", lambda name=name: models.check_golden(name))  # type: ignore[misc]


def _service(chosen: Settings) -> Iterator[Check]:
    from homeward.app import embedder_in_use, service_used

    service = service_used(chosen)
    if service is None:
        return
    for name in (chosen.detector, embedder_in_use(chosen)):
        try:
            service.check(name)
        except HomewardError as error:
            found = f"{error.message} The local network works instead."
            yield Check(f"model service, {name}", "warn", found, error.hint or "")
        else:
            yield Check(f"model service, {name}", "ok", "runs it")


def _tried(name: str, ask: Callable[[], bool]) -> Check:
    try:
        has_golden = ask()
    except HomewardError as error:
        return Check(name, "fail", error.message, error.hint or "Install Homeward or the model again")
    finding = "gives its golden numbers" if has_golden else "opens; its card has no golden numbers"
    return Check(name, "ok" if has_golden else "warn", finding)
