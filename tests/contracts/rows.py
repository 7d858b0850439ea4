"""Rows to fill a database with, and both databases."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from homeward.domain.animals import Part, Species
from homeward.domain.boxes import Box
from homeward.domain.ids import AccountId, ContentHash, EncounterId, ModelName, PhotoId, ReportId
from homeward.domain.matches import Match
from homeward.domain.reports import NewCrop, Photo, Report, Shelf
from homeward.ports import AlertKind, NewAlert
from homeward.storage.sql import SqlDatabase
from homeward.testing import InMemoryDatabase

NOW = datetime(2026, 6, 1, tzinfo=UTC)
MODEL = ModelName("m")


@contextmanager
def opened(kind, folder):
    if kind == "memory":
        yield InMemoryDatabase()
        return
    made = SqlDatabase.open(folder / "x.sqlite")
    try:
        yield made
    finally:
        made.close()


def report(key, shelf=Shelf.FOUND, minutes=0, **fields):
    when = NOW + timedelta(minutes=minutes)
    made = Report(ReportId(key), shelf, AccountId("a"), Species.CAT, 1.0, when, when, EncounterId(key))
    return replace(made, **fields)


def add(work, key, shelf=Shelf.FOUND, minutes=0, **fields):
    made = report(key, shelf, minutes, **fields)
    work.reports.add(made)
    return made


def new_alert(key, *, lost="lost", found="one", degree=0.9, account="me", kind=AlertKind.MATCH, created_at=NOW):
    ids = (AccountId(account), ReportId(lost), ReportId(found), EncounterId("e"))
    return NewAlert(key, kind, *ids, degree, created_at, created_at)


def photo(report_id, name="p", *, position=0, chosen=0, content="0"):
    return Photo(PhotoId(f"{report_id}-{name}"), ReportId(report_id), ContentHash(content * 64), 9, 9, position, NOW,
                 chosen=chosen)  # fmt: skip


def crop(of, animal=0, part=Part.BODY):
    return NewCrop(of.id, of.report_id, animal, part, Box(0, 0, 9, 9), Species.CAT, 0.9)


def match(work, lost, found, degree=0.5, **fields):
    """Saves the match of two reports that are there; the found one gets a photo with one crop."""
    shown = photo(found, f"of-{lost}")
    (crop_id,) = work.photos.add(shown, [crop(shown)])
    encounter = work.reports.get(ReportId(found)).encounter_id
    made = Match(ReportId(lost), ReportId(found), encounter, 1.2 - degree, degree, Part.BODY, crop_id, crop_id, 1,
                 None, 0.0, (), MODEL, "c@1", NOW)  # fmt: skip
    made = replace(made, **fields)
    return made, work.matches.save([made])
