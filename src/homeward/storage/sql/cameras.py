"""Rows of cameras and encounters."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from homeward.domain.animals import Species
from homeward.domain.ids import CameraId, EncounterId
from homeward.domain.reports import Camera, Encounter
from homeward.storage.sql import rows
from homeward.storage.sql.dialect import both, changing, insert
from homeward.storage.sql.tables import cameras, encounters, reports


@dataclass(frozen=True, slots=True)
class SqlCameras:
    """`homeward.ports.Cameras` on one connection."""

    connection: Connection

    def save(self, camera: Camera) -> None:
        """Insert or update."""
        values = rows.camera_values(camera)
        statement = insert(self.connection, cameras).values(values)
        self.connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=rows.changed(values)))

    def get(self, camera_id: CameraId) -> Camera | None:
        """The camera, or None."""
        statement = changing(self.connection, select(cameras).where(cameras.c.id == camera_id))
        row = self.connection.execute(statement).mappings().first()
        return rows.camera(row) if row else None

    def all(self) -> list[Camera]:
        """All, by name."""
        found = self.connection.execute(select(cameras).order_by(cameras.c.name, cameras.c.id)).mappings()
        return [rows.camera(row) for row in found]

    def save_encounter(self, encounter: Encounter) -> None:
        """Insert or update."""
        values = {
            "id": encounter.id,
            "camera_id": encounter.camera_id,
            "species": encounter.species.value,
            "first_at": encounter.first_at,
            "last_at": encounter.last_at,
        }
        self.connection.execute(KEEP_ENCOUNTER(self.connection), values)

    def encounters_since(self, camera_id: CameraId, species: Species, since: datetime) -> list[Encounter]:
        """Those whose last sighting is not before ``since``, latest first."""
        statement = (
            select(encounters)
            .where(
                encounters.c.camera_id == camera_id,
                encounters.c.species == species.value,
                encounters.c.last_at >= since,
            )
            .order_by(encounters.c.last_at.desc(), encounters.c.id)
        )
        return [_encounter(row) for row in self.connection.execute(statement).mappings()]

    def last_sightings(self) -> dict[CameraId, datetime]:
        """When each camera last saw an animal: what it sent last tells."""
        latest = (
            select(func.coalesce(reports.c.last_seen_at, reports.c.happened_at))
            .where(reports.c.camera_id == cameras.c.id)
            .order_by(reports.c.created_at.desc(), reports.c.id.desc())
            .limit(1)
            .scalar_subquery()
        )
        found = self.connection.execute(select(cameras.c.id, latest))
        return {CameraId(camera_id): at for camera_id, at in found if at is not None}


KEEP_ENCOUNTER = both(
    encounters,
    lambda new: new.on_conflict_do_update(
        index_elements=["id"], set_=rows.changed({column.name: new.excluded[column.name] for column in encounters.c})
    ),
)


def _encounter(row: rows.Row) -> Encounter:
    return Encounter(
        id=EncounterId(row["id"]),
        camera_id=CameraId(row["camera_id"]),
        species=Species(row["species"]),
        first_at=row["first_at"],
        last_at=row["last_at"],
    )
