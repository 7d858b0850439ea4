"""Rows of cameras."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, func, select

from homeward.domain.ids import CameraId
from homeward.domain.reports import Camera
from homeward.storage.sql import rows
from homeward.storage.sql.dialect import changing, insert
from homeward.storage.sql.tables import cameras, reports


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

    def get_many(self, ids: Collection[CameraId]) -> dict[CameraId, Camera]:
        """Those that exist."""
        found = self.connection.execute(MANY, {"ids": sorted(ids)}).mappings()
        return {camera.id: camera for camera in map(rows.camera, found)}

    def all(self) -> list[Camera]:
        """All, by name."""
        found = self.connection.execute(select(cameras).order_by(cameras.c.name, cameras.c.id)).mappings()
        return [rows.camera(row) for row in found]

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


MANY = select(cameras).where(cameras.c.id.in_(bindparam("ids", expanding=True)))
