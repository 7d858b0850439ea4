"""A data folder as one .tar file, taken while others read and write; and back. Never writes over anything."""

import hashlib
import io
import json
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from homeward.domain.ids import ContentHash
from homeward.errors import Conflict, DatabaseUnfit, InvalidInput, NotFound, StorageFull
from homeward.ports import PhotoStorage
from homeward.storage.owner import check_user
from homeward.storage.photos.place import PHOTOS_AT, Place
from homeward.storage.refused import full, refused, told
from homeward.storage.sql.closed import CLOSED, check_not_closed
from homeward.storage.sql.facts import peek

DATABASE = "homeward.sqlite"
MANIFEST = "manifest.json"
PHOTOS = "photos"
MODELS = "models"
FORMAT, FORMATS = 2, {1, 2}  # the first had no models
INDEX_HISTORY = "index_history"  # see homeward.storage.index.qdrant.opened, which needs its extra
MAX_MANIFEST_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Summary:
    """What a backup holds. ``missing`` counts photos that rows name, and still name at the end, that were not there.

    ``damaged`` names those that are no longer what was kept; they are left out. ``elsewhere`` is the object store that
    has the photos of a backup without photos.
    """

    reports: int
    photos: int
    missing: int
    elsewhere: str | None = None
    damaged: tuple[str, ...] = ()


def backup(folder: Path, target: Path, place: Place, *, with_photos: bool = True) -> Summary:
    """Write the data folder's present moment to ``target``; the photos are in ``place`` and may stay there.

    The database is copied first; photos are never changed, so those that its rows name are as they were then. Models
    that were added to the folder, and what was measured of them there, go along.

    Raises:
        Conflict: ``target`` is there already, or the rows went to PostgreSQL.
        NotFound: ``folder`` holds no database, or there is no folder for ``target``.
        BadSettings: the photos are not in ``place``.
        HomewardError: the machine refuses to read ``folder`` or to write ``target``; see `homeward.storage.refused`.
    """
    with told(target.parent):
        if target.exists():
            raise Conflict(f"{target} is there already.", field="target", hint="Name a new file.")
        if not target.parent.is_dir():
            raise NotFound(f"There is no folder {target.parent}.", field="target", hint="Make it, or name another.")
    source = folder / DATABASE
    with told(folder):
        try:
            source.stat()
        except FileNotFoundError:
            hint = "Name the folder with --data."
            raise NotFound(f"There is no data in {folder}.", field="data", hint=hint) from None
    check_not_closed(peek(source, CLOSED))
    place.check(peek(source, PHOTOS_AT))
    with told(folder):
        photos = place.open() if with_photos else None
    partial = target.with_name(target.name + ".part")
    with told(target.parent):
        try:
            with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
                copy = Path(scratch) / DATABASE
                _copy_database(source, copy, target.parent)
                summary = _write(source, copy, photos, folder / MODELS, partial)
            partial.rename(target)
        finally:
            partial.unlink(missing_ok=True)
    return summary


def restore(source: Path, folder: Path, place: Place) -> Summary:
    """Unpack a backup into ``folder``, which must be empty or absent, and its photos into ``place``.

    Every hash is checked. The photos of a backup without photos stay where they were.

    Raises:
        Conflict: ``folder`` is not empty.
        NotFound: there is no ``source``.
        Forbidden: this process is root's, and ``folder`` another user's.
        InvalidInput: ``source`` is no backup, or is damaged.
        HomewardError: the machine takes nothing more in ``folder``; see `homeward.storage.refused`.
    """
    with told(source):
        if not source.exists():
            raise NotFound(f"There is no {source}.", field="source")
    if folder.exists() and any(folder.iterdir()):
        hint = "Name an empty folder with --data; rename it afterwards."
        raise Conflict(f"{folder} is not empty.", field="data", hint=hint)
    check_user(folder)
    with _left_as_it_was(folder):
        with told(folder):
            folder.mkdir(parents=True, exist_ok=True)
        try:
            with tarfile.open(source, "r:") as archive:
                return _unpack(archive, folder, place)
        except (OSError, sqlite3.Error) as error:
            raise refused(error, folder) or _unread(source, error) from error
        except (tarfile.TarError, KeyError, ValueError) as error:
            raise _unread(source, error) from error
        except StorageFull as error:
            raise full(place.folder) from error


@contextmanager
def _left_as_it_was(folder: Path) -> Iterator[None]:
    """Empty or absent, if this fails: so that a better backup can be tried at once."""
    was_there = folder.exists()
    try:
        yield
    except BaseException:
        for each in folder.iterdir() if folder.exists() else ():
            if each.is_dir():
                shutil.rmtree(each)
            else:
                each.unlink()
        if not was_there and folder.exists():
            folder.rmdir()
        raise


def _copy_database(source: Path, target: Path, disk: Path) -> None:
    """To ``target`` on ``disk``; what of the source is refused is seen by asking it for something first."""
    try:
        with told(source.parent), closing(sqlite3.connect(source)) as rows:
            rows.execute("SELECT count(*) FROM sqlite_master")
            with told(disk), closing(sqlite3.connect(target)) as copy:
                rows.backup(copy)
                copy.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.DatabaseError as error:
        hint = "homeward doctor tells more. Without sound rows there is nothing to save; is there an older backup?"
        raise DatabaseUnfit(f"{source.name} cannot be copied: {error}.", hint=hint) from error


def _write(source: Path, database: Path, photos: PhotoStorage | None, models: Path, target: Path) -> Summary:
    """``database`` is the copy of ``source``, in which reports may be erased meanwhile, with their photos."""
    kept = 0
    absent: set[ContentHash] = set()
    damaged: list[str] = []
    with tarfile.open(target, "w:") as archive:
        archive.add(database, DATABASE)
        for file in sorted(models.rglob("*")):
            if file.is_file():
                _add(archive, f"{MODELS}/{file.relative_to(models).as_posix()}", file.read_bytes())
        for content_hash in _named(database) if photos else ():
            try:
                data = photos.get(content_hash) if photos else b""
            except NotFound:
                absent.add(content_hash)
                continue
            if hashlib.sha256(data).hexdigest() != content_hash:  # restored it would be refused, and all with it
                damaged.append(content_hash)
                continue
            _add(archive, f"{PHOTOS}/{content_hash}.jpg", data)
            kept += 1
        missing = len(absent.intersection(_named(source))) if absent else 0
        elsewhere = None if photos else peek(database, PHOTOS_AT)
        summary = Summary(_count_reports(database), kept, missing, elsewhere, tuple(damaged))
        manifest = {
            "format": FORMAT,
            "database_sha256": hashlib.sha256(database.read_bytes()).hexdigest(),
            "reports": summary.reports,
            "photos": summary.photos,
            "missing": summary.missing + len(damaged),
            "elsewhere": summary.elsewhere,
        }
        _add(archive, MANIFEST, json.dumps(manifest).encode())
    return summary


def _unpack(archive: tarfile.TarFile, folder: Path, place: Place) -> Summary:
    photos = place.open()
    manifest: dict[str, object] | None = None
    digest = ""
    count = 0
    for member in archive:
        name = PurePosixPath(member.name)
        if not member.isfile() or name.is_absolute() or ".." in name.parts:
            raise _broken(f"{member.name} does not belong into a backup.")
        if member.name == DATABASE:
            digest = _save(archive, member, folder / f"{DATABASE}.part")
        elif member.name == MANIFEST and member.size <= MAX_MANIFEST_BYTES:
            manifest = json.loads(_read(archive, member))
        elif PurePosixPath(MODELS) in name.parents:
            kept = folder / name
            kept.parent.mkdir(parents=True, exist_ok=True)
            _save(archive, member, kept)
        elif name.parent == PurePosixPath(PHOTOS):
            count += _restore_photo(photos, name.stem, _read(archive, member))
        else:
            raise _broken(f"{member.name} does not belong into a backup.")
    if (
        not isinstance(manifest, dict)
        or manifest.get("format") not in FORMATS
        or manifest.get("database_sha256") != digest
    ):
        raise _broken("It is not complete: the manifest does not fit the database.")
    if manifest.get("photos") != count:
        raise _broken(f"It is not complete: {manifest.get('photos')} photos were saved, {count} are there.")
    elsewhere = manifest.get("elsewhere")
    _say_where(folder / f"{DATABASE}.part", place.name if elsewhere is None else str(elsewhere))
    (folder / f"{DATABASE}.part").rename(folder / DATABASE)
    found = Summary(int(str(manifest["reports"])), count, int(str(manifest["missing"])))
    return replace(found, elsewhere=str(elsewhere) if elsewhere else None)


def _say_where(database: Path, place: str) -> None:
    """The photos are in ``place``, and an index elsewhere knows nothing of these rows.

    A backup of an older version has no table of facts.
    """
    with closing(sqlite3.connect(database)) as rows, rows:
        if rows.execute("SELECT 1 FROM sqlite_master WHERE name = 'facts'").fetchone() is None:
            return
        rows.execute("INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)", (PHOTOS_AT, place))
        rows.execute("DELETE FROM facts WHERE name = ?", (INDEX_HISTORY,))


def _restore_photo(photos: PhotoStorage, content_hash: str, data: bytes) -> int:
    if hashlib.sha256(data).hexdigest() != content_hash:
        raise _broken(f"Photo {content_hash} is damaged.")
    photos.put(ContentHash(content_hash), data)
    return 1


def _save(archive: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> str:
    source = archive.extractfile(member)
    if source is None:
        raise _broken(f"{member.name} cannot be read.")
    digest = hashlib.sha256()
    with target.open("wb") as file:
        while chunk := source.read(1 << 20):
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest()


def _read(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    source = archive.extractfile(member)
    if source is None:
        raise _broken(f"{member.name} cannot be read.")
    return source.read()


def _add(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    info.mode = 0o600
    archive.addfile(info, io.BytesIO(data))


def _named(database: Path) -> Iterator[ContentHash]:
    with closing(sqlite3.connect(database)) as rows:
        for (content_hash,) in rows.execute("SELECT DISTINCT content_hash FROM photos ORDER BY content_hash"):
            yield ContentHash(content_hash)


def _count_reports(database: Path) -> int:
    with closing(sqlite3.connect(database)) as rows:
        return int(rows.execute("SELECT count(*) FROM reports").fetchone()[0])


def _unread(source: Path, error: Exception) -> InvalidInput:
    return _broken(f"{source.name} cannot be read as a backup: {error}")


def _broken(message: str) -> InvalidInput:
    return InvalidInput(message, field="source", hint="Use another backup; the target folder was not put into use.")
