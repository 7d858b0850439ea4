"""A data folder with one lost cat and as many matches as wanted: for pictures of the page, and for its speed."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from homeward.cli.demo.city import CAMERAS, DISTRICTS
from homeward.cli.demo.pictures import of_cat
from homeward.client import Client
from homeward.districts import GeoJsonDistricts
from homeward.domain.animals import Part, Species
from homeward.domain.boxes import Box
from homeward.domain.ids import AccountId, CameraId, EncounterId, ModelName, PhotoId, ReportId
from homeward.domain.matches import Match, Reason, ReasonCode, Verdict
from homeward.domain.places import Point, distance_km
from homeward.domain.reports import Camera, Held, NewCrop, Photo, Report, Shelf, Source
from homeward.images.reader import PillowReader
from homeward.ports import SafePhoto
from homeward.storage.photos.folder import FolderPhotoStorage
from homeward.storage.sql import SqlDatabase

LOST = ReportId("lost")
HOME = Point(57.6012, 39.8478)
STREETS = ("by the bakery", "Linden street 4", "at the school", "", "near the pond", "")
MEGA = 1_000_000


@dataclass(frozen=True, slots=True)
class Crowd:
    """The database, the pictures in turn, and the random numbers."""

    database: SqlDatabase
    pictures: tuple[SafePhoto, ...]
    districts: GeoJsonDistricts
    rng: Any
    now: datetime

    def add(self, work: Any, report: Report, picture: int) -> Any:
        """A report with one photo; its crop."""
        seen = self.pictures[picture % len(self.pictures)]
        work.reports.add(report)
        height, width = seen.picture.shape[:2]
        photo = Photo(PhotoId(f"p-{report.id}"), report.id, seen.content_hash, width, height, 0, report.created_at)
        box = Box(0, 0, width, height)
        work.photos.add(photo)
        return work.photos.add_crops([NewCrop(photo.id, report.id, 0, Part.BODY, box, Species.CAT, 0.9)])[0]

    def report(self, name: str, shelf: Shelf, place: Point, moment: datetime) -> Report:
        """A cat, with the district of its place."""
        district = self.districts.district(place)
        return Report(
            ReportId(name), shelf, AccountId(name), Species.CAT, 1.0, moment, moment, EncounterId(name),
            place=place, district=district,
        )  # fmt: skip


def fill(folder: Path, count: int) -> None:
    """One lost cat, ``count`` finds around its home, each a match; best first, half of them by cameras."""
    reader, store = PillowReader(20 * MEGA, 50 * MEGA), FolderPhotoStorage(folder / "photos")
    pictures = tuple(reader.read(photo) for pet in of_cat() for photo in (*pet.lost[:1], *pet.found))
    for picture in pictures:
        store.put(picture.content_hash, picture.jpeg)
    now = datetime.now(UTC).replace(microsecond=0)
    database = SqlDatabase.open(folder / "homeward.sqlite")
    crowd = Crowd(database, pictures, GeoJsonDistricts(DISTRICTS), np.random.default_rng(7), now)
    with database.write() as work:
        for camera_id, name, lat, lon in CAMERAS:
            place = Point(lat, lon)
            work.cameras.save(Camera(CameraId(camera_id), name, place, crowd.districts.district(place), now))
        lost = replace(crowd.report(LOST, Shelf.LOST, HOME, now - timedelta(days=9)), home=HOME, name="Chelsea")
        own = crowd.add(work, lost, 0)
        for n in range(count):
            _match(crowd, work, lost, own, n / max(1, count - 1))
    database.close()


def _match(crowd: Crowd, work: Any, lost: Report, own: Any, rank: float) -> None:
    """The better (rank 0 to 1), the nearer home it was seen, as it would be."""
    rng, number = crowd.rng, round(rank * 1e6)
    moment = crowd.now - timedelta(minutes=int(rng.integers(20, 9 * 24 * 60)))
    if rng.random() < 0.5:
        camera_id, _, lat, lon = CAMERAS[int(rng.integers(len(CAMERAS)))]
        found = replace(
            crowd.report(f"found{number}", Shelf.FOUND, Point(lat, lon), moment),
            source=Source.CAMERA, camera_id=CameraId(camera_id),
        )  # fmt: skip
    else:
        east, north = (0.004 + 0.03 * rank) * rng.normal(size=2)
        found = crowd.report(f"found{number}", Shelf.FOUND, Point(HOME.lat + north, HOME.lon + 1.9 * east), moment)
        held = (Held.HELD, Held.LOOSE, None)[int(rng.integers(3))]
        found = replace(found, held=held, address=STREETS[int(rng.integers(len(STREETS)))] or None)
    crop = crowd.add(work, found, 1 + int(rng.integers(4)) if rank < 0.1 else int(rng.integers(len(crowd.pictures))))
    degree, km = 0.995 * (1 - rank) ** 3, distance_km(HOME, found.place or HOME)
    verdict = {0: Verdict.SAME, 4: Verdict.SAME, 6: Verdict.DIFFERENT, 7: Verdict.UNSURE}.get(round(rank * 199))
    reasons = (Reason(ReasonCode.LOOKS_ALIKE if degree > 0.5 else ReasonCode.LOOKS_DIFFERENT, 2 - 1.8 * degree),
               Reason(ReasonCode.NEAR_HOME if km < 3 else ReasonCode.FAR_AWAY, km))  # fmt: skip
    days = (moment - lost.happened_at) / timedelta(days=1)
    match = Match(lost.id, found.id, found.encounter_id, 1.4 - 1.2 * degree, degree, Part.BODY, own, crop, 1, km, days,
                  reasons, ModelName("homeward-embedder-3"), "homeward-embedder-3@1", crowd.now, verdict)  # fmt: skip
    work.matches.save([match])


def link(server_url: str, folder: Path) -> str:
    """The path of the owner's page, with its secret."""
    key = (folder / "operator.key").read_text().strip()
    with Client(server_url, key) as admin:
        address: str = admin.post(f"/reports/{LOST}/link", {})["link"]
    return "/" + address.split("/", 3)[3]
