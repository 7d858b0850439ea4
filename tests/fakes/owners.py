"""Owners with a lost cat each, one find, and an alert for every owner: a data folder to deliver from."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from homeward.domain.accounts import Account
from homeward.domain.animals import Part, Species
from homeward.domain.boxes import Box
from homeward.domain.ids import AccountId, ContentHash, EncounterId, ModelName, PhotoId, ReportId
from homeward.domain.matches import Match
from homeward.domain.reports import NewCrop, Photo, Report, Shelf
from homeward.images.reader import PillowReader
from homeward.ports import AlertKind, NewAlert
from homeward.storage.photos.folder import FolderPhotoStorage
from homeward.storage.sql import SqlDatabase


def fill(folder: Path, count: int, photo: bytes) -> None:
    """``folder`` becomes the data folder of ``count`` owners on Telegram, numbered from 0, each with an alert due."""
    safe = PillowReader(20_000_000, 50_000_000).read(photo)
    FolderPhotoStorage(folder / "photos").put(safe.content_hash, safe.jpeg)
    database, now = SqlDatabase.open(folder / "homeward.sqlite"), datetime.now(UTC)
    with database.write() as work:
        found, found_crop = _report(work, "found", Shelf.FOUND, now, safe.content_hash)
        for number in range(count):
            account = Account(AccountId(f"a{number}"), "telegram", str(number), "en", now)
            work.accounts.save(account)
            lost, crop = _report(work, f"lost{number}", Shelf.LOST, now, safe.content_hash, account.id)
            match = Match(lost.id, found.id, found.encounter_id, 0.5, 0.95, Part.BODY, crop, found_crop, 1, None, 0.0,
                          (), ModelName("homeward-embedder-3"), "filled@1", now)  # fmt: skip
            work.matches.save([match])
            ids = (account.id, lost.id, found.id, found.encounter_id)
            work.outbox.add(NewAlert(f"match:{lost.id}", AlertKind.MATCH, *ids, 0.95, now, now))
    database.close()


def _report(
    work: Any, name: str, shelf: Shelf, now: datetime, content: ContentHash, account: AccountId | None = None
) -> tuple[Report, Any]:
    who = account or AccountId("finder")
    report = Report(ReportId(name), shelf, who, Species.CAT, 1.0, now, now, EncounterId(name), name=name)
    work.reports.add(report)
    photo = Photo(PhotoId(f"p-{name}"), report.id, content, 451, 300, 0, now)
    box = Box(20, 10, 430, 290)
    work.photos.add(photo)
    (crop,) = work.photos.add_crops([NewCrop(photo.id, report.id, 0, Part.BODY, box, Species.CAT, 0.9)])
    return report, crop
