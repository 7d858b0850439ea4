"""A whole engine on real or in-memory storage, with models that need no weights."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from homeward.districts import NoDistricts
from homeward.domain.filing import NewReport
from homeward.domain.ids import AccountId, new_token
from homeward.domain.places import Point
from homeward.domain.reports import Camera, CameraId, Shelf
from homeward.engine.engine import Engine, Ports, Rules
from homeward.images.reader import PillowReader
from homeward.images.renderer import PillowRenderer
from homeward.ports import Space
from homeward.storage.index.exact import ExactIndex
from homeward.storage.index.pgvector import PgVectorIndex
from homeward.storage.photos.folder import FolderPhotoStorage
from homeward.storage.shelves import open_shelf
from homeward.storage.sql import SqlDatabase
from homeward.storage.sql.postgres import PostgresDatabase
from homeward.testing import (
    FakeDetector,
    FakeEmbedder,
    FakeSpaces,
    FixedClock,
    InMemoryDatabase,
    InMemoryPhotoStorage,
    RecordingMessenger,
    in_memory_shelves,
)
from homeward.testing.fakes import CALIBRATION

HOME = Point(57.6, 39.85)


@dataclass
class World:
    database: object
    shelves: dict
    photos: object
    detector: FakeDetector = field(default_factory=FakeDetector)
    embedder: FakeEmbedder = field(default_factory=FakeEmbedder)
    clock: FixedClock = field(default_factory=FixedClock)
    messenger: RecordingMessenger = field(default_factory=RecordingMessenger)
    rules: Rules = field(default_factory=Rules)
    other_spaces: tuple = ()
    districts: object = field(default_factory=NoDistricts)
    spaces: FakeSpaces = field(init=False)

    def __post_init__(self):
        self.spaces = FakeSpaces([Space(self.embedder, CALIBRATION), *self.other_spaces])
        self.engine = Engine(
            Ports(
                database=self.database,
                shelves=self.shelves,
                photos=self.photos,
                reader=PillowReader(20_000_000, 50_000_000),
                renderer=PillowRenderer(),
                detector=self.detector,
                spaces=self.spaces,
                messengers={None: self.messenger},
                clock=self.clock,
                districts=self.districts,
            ),
            self.rules,
        )

    def file(self, shelf, *photos, **fields):
        new = NewReport(Shelf(shelf), fields.pop("account_id", AccountId(new_token())), tuple(photos), **fields)
        return self.engine.add_lost(new) if new.shelf is Shelf.LOST else self.engine.add_found(new)

    def damage_photo(self, report):
        """Cut its file in half, as a failing disk does; the photo's hash."""
        with self.database.read() as work:
            ((shown, _),) = work.photos.of_report(report.id)
        jpeg = self.photos.get(shown.content_hash)
        self.photos.remove(shown.content_hash)
        self.photos.put(shown.content_hash, jpeg[: len(jpeg) // 2])
        return shown.content_hash

    def camera(self, name="yard", place=HOME):
        return self.engine.cameras.add(Camera(CameraId(name), name, place, None, self.clock.now()))


@cache
def _tables() -> bytes:
    """Of a database that the revisions made: they need longer than many a test."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "homeward.sqlite"
        SqlDatabase.open(path).close()
        return path.read_bytes()


def sqlite(path: Path) -> SqlDatabase:
    """The database of ``path``; where there is none, one with tables and no rows."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_tables())
    return SqlDatabase.open(path)


def on_disk(folder: Path, **parts) -> World:
    database = sqlite(folder / "homeward.sqlite")
    shelves = {shelf: open_shelf(shelf, ExactIndex(shelf, database)) for shelf in Shelf}
    return World(database, shelves, FolderPhotoStorage(folder / "photos"), **parts)


def on_postgres(url: str, folder: Path, **parts) -> World:
    database = PostgresDatabase.open(url)
    shelves = {shelf: open_shelf(shelf, PgVectorIndex(shelf, database)) for shelf in Shelf}
    return World(database, shelves, FolderPhotoStorage(folder / "photos"), **parts)


def in_memory(**parts) -> World:
    database = InMemoryDatabase()
    return World(database, in_memory_shelves(database), InMemoryPhotoStorage(), **parts)
