"""Rows to values and back; nothing else knows how a value is spread over columns."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy import RowMapping

from homeward.domain.animals import Part, Species
from homeward.domain.boxes import Box
from homeward.domain.embeddings import Embedding, Vector
from homeward.domain.ids import (
    AccountId,
    CameraId,
    ContentHash,
    CropId,
    EmbeddingId,
    EncounterId,
    ModelName,
    PhotoId,
    ReportId,
)
from homeward.domain.looks import Outline
from homeward.domain.matches import Match, Reason, ReasonCode, Verdict
from homeward.domain.places import Point
from homeward.domain.repeats import Seen
from homeward.domain.reports import Camera, Crop, Held, NewCrop, Photo, Report, Shelf, Source, Standing, Status
from homeward.storage.sql.types import from_us

Row = RowMapping
VECTOR = np.dtype("<f4")
SPECIES = {species.value: species for species in Species}
SOURCES = {source.value: source for source in Source}
PARTS = {part.value: part for part in Part}


def point(lat: float | None, lon: float | None) -> Point | None:
    """None where there is none."""
    return None if lat is None or lon is None else Point(lat, lon)


def vector_bytes(vector: Vector) -> bytes:
    """Little-endian 32-bit floats."""
    return np.ascontiguousarray(vector, dtype=VECTOR).tobytes()


def changed(values: dict[str, Any]) -> dict[str, Any]:
    """All but the id: where it is written, a database looks through every table that points to it."""
    return {name: value for name, value in values.items() if name != "id"}


def report_values(report: Report) -> dict[str, Any]:
    """Columns of a report."""
    return {
        "id": report.id,
        "shelf": report.shelf.value,
        "account_id": report.account_id,
        "species": report.species.value,
        "species_confidence": report.species_confidence,
        "happened_at": report.happened_at,
        "created_at": report.created_at,
        "encounter_id": report.encounter_id,
        "source": report.source.value,
        "status": report.status.value,
        "lat": report.place.lat if report.place else None,
        "lon": report.place.lon if report.place else None,
        "district": report.district,
        "home_lat": report.home.lat if report.home else None,
        "home_lon": report.home.lon if report.home else None,
        "held": report.held.value if report.held else None,
        "name": report.name,
        "description": report.description,
        "contact": report.contact,
        "about": report.about,
        "camera_id": report.camera_id,
        "track_id": report.track_id,
        "clock_corrected": report.clock_corrected,
        "last_seen_at": report.last_seen_at,
        "closed_at": report.closed_at,
        "reopened_at": report.reopened_at,
        "consent_version": report.consent_version,
        "token_version": report.token_version,
        "address": report.address,
        "muted_until": report.muted_until,
        "listed": report.listed,
        "secret_mark": report.secret_mark,
    }


def report(row: Row) -> Report:
    """A report of its row."""
    return Report(
        id=ReportId(row["id"]),
        shelf=Shelf(row["shelf"]),
        account_id=AccountId(row["account_id"]),
        species=Species(row["species"]),
        species_confidence=row["species_confidence"],
        happened_at=row["happened_at"],
        created_at=row["created_at"],
        encounter_id=EncounterId(row["encounter_id"]),
        source=Source(row["source"]),
        status=Status(row["status"]),
        place=point(row["lat"], row["lon"]),
        district=row["district"],
        home=point(row["home_lat"], row["home_lon"]),
        held=Held(row["held"]) if row["held"] else None,
        name=row["name"],
        description=row["description"],
        contact=row["contact"],
        about=ReportId(row["about"]) if row["about"] else None,
        camera_id=CameraId(row["camera_id"]) if row["camera_id"] else None,
        track_id=row["track_id"],
        clock_corrected=bool(row["clock_corrected"]),
        last_seen_at=row["last_seen_at"],
        closed_at=row["closed_at"],
        reopened_at=row["reopened_at"],
        consent_version=row["consent_version"],
        token_version=row["token_version"],
        address=row["address"],
        muted_until=row["muted_until"],
        listed=row["listed"],
        secret_mark=row["secret_mark"],
    )


def standing(row: Sequence[Any]) -> Standing:
    """A standing of its columns, by position; the moment in microseconds."""
    report_id, species, confidence, happened_us, encounter_id, source, lat, lon, has_home, about = row
    return Standing(
        ReportId(report_id),
        SPECIES[species],
        confidence,
        from_us(happened_us),
        EncounterId(encounter_id),
        SOURCES[source],
        point(lat, lon),
        bool(has_home),
        ReportId(about) if about else None,
    )


def seen(row: Sequence[Any]) -> Seen:
    """A sighting without its looks, of its columns, by position; moments in microseconds."""
    report_id, encounter_id, happened_us, last_us, track_id = row
    return Seen(ReportId(report_id), EncounterId(encounter_id), from_us(happened_us), from_us(last_us), track_id, ())


def look(part: str, vector: bytes | None) -> tuple[Part, Vector | None]:
    """A part and its vector, where there is one."""
    return Part(part), None if vector is None else np.frombuffer(vector, VECTOR)


def box_values(box: Box) -> list[float]:
    """A box as JSON."""
    return [box.x0, box.y0, box.x1, box.y1]


def photo_values(photo: Photo) -> dict[str, Any]:
    """Columns of a photo."""
    return {
        "id": photo.id,
        "report_id": photo.report_id,
        "content_hash": photo.content_hash,
        "width": photo.width,
        "height": photo.height,
        "position": photo.position,
        "created_at": photo.created_at,
        "people": [box_values(box) for box in photo.people],
        "chosen": photo.chosen,
        "looked_at": photo.looked_at,
    }


def photo(row: Row) -> Photo:
    """A photo of its row."""
    return Photo(
        id=PhotoId(row["id"]),
        report_id=ReportId(row["report_id"]),
        content_hash=ContentHash(row["content_hash"]),
        width=row["width"],
        height=row["height"],
        position=row["position"],
        created_at=row["created_at"],
        people=tuple(Box(*box) for box in row["people"]),
        chosen=row["chosen"],
        looked_at=row["looked_at"],
    )


def crop_values(crop: NewCrop) -> dict[str, Any]:
    """Columns of a new crop."""
    return {
        "photo_id": crop.photo_id,
        "report_id": crop.report_id,
        "animal": crop.animal,
        "part": crop.part.value,
        "box": box_values(crop.box),
        "species": crop.species.value,
        "confidence": crop.confidence,
    }


def crop(row: Row) -> Crop:
    """A crop of its row."""
    return Crop(
        id=CropId(row["id"]),
        photo_id=PhotoId(row["photo_id"]),
        report_id=ReportId(row["report_id"]),
        animal=row["animal"],
        part=Part(row["part"]),
        box=Box(*row["box"]),
        species=Species(row["species"]),
        confidence=row["confidence"],
    )


def outline(row: Sequence[Any]) -> Outline:
    """A crop's outline of its columns, by position."""
    crop_id, photo_id, animal, part, box = row
    return Outline(CropId(crop_id), PhotoId(photo_id), animal, PARTS[part], Box(*box))


def embedding(row: Row) -> Embedding:
    """An embedding of a row that also holds what its report says."""
    return Embedding(
        id=EmbeddingId(row["id"]),
        crop_id=CropId(row["crop_id"]),
        report_id=ReportId(row["report_id"]),
        model=ModelName(row["model"]),
        species=Species(row["species"]),
        part=Part(row["part"]),
        happened_at=row["happened_at"],
        place=point(row["lat"], row["lon"]),
        is_open=row["status"] == Status.OPEN.value,
        vector=np.frombuffer(row["vector"], dtype=VECTOR),
    )


def camera_values(camera: Camera) -> dict[str, Any]:
    """Columns of a camera."""
    return {
        "id": camera.id,
        "name": camera.name,
        "lat": camera.place.lat,
        "lon": camera.place.lon,
        "district": camera.district,
        "created_at": camera.created_at,
        "last_heartbeat_at": camera.last_heartbeat_at,
        "state": camera.state,
        "counters": dict(camera.counters),
        "paused": camera.paused,
    }


def camera(row: Row) -> Camera:
    """A camera of its row."""
    return Camera(
        id=CameraId(row["id"]),
        name=row["name"],
        place=Point(row["lat"], row["lon"]),
        district=row["district"],
        created_at=row["created_at"],
        last_heartbeat_at=row["last_heartbeat_at"],
        state=row["state"],
        counters=row["counters"],
        paused=row["paused"],
    )


def match_values(match: Match) -> dict[str, Any]:
    """Columns of a match."""
    return {
        "lost_id": match.lost_id,
        "found_id": match.found_id,
        "encounter_id": match.encounter_id,
        "l2_distance": match.l2_distance,
        "degree": match.degree,
        "part": match.part.value,
        "lost_crop_id": match.lost_crop_id,
        "found_crop_id": match.found_crop_id,
        "compared_pairs": match.compared_pairs,
        "distance_km": match.distance_km,
        "days": match.days,
        "reasons": [[reason.code.value, reason.value] for reason in match.reasons],
        "model": match.model,
        "calibration": match.calibration,
        "computed_at": match.computed_at,
        "verdict": match.verdict.value if match.verdict else None,
        "verdict_at": match.verdict_at,
    }


def match(row: Row) -> Match:
    """A match of its row."""
    return Match(
        lost_id=ReportId(row["lost_id"]),
        found_id=ReportId(row["found_id"]),
        encounter_id=EncounterId(row["encounter_id"]),
        l2_distance=row["l2_distance"],
        degree=row["degree"],
        part=Part(row["part"]),
        lost_crop_id=CropId(row["lost_crop_id"]),
        found_crop_id=CropId(row["found_crop_id"]),
        compared_pairs=row["compared_pairs"],
        distance_km=row["distance_km"],
        days=row["days"],
        reasons=tuple(Reason(ReasonCode(code), value) for code, value in row["reasons"]),
        model=ModelName(row["model"]),
        calibration=row["calibration"],
        computed_at=row["computed_at"],
        verdict=Verdict(row["verdict"]) if row["verdict"] else None,
        verdict_at=row["verdict_at"],
    )
