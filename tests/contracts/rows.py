"""Rows to fill a database with, and all databases."""

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert

from homeward.domain.animals import Part, Species
from homeward.domain.boxes import Box
from homeward.domain.ids import AccountId, ContentHash, EncounterId, ModelName, PhotoId, ReportId
from homeward.domain.matches import Match
from homeward.domain.reports import NewCrop, Photo, Report, Shelf
from homeward.ports import AlertKind, NewAlert
from homeward.storage.sql import rows, tables
from homeward.storage.sql.postgres import PostgresDatabase
from homeward.storage.sql.schema import migrate
from homeward.testing import InMemoryDatabase
from tests.world import sqlite

NOW = datetime(2026, 6, 1, tzinfo=UTC)
MODEL = ModelName("m")


KINDS = ("sql", "postgres", "memory")


@contextmanager
def opened(kind, request):
    """A fresh database of a kind, and what opens it once more, as the next process does."""
    if kind == "memory":
        made = InMemoryDatabase()
        yield made, lambda: InMemoryDatabase(made.tables)
        return
    where = request.getfixturevalue("postgres_url") if kind == "postgres" else request.getfixturevalue("tmp_path") / "x"
    opening = PostgresDatabase.open if kind == "postgres" else sqlite
    handles = [opening(where)]
    try:
        yield handles[0], lambda: handles.append(opening(where)) or handles[-1]
    finally:
        for handle in handles:
            handle.close()


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
    work.photos.add(shown)
    (crop_id,) = work.photos.add_crops([crop(shown)])
    encounter = work.reports.get(ReportId(found)).encounter_id
    made = Match(ReportId(lost), ReportId(found), encounter, 1.2 - degree, degree, Part.BODY, crop_id, crop_id, 1,
                 None, 0.0, (), MODEL, "c@1", NOW)  # fmt: skip
    made = replace(made, **fields)
    return made, work.matches.save([made])


def photos_of_revision_0013(connection):
    """Two reports with a photo each; one has a crop, the other was filed while the models were down."""
    migrate(connection, "0013")
    for name in ("seen", "waiting"):
        told, shown = rows.report_values(report(name)), rows.photo_values(photo(name))
        for values, later in ((told, "reopened_at"), (shown, "looked_at")):
            values.pop(later)
        connection.execute(insert(tables.reports), told)
        connection.execute(insert(tables.photos), shown)
    connection.execute(insert(tables.crops), rows.crop_values(crop(photo("seen"))))


def looked_at(database):
    with database.read() as work:
        return {name: work.photos.get(photo(name).id).looked_at for name in ("seen", "waiting")}
