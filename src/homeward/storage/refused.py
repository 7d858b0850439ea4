"""Why the machine refuses to read or write a folder in which nothing is broken: rights, a mount, a full disk."""

import errno
import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from homeward.errors import Conflict, Forbidden, HomewardError, StorageFull
from homeward.storage.owner import me, name_of

FULL = {errno.ENOSPC, errno.EDQUOT}
RIGHTS = {errno.EACCES, errno.EPERM}
UNSURE = ("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_IOERR", "SQLITE_PERM")
ROWS = "homeward.sqlite*"
LEAST_BYTES = 100_000  # SQLite makes a file of 32 KB beside the rows to read them


def refused(error: OSError | sqlite3.Error, folder: Path) -> HomewardError | None:
    """What ``error``, met in ``folder``, says of the machine; None where it says something else."""
    if isinstance(error, sqlite3.Error):
        name = getattr(error, "sqlite_errorname", "")
        return full(folder) if name == "SQLITE_FULL" else _looked(folder) if name.startswith(UNSURE) else None
    if error.errno in FULL:
        return full(folder)
    if error.errno == errno.EROFS:
        return _read_only(folder)
    return _closed(Path(error.filename or folder)) if error.errno in RIGHTS else None


@contextmanager
def told(folder: Path) -> Iterator[None]:
    """Raise what the machine refuses in ``folder`` in words; other errors pass as they are.

    Raises:
        StorageFull: there is no room.
        Forbidden: this user has no right.
        Conflict: it is mounted read-only.
    """
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        found = refused(error, folder)
        if found is None:
            raise
        raise found from error


def full(folder: Path) -> StorageFull:
    """The disk, or this user's share of it."""
    hint = "Free some space there, or take another disk; then try again."
    return StorageFull(f"The disk of {folder} is full.", hint=hint)


def cannot_make(folder: Path) -> Forbidden:
    """A folder of data in one that belongs to somebody else."""
    there = _nearest(folder)
    owner = name_of(there.stat().st_uid)
    hint = f"Let {owner} make it (install -d -o '{name_of(me())}' -m 700 {folder}), or name another with --data."
    return Forbidden(f"{name_of(me())} may not make {folder}: {there} belongs to {owner}.", field="data", hint=hint)


def _read_only(folder: Path) -> Conflict:
    hint = "Mount it so that it can be written to, or copy the folder to where it can."
    return Conflict(f"The file system of {folder} is mounted read-only.", hint=hint)


def _closed(path: Path) -> Forbidden:
    there = _nearest(path)
    owner = name_of(there.stat().st_uid)
    hint = f"Run the command as {owner} (sudo -u '{owner}' homeward ...), or give it away with chown -R."
    return Forbidden(f"{name_of(me())} may not read or write {there}, which belongs to {owner}.", hint=hint)


def _nearest(path: Path) -> Path:
    """The path itself, or the first folder above it that can be seen."""
    return next(each for each in (path, *path.absolute().parents) if _is_seen(each))


def _is_seen(path: Path) -> bool:
    try:
        path.stat()
    except OSError:
        return False
    return True


def _looked(folder: Path) -> HomewardError | None:
    """SQLite says no more than that it cannot open a file; the machine can be asked."""
    if sys.platform != "win32" and os.statvfs(folder).f_flag & os.ST_RDONLY:
        return _read_only(folder)
    closed = next((path for path in (folder, *folder.glob(ROWS)) if not _is_open(path)), None)
    if closed is not None:
        return _closed(closed)
    return full(folder) if shutil.disk_usage(folder).free < LEAST_BYTES else None


def _is_open(path: Path) -> bool:
    needed = os.R_OK | os.W_OK | (os.X_OK if path.is_dir() else 0)
    return os.access(path, needed, effective_ids=os.access in os.supports_effective_ids)
