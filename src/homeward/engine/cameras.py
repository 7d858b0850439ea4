"""Cameras: who lends one, how it is, what it sent; registered, moved, paused, and what it sent erased."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from homeward.domain.ids import CameraId, PhotoId, ReportId
from homeward.domain.places import Point
from homeward.domain.reports import Camera, Report
from homeward.engine.intake import check_text
from homeward.engine.wiring import Ports
from homeward.errors import Conflict, NotFound
from homeward.ports import Before, ReportQuery, UnitOfWork

LONGEST = 100  # characters of a name


@dataclass(frozen=True, slots=True)
class CameraBook:
    """All that is done with cameras but what they see (`Sight`). ``forget`` erases a report for good."""

    ports: Ports
    forget: Callable[[ReportId], None]

    def add(self, camera: Camera) -> Camera:
        """Register a camera; its district is looked up where none is given.

        Raises:
            InvalidInput: name or district is no plain text.
            Conflict: there is a camera with this id.
        """
        _check(camera.name, camera.district)
        known = replace(camera, district=camera.district or self._district(camera.place))
        with self.ports.database.write() as work:
            work.alone(f"camera:{camera.id}")
            if work.cameras.get(camera.id) is not None:
                raise Conflict("There is a camera with this id.", field="id", hint="Choose another id.")
            work.cameras.save(known)
        return known

    def all(self) -> list[Camera]:
        """All cameras by name."""
        with self.ports.database.read() as work:
            return work.cameras.all()

    def heartbeat(self, camera_id: CameraId, state: str, counters: Mapping[str, int]) -> Camera:
        """A camera says that it lives, and what it counted."""
        check_text("state", state, 40)
        with self.ports.database.write() as work:
            alive = replace(
                _camera(work, camera_id), last_heartbeat_at=self.ports.clock.now(), state=state, counters=counters
            )
            work.cameras.save(alive)
        return alive

    def change(self, camera_id: CameraId, *, name: str | None, place: Point | None, district: str | None) -> Camera:
        """Another name, place or district (empty: that of the place); what was seen before keeps its place."""
        _check(name, district)
        with self.ports.database.write() as work:
            before = _camera(work, camera_id)
            moved = replace(before, name=name or before.name, place=place or before.place)
            if district is not None or moved.place != before.place:
                moved = replace(moved, district=district or self._district(moved.place))
            work.cameras.save(moved)
        return moved

    def pause(self, camera_id: CameraId, *, paused: bool) -> Camera:
        """From now on nothing is taken of it, or is again."""
        with self.ports.database.write() as work:
            changed = replace(_camera(work, camera_id), paused=paused)
            work.cameras.save(changed)
        return changed

    def sightings(
        self, camera_id: CameraId, limit: int, *, since: datetime | None = None, before: Before | None = None
    ) -> list[tuple[Report, PhotoId | None]]:
        """What a camera sent, newest first, each with its photo."""
        with self.ports.database.read() as work:
            found = work.reports.find(ReportQuery(camera_id=camera_id, since=since, before=before, limit=limit))
            photos = [work.photos.of_report(report.id) for report in found]
        return [(report, rows[0][0].id if rows else None) for report, rows in zip(found, photos, strict=True)]

    def erase_sighting(self, camera_id: CameraId, report_id: ReportId) -> None:
        """Erase for good what a camera sent.

        Raises:
            NotFound: this camera sent no such thing.
        """
        with self.ports.database.read() as work:
            report = work.reports.get(report_id)
        if report is None or report.camera_id != camera_id:
            raise NotFound("This camera sent no such sighting.", field="sighting")
        self.forget(report_id)

    def erase_sightings(self, camera_id: CameraId, limit: int) -> int:
        """Erase the newest ``limit`` of all that a camera sent; how many went."""
        with self.ports.database.read() as work:
            found = work.reports.find(ReportQuery(camera_id=camera_id, limit=limit))
        for report in found:
            self.forget(report.id)
        return len(found)

    def last_sightings(self) -> dict[CameraId, datetime]:
        """When each camera last saw an animal."""
        with self.ports.database.read() as work:
            return work.cameras.last_sightings()

    def _district(self, place: Point) -> str | None:
        return self.ports.districts.district(place)


def _check(name: str | None, district: str | None) -> None:
    check_text("name", name, LONGEST)
    check_text("district", district, LONGEST)


def _camera(work: UnitOfWork, camera_id: CameraId) -> Camera:
    camera = work.cameras.get(camera_id)
    if camera is None:
        raise NotFound("There is no such camera.", field="camera")
    return camera
