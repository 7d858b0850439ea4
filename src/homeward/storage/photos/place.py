"""Where the photos of a data folder lie: its own folder or an object store; the facts of the folder say which."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import structlog

from homeward.domain.ids import ContentHash
from homeward.errors import BadSettings, Conflict, PhotoStoreUnavailable
from homeward.ports import Database, PhotoStorage
from homeward.storage.photos.folder import FolderPhotoStorage
from homeward.storage.photos.move import Moved, copy_photos

PHOTOS_AT = "photos_at"
FOLDER = "folder"
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """A folder, and the object store that is used instead where there is a ``url``. ``key`` never shows in a repr."""

    folder: Path
    url: str | None = None
    endpoint: str | None = None
    key: str | None = None

    def __repr__(self) -> str:
        """For people."""
        return self.name

    @property
    def name(self) -> str:
        """The URL, or ``folder``."""
        return self.url.rstrip("/") if self.url else FOLDER

    def check(self, known: str | None) -> None:
        """Compare with where the photos are known to be; None where that is not known.

        Raises:
            BadSettings: they are elsewhere.
        """
        if known not in {None, self.name}:
            hint = f"homeward migrate photos --to {self.name}, or set HOMEWARD_PHOTOS_URL as it was."
            raise BadSettings(f"The photos of this data folder are in: {known}.", field="photos_url", hint=hint)

    def open(self, *, check: bool = False) -> PhotoStorage:
        """The storage; ``check`` asks an object store whether it takes our photos.

        Raises:
            BadSettings: the store cannot be used as the settings say.
            PhotoStoreUnavailable: it does not answer (``check``).
        """
        if self.url is None:
            return FolderPhotoStorage(self.folder)
        if urlsplit(self.url).username is not None:
            hint = "Put the key into HOMEWARD_PHOTOS_KEY; addresses stand in logs."
            raise BadSettings("HOMEWARD_PHOTOS_URL holds a key.", field="photos_url", hint=hint)
        if find_spec("obstore") is None:
            raise BadSettings("obstore is missing.", field="photos_url", hint="pip install 'homeward[bucket]'")
        from homeward.storage.photos.bucket import BucketPhotoStorage

        bucket = BucketPhotoStorage.open(self.name, endpoint=self.endpoint, key=self.key)
        if check:
            bucket.check()
        return bucket


def open_photos(place: Place, database: Database) -> PhotoStorage:
    """The storage of ``place``, where the photos of ``database`` are; a store that is down comes back by itself.

    Raises:
        BadSettings: the photos are elsewhere, or the store refuses us.
    """
    with database.read() as work:
        known = work.facts.get(PHOTOS_AT) or (FOLDER if _has_photos(place.folder) else None)
    place.check(known)
    try:
        photos = place.open(check=True)
    except PhotoStoreUnavailable:
        log.warning("photo store does not answer; reports are refused until it does", where=place.name)
        photos = place.open()
    if known is None:
        with database.write() as work:
            work.facts.set(PHOTOS_AT, place.name)
    return photos


def move_photos(place: Place, url: str | None, database: Database, told: Callable[[int], None]) -> Moved:
    """Copy the photos of ``database`` to ``url`` (None: the folder) and use them there from now on.

    Raises:
        HomewardError: one of the two places cannot be used; the photos stay in use where they were.
    """
    with database.read() as work:
        known = work.facts.get(PHOTOS_AT) or FOLDER
    source, target = replace(place, url=None if known == FOLDER else known), replace(place, url=url)
    if source.name == target.name:
        raise Conflict(f"The photos are there already: {known}.", field="to")
    moved = copy_photos(source.open(), target.open(check=True), told)
    with database.write() as work:
        work.facts.set(PHOTOS_AT, target.name)
    return moved


def origin(photos: PhotoStorage) -> str:
    """Scheme and host of the addresses that ``photos`` gives; empty where it gives none."""
    parts = urlsplit(photos.link(ContentHash("0" * 64), 1) or "")
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def _has_photos(folder: Path) -> bool:
    return next(folder.glob("??/??/*.jpg"), None) is not None
