"""Rows of photos and crops."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from homeward.domain.ids import ContentHash, CropId, PhotoId, ReportId
from homeward.domain.looks import Shown, shown_on
from homeward.domain.reports import Crop, NewCrop, Photo
from homeward.storage.sql import rows
from homeward.storage.sql.embeddings import note_changes
from homeward.storage.sql.tables import crops, photos

CHUNK = 500  # ids in one statement
INSERT_CROPS = insert(crops).returning(crops.c.id, sort_by_parameter_order=True)


@dataclass(frozen=True, slots=True)
class SqlPhotos:
    """`homeward.ports.Photos` on one connection."""

    connection: Connection

    def add(self, *new: Photo) -> None:
        """Insert, as yet without crops."""
        if new:
            self.connection.execute(insert(photos), [rows.photo_values(photo) for photo in new])

    def get(self, photo_id: PhotoId) -> Photo | None:
        """The photo, or None."""
        row = self.connection.execute(select(photos).where(photos.c.id == photo_id)).mappings().first()
        return rows.photo(row) if row else None

    def of_report(self, report_id: ReportId) -> list[tuple[Photo, tuple[Crop, ...]]]:
        """Photos in their order, each with its crops."""
        cut: dict[PhotoId, list[Crop]] = defaultdict(list)
        statement = select(crops).where(crops.c.report_id == report_id).order_by(crops.c.id)
        for row in self.connection.execute(statement).mappings():
            cut[PhotoId(row["photo_id"])].append(rows.crop(row))
        kept = select(photos).where(photos.c.report_id == report_id).order_by(photos.c.position)
        found = [rows.photo(row) for row in self.connection.execute(kept).mappings()]
        return [(photo, tuple(cut[photo.id])) for photo in found]

    def add_crops(self, crops: Sequence[NewCrop]) -> list[CropId]:
        """Insert crops; their ids in the same order."""
        if not crops:
            return []
        issued = self.connection.execute(INSERT_CROPS, [rows.crop_values(crop) for crop in crops])
        return [CropId(crop_id) for crop_id in issued.scalars()]

    def update(self, photo: Photo) -> None:
        """Write all fields of an existing one."""
        self.connection.execute(
            update(photos).where(photos.c.id == photo.id).values(rows.changed(rows.photo_values(photo)))
        )

    def with_hash(self, content_hash: ContentHash) -> list[Photo]:
        """All photos of these very bytes."""
        statement = select(photos).where(photos.c.content_hash == content_hash).order_by(photos.c.id)
        return [rows.photo(row) for row in self.connection.execute(statement).mappings()]

    def remove(self, photo_id: PhotoId) -> None:
        """Delete with its crops and their vectors; absent is fine."""
        note_changes(self.connection, crops.c.photo_id == photo_id, removed=True)
        self.connection.execute(delete(photos).where(photos.c.id == photo_id))


@dataclass(frozen=True, slots=True)
class SqlCrops:
    """`homeward.ports.Crops` on one connection."""

    connection: Connection

    def shown(self, report_ids: Sequence[ReportId]) -> dict[CropId, Shown]:
        """What all crops of these reports show."""
        return shown_on(
            rows.outline(row)
            for start in range(0, len(report_ids), CHUNK)
            for row in self.connection.execute(OUTLINE, {"ids": report_ids[start : start + CHUNK]}).all()
        )


OUTLINE = select(crops.c.id, crops.c.photo_id, crops.c.animal, crops.c.part, crops.c.box).where(
    crops.c.report_id.in_(bindparam("ids", expanding=True))
)
