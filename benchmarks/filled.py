"""A database filled with random embeddings: half cats, half bodies, in a box of 100 km, over a year."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from homeward.domain.animals import Part, Species
from homeward.domain.boxes import Box
from homeward.domain.embeddings import NewEmbedding, unit
from homeward.domain.ids import AccountId, ContentHash, EncounterId, ModelName, PhotoId, ReportId
from homeward.domain.places import Point
from homeward.domain.reports import NewCrop, Photo, Report, Shelf
from homeward.ports import Database
from homeward.storage.sql import SqlDatabase

MODEL = ModelName("bench")
CENTRE = Point(57.6, 39.85)
START = datetime(2026, 1, 1, tzinfo=UTC)
DIMENSION = 256
COLUMNS = "id, shelf, account_id, species, species_confidence, happened_at, created_at, encounter_id, source, status, \
lat, lon, clock_corrected, consent_version, token_version"


@dataclass(frozen=True, slots=True)
class Rows:
    """What was written, column by column."""

    ids: Any
    vectors: Any
    lat: Any
    lon: Any
    is_cat: Any
    is_body: Any
    day: Any


def filled(path: Path, count: int) -> Rows:
    """Write ``count`` found reports with an embedding each, by plain SQL; the ids start at 1."""
    rng = np.random.default_rng(0)
    rows = Rows(
        ids=np.arange(1, count + 1),
        vectors=unit(rng.normal(size=(count, DIMENSION))),
        lat=CENTRE.lat + rng.uniform(-0.45, 0.45, count),
        lon=CENTRE.lon + rng.uniform(-0.84, 0.84, count),
        is_cat=rng.random(count) < 0.5,
        is_body=rng.random(count) < 0.5,
        day=rng.uniform(0, 365, count),
    )
    database = SqlDatabase.open(path)
    with database.write() as work:
        sql = work.connection.connection.cursor()
        start_us = int(START.timestamp() * 1e6)
        sql.executemany(
            f"INSERT INTO reports ({COLUMNS}) "
            "VALUES (?, 'found', 'a', ?, 1.0, ?, ?, ?, 'person', 'open', ?, ?, 0, '1', 1)",
            (
                (f"r{i}", "cat" if rows.is_cat[i] else "dog", start_us + int(rows.day[i] * 86_400e6), start_us, f"r{i}",
                 float(rows.lat[i]), float(rows.lon[i]))
                for i in range(count)
            ),
        )  # fmt: skip
        photo = "INSERT INTO photos VALUES (?, ?, ?, 9, 9, 0, 0, '[]', 0, 1)"
        sql.executemany(photo, ((f"p{i}", f"r{i}", "0" * 64) for i in range(count)))
        crop = "INSERT INTO crops VALUES (?, ?, ?, 0, ?, '[0,0,9,9]', 'cat', 0.9)"
        parts = ("face", "body")
        sql.executemany(crop, ((i + 1, f"p{i}", f"r{i}", parts[int(rows.is_body[i])]) for i in range(count)))
        vector = "INSERT INTO embeddings VALUES (?, ?, 'bench', ?)"
        sql.executemany(vector, ((i + 1, i + 1, rows.vectors[i].tobytes()) for i in range(count)))
    database.close()
    return rows


def add_lost(
    database: Database,
    name: str,
    species: Species,
    home: Point,
    looks: Mapping[Part, tuple[Box, Any]],
    model: ModelName,
) -> None:
    """One more open lost pet, filed a week ago; ``looks`` are the crops of its photo with the vectors of ``model``."""
    when = datetime.now(UTC) - timedelta(days=7)
    report = Report(
        id=ReportId(name),
        shelf=Shelf.LOST,
        account_id=AccountId(name),
        species=species,
        species_confidence=1.0,
        happened_at=when,
        created_at=when,
        encounter_id=EncounterId(name),
        place=home,
        home=home,
    )
    photo = Photo(PhotoId(f"p-{name}"), report.id, ContentHash("0" * 64), 900, 900, 0, when)
    crops = [NewCrop(photo.id, report.id, 0, part, box, species, 0.9) for part, (box, _) in looks.items()]
    with database.write() as work:
        work.reports.add(report)
        work.photos.add(photo)
        ids = work.photos.add_crops(crops)
        vectors = [vector for _, vector in looks.values()]
        work.embeddings.add([NewEmbedding(crop, model, vector) for crop, vector in zip(ids, vectors, strict=True)])


def passing(rows: Rows, radius_km: float, days: float) -> Any:
    """Row numbers of cats' bodies within the circle and the first ``days``, by a plain formula."""
    lat, lon = np.radians(rows.lat), np.radians(rows.lon)
    half_lat, half_lon = (lat - np.radians(CENTRE.lat)) / 2, (lon - np.radians(CENTRE.lon)) / 2
    chord = np.sin(half_lat) ** 2 + np.cos(np.radians(CENTRE.lat)) * np.cos(lat) * np.sin(half_lon) ** 2
    near = 2 * 6371.0088 * np.arcsin(np.sqrt(chord)) <= radius_km
    return np.flatnonzero(near & rows.is_cat & rows.is_body & (rows.day <= days))


def add_one(database: SqlDatabase, name: str, vector: Any) -> str:
    """One more report, as the product writes it."""
    when = START + timedelta(days=1)
    with database.write() as work:
        work.reports.add(
            Report(ReportId(name), Shelf.FOUND, AccountId("a"), Species.CAT, 1.0, when, when, EncounterId(name))
        )
        photo = Photo(PhotoId(f"p-{name}"), ReportId(name), ContentHash("0" * 64), 9, 9, 0, when)
        crop = NewCrop(photo.id, photo.report_id, 0, Part.BODY, Box(0, 0, 9, 9), Species.CAT, 0.9)
        work.photos.add(photo)
        (crop_id,) = work.photos.add_crops([crop])
        work.embeddings.add([NewEmbedding(crop_id, MODEL, vector)])
    return name
