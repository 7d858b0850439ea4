"""Pictures in a folder by content hash: written, synced, renamed. Never half a file."""

import errno
import os
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from homeward.domain.ids import ContentHash
from homeward.errors import NotFound, StorageFull

HASH = re.compile(r"[0-9a-f]{64}")
TEMPORARY = ".part"
STALE_S = 3600


class FolderPhotoStorage:
    """`homeward.ports.PhotoStorage` as ``folder/ab/cd/<sha256>.jpg``."""

    def __init__(self, folder: Path) -> None:
        """Remove what an interrupted write left more than an hour ago; the first photo makes the folder."""
        self._folder = folder
        self._synced: set[str] = set()
        for stray in folder.glob(f"??/??/*{TEMPORARY}"):
            if time.time() - stray.stat().st_mtime > STALE_S:
                stray.unlink(missing_ok=True)

    def put(self, content_hash: ContentHash, jpeg: bytes) -> None:
        """Write and sync; when it returns, the file outlives a power cut."""
        target = self._path(content_hash)
        try:
            if _size(target) == len(jpeg):  # else it is missing, or was cut off since
                os.utime(target)  # a sweep leaves young files alone
                return
            self._make_folders(target.parent)
            _write_synced(target, jpeg)
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                hint = "Free some space, then send it again."
                raise StorageFull("The disk is full; nothing was kept.", hint=hint) from error
            raise

    def get(self, content_hash: ContentHash) -> bytes:
        """The bytes."""
        try:
            return self._path(content_hash).read_bytes()
        except FileNotFoundError:
            raise NotFound("There is no such picture.") from None

    def remove(self, content_hash: ContentHash) -> None:
        """Delete; absent is fine."""
        self._path(content_hash).unlink(missing_ok=True)

    def hashes(self) -> Iterator[tuple[ContentHash, datetime]]:
        """All files and when each was last written."""
        for path in self._folder.glob("??/??/*.jpg"):
            with suppress(FileNotFoundError):  # removed meanwhile
                yield ContentHash(path.stem), datetime.fromtimestamp(path.stat().st_mtime, UTC)

    def has(self, content_hash: ContentHash) -> bool:
        """Whether it is there."""
        return _size(self._path(content_hash)) is not None

    def link(self, content_hash: ContentHash, valid_s: int) -> str | None:  # noqa: ARG002 - the port
        """None: a folder has no address."""
        return None

    def _path(self, content_hash: ContentHash) -> Path:
        checked(content_hash)
        return self._folder / content_hash[:2] / content_hash[2:4] / f"{content_hash}.jpg"

    def _make_folders(self, folder: Path) -> None:
        """A folder is on the disk only when the one that it lies in was synced since; once in a process is enough."""
        made = []
        for each in (folder, folder.parent, self._folder):
            if str(each) in self._synced and each.is_dir():
                break
            made.append(each)
        folder.mkdir(parents=True, exist_ok=True)
        for each in reversed(made):
            _sync_folder(each.parent)
            self._synced.add(str(each))


def checked(content_hash: ContentHash) -> None:
    """Names of files come from outside too.

    Raises:
        NotFound: it is no hash.
    """
    if not HASH.fullmatch(content_hash):
        raise NotFound("There is no such picture.")


def _size(file: Path) -> int | None:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return None


def _write_synced(target: Path, data: bytes) -> None:
    temporary = target.with_name(f"{target.name}.{secrets.token_hex(4)}{TEMPORARY}")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """A rename is on the disk only when its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
