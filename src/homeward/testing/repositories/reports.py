"""Reports, photos and vectors on dictionaries."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from homeward.domain.animals import Part, Species
from homeward.domain.embeddings import Embedding, NewEmbedding, Vector
from homeward.domain.ids import CameraId, ContentHash, CropId, EmbeddingId, ModelName, PhotoId, ReportId
from homeward.domain.looks import Outline, Shown, shown_on
from homeward.domain.matches import Verdict
from homeward.domain.places import CellRun, cell_of, cells_within
from homeward.domain.repeats import Seen
from homeward.domain.reports import Crop, NewCrop, Photo, Report, Shelf, Source, Standing, Status, standing_of
from homeward.ports import Around, ReportQuery
from homeward.testing.repositories.tables import Repository


class MemoryReports(Repository):
    """`homeward.ports.Reports`."""

    def add(self, *new: Report) -> None:
        """Insert."""
        for report in new:
            if report.id in self.tables.reports:
                raise ValueError("this report is there already")
            self.tables.reports[report.id] = report

    def get(self, report_id: ReportId) -> Report | None:
        """The report, or None."""
        return self.tables.reports.get(report_id)

    def get_many(self, ids: Sequence[ReportId]) -> list[Report]:
        """Those that exist."""
        return [self.tables.reports[found] for found in dict.fromkeys(ids) if found in self.tables.reports]

    def update(self, report: Report) -> None:
        """Write all fields of an existing one."""
        if report.id in self.tables.reports:
            self.tables.reports[report.id] = report

    def remove(self, report_id: ReportId) -> None:
        """Delete with everything that hangs on it."""
        t = self.tables
        t.reports.pop(report_id, None)
        gone = {photo.id for photo in t.photos.values() if photo.report_id == report_id}
        t.photos = {key: value for key, value in t.photos.items() if key not in gone}
        t.crops = {key: value for key, value in t.crops.items() if value.report_id != report_id}
        t.embeddings = {key: value for key, value in t.embeddings.items() if value.crop_id in t.crops}
        t.matches = {key: value for key, value in t.matches.items() if report_id not in key}
        t.jobs = {key: value for key, value in t.jobs.items() if value.report_id != report_id}
        t.alerts = {k: v for k, v in t.alerts.items() if report_id not in {v.lost_id, v.found_id}}
        t.alerts_due = {k: v for k, v in t.alerts_due.items() if k in t.alerts}
        t.handovers = {k: v for k, v in t.handovers.items() if report_id not in {v.lost_id, v.found_id}}
        t.messages = {k: v for k, v in t.messages.items() if v.handover_id in t.handovers}
        t.looks = [look for look in t.looks if look[0] not in gone]
        t.complaints = {key: value for key, value in t.complaints.items() if value.report_id != report_id}
        t.senders = {key: value for key, value in t.senders.items() if key != report_id}
        t.opinions = {k: v for k, v in t.opinions.items() if report_id not in {v.lost_id, v.found_id}}

    def find(self, query: ReportQuery) -> list[Report]:
        """Newest first."""
        names = (
            "shelf",
            "status",
            "account_id",
            "camera_id",
            "encounter_id",
            "species",
            "listed",
            "source",
        )
        wanted = {name: getattr(query, name) for name in names if getattr(query, name) is not None}
        found = [r for r in self.tables.reports.values() if all(getattr(r, n) == v for n, v in wanted.items())]
        ordered = sorted(found, key=lambda report: (report.created_at, report.id), reverse=True)
        if query.districts:
            ordered = [report for report in ordered if report.district in query.districts]
        if query.since is not None:
            ordered = [report for report in ordered if report.created_at >= query.since]
        if query.before is not None:
            ordered = [report for report in ordered if (report.created_at, report.id) < query.before]
        return ordered[: query.limit]

    def animals_by_day(self, asked: Sequence[Around]) -> list[dict[Species, dict[int, int]]]:
        """How many animals were found or seen, by kind and day, for each of ``asked``."""
        return [self._by_day(around) for around in asked]

    def listed_districts(self) -> dict[str, int]:
        """How many open reports each district has on the board."""
        listed = [r for r in self.tables.reports.values() if r.listed and r.status is Status.OPEN]
        return dict(Counter(r.district for r in listed if r.district is not None))

    def standings(self, ids: Sequence[ReportId]) -> list[Standing]:
        """What weighs for or against a pair, of those that exist."""
        return [standing_of(report) for report in self.get_many(ids)]

    def latest_of_cameras(self, camera_ids: Sequence[CameraId], limit: int) -> dict[CameraId, list[Seen]]:
        """Each camera's latest sightings, newest first, without their looks."""
        latest = {camera_id: self.find(ReportQuery(camera_id=camera_id, limit=limit)) for camera_id in camera_ids}
        return {
            camera_id: [
                Seen(r.id, r.encounter_id, r.happened_at, r.last_seen_at or r.happened_at, r.track_id, ()) for r in some
            ]
            for camera_id, some in latest.items()
        }

    def _by_day(self, around: Around) -> dict[Species, dict[int, int]]:
        runs = cells_within(around.centre, around.radius_km) if around.centre else None
        found: dict[Species, Counter[int]] = {kind: Counter() for kind in around.species}
        for r in self.tables.reports.values():
            day = r.happened_at.toordinal()
            if r.shelf is not Shelf.FOUND or not r.begins_encounter or r.species not in found:
                continue
            is_near = runs is None or (r.place is not None and _in_runs(cell_of(r.place), runs))
            if is_near and around.first_day <= day <= around.last_day:
                found[r.species][day] += 1
        return {kind: dict(days) for kind, days in found.items()}


def _in_runs(cell: tuple[int, int], runs: Sequence[CellRun]) -> bool:
    return any(run.lat == cell[0] and run.first_lon <= cell[1] <= run.last_lon for run in runs)


class MemoryExpiry(Repository):
    """`homeward.ports.Expiry`."""

    def sightings_older_than(self, when: datetime, limit: int) -> list[ReportId]:
        """Sightings last seen before ``when`` without a ``same`` verdict."""
        confirmed = {m.found_id for m in self.tables.matches.values() if m.verdict is Verdict.SAME}
        seen = [
            (r.happened_at, r)
            for r in self.tables.reports.values()
            if r.source is Source.CAMERA and (r.last_seen_at or r.happened_at) < when and r.id not in confirmed
        ]
        return _ids(limit, seen, when)

    def ended_before(self, when: datetime, limit: int) -> list[ReportId]:
        """Reports closed, reunited or expired before ``when``."""
        ended = [r for r in self.tables.reports.values() if r.status is not Status.OPEN]
        return _ids(limit, [(r.closed_at, r) for r in ended if r.closed_at is not None], when)

    def open_persons_reports_before(self, when: datetime, limit: int) -> list[ReportId]:
        """Reports of people that are open since before ``when``: created then, and not opened again after it."""
        people = [r for r in self.tables.reports.values() if r.source is Source.PERSON and r.status is Status.OPEN]
        return _ids(limit, [(r.created_at, r) for r in people if (r.reopened_at or r.created_at) < when], when)


def _ids(limit: int, aged: list[tuple[datetime, Report]], when: datetime) -> list[ReportId]:
    """Oldest first."""
    old = sorted((moment, report.created_at, report.id) for moment, report in aged if moment < when)
    return [report_id for _, _, report_id in old[:limit]]


class MemoryPhotos(Repository):
    """`homeward.ports.Photos`."""

    def add(self, *new: Photo) -> None:
        """Insert, as yet without crops."""
        self.tables.photos |= {photo.id: photo for photo in new}

    def get(self, photo_id: PhotoId) -> Photo | None:
        """The photo, or None."""
        return self.tables.photos.get(photo_id)

    def of_report(self, report_id: ReportId) -> list[tuple[Photo, tuple[Crop, ...]]]:
        """Photos in their order, each with its crops."""
        mine = sorted((p for p in self.tables.photos.values() if p.report_id == report_id), key=lambda p: p.position)
        return [(p, tuple(c for c in self.tables.crops.values() if c.photo_id == p.id)) for p in mine]

    def add_crops(self, crops: Sequence[NewCrop]) -> list[CropId]:
        """Insert crops; their ids in the same order."""
        ids = []
        for new in crops:
            crop_id = CropId(self.tables.next_id())
            self.tables.crops[crop_id] = Crop(
                crop_id, new.photo_id, new.report_id, new.animal, new.part, new.box, new.species, new.confidence
            )
            ids.append(crop_id)
        return ids

    def update(self, photo: Photo) -> None:
        """Write all fields of an existing one."""
        if photo.id in self.tables.photos:
            self.tables.photos[photo.id] = photo

    def with_hash(self, content_hash: ContentHash) -> list[Photo]:
        """All photos of these very bytes."""
        return [photo for photo in self.tables.photos.values() if photo.content_hash == content_hash]

    def remove(self, photo_id: PhotoId) -> None:
        """Delete with its crops and their vectors; absent is fine."""
        t = self.tables
        t.photos.pop(photo_id, None)
        t.crops = {key: value for key, value in t.crops.items() if value.photo_id != photo_id}
        t.embeddings = {key: value for key, value in t.embeddings.items() if value.crop_id in t.crops}
        t.looks = [look for look in t.looks if look[0] != photo_id]


class MemoryCrops(Repository):
    """`homeward.ports.Crops`."""

    def shown(self, report_ids: Sequence[ReportId]) -> dict[CropId, Shown]:
        """What all crops of these reports show."""
        wanted = set(report_ids)
        some = [crop for crop in self.tables.crops.values() if crop.report_id in wanted]
        return shown_on(Outline(crop.id, crop.photo_id, crop.animal, crop.part, crop.box) for crop in some)


class MemoryEmbeddings(Repository):
    """`homeward.ports.Embeddings`."""

    def add(self, embeddings: Sequence[NewEmbedding]) -> list[EmbeddingId]:
        """Insert; a (crop, model) that is there keeps its id."""
        return [self._add(new) for new in embeddings]

    def get(self, ids: Sequence[EmbeddingId]) -> list[Embedding]:
        """Those that exist, in the order asked for."""
        return [self._full(found) for found in ids if found in self.tables.embeddings]

    def remove(self, ids: Sequence[EmbeddingId]) -> None:
        """Delete; absent is fine."""
        for found in ids:
            self.tables.embeddings.pop(found, None)

    def of_report(self, report_id: ReportId, model: ModelName) -> list[Embedding]:
        """All vectors of a report made by ``model``."""
        every = (self._full(found) for found in sorted(self.tables.embeddings))
        return [e for e in every if e.report_id == report_id and e.model == model]

    def looks(
        self, report_ids: Sequence[ReportId], model: ModelName
    ) -> dict[ReportId, list[tuple[Part, Vector | None]]]:
        """Of each of these reports the crops of chosen animals, with their vectors of ``model`` if there are any."""
        made = {e.crop_id: e.vector for e in self.tables.embeddings.values() if e.model == model}
        return {
            report_id: [
                (crop.part, made.get(crop.id))
                for crop in self.tables.crops.values()
                if crop.report_id == report_id and crop.animal == self.tables.photos[crop.photo_id].chosen
            ]
            for report_id in report_ids
        }

    def missing(self, report_id: ReportId, model: ModelName) -> list[Crop]:
        """Crops of the chosen animals of a report that ``model`` has not embedded yet."""
        done = {e.crop_id for e in self.tables.embeddings.values() if e.model == model}
        return [
            crop
            for crop in self.tables.crops.values()
            if crop.report_id == report_id
            and crop.id not in done
            and crop.animal == self.tables.photos[crop.photo_id].chosen
        ]

    def unmade(self, model: ModelName, after: CropId, limit: int) -> list[Crop]:
        """Such crops of all reports that no job waits for."""
        waiting = {job.report_id for job in self.tables.jobs.values()}
        found = [crop for report_id in self.tables.reports for crop in self.missing(report_id, model)]
        unmade = (crop for crop in found if crop.id > after and crop.report_id not in waiting)
        return sorted(unmade, key=lambda crop: crop.id)[:limit]

    def progress(self, model: ModelName) -> tuple[int, int]:
        """How many crops of chosen animals ``model`` has embedded, and how many there are."""
        chosen = sum(crop.animal == self.tables.photos[crop.photo_id].chosen for crop in self.tables.crops.values())
        return chosen - sum(len(self.missing(found, model)) for found in self.tables.reports), chosen

    def lengths(self, model: ModelName) -> set[int]:
        """How many numbers the oldest and the newest vector of ``model`` have; empty where there is none."""
        mine = [len(e.vector) for _, e in sorted(self.tables.embeddings.items()) if e.model == model]
        return {mine[0], mine[-1]} if mine else set()

    def keep_only(self, models: Sequence[ModelName], limit: int) -> int:
        """Delete up to ``limit`` vectors of other models."""
        others = [found for found, new in self.tables.embeddings.items() if new.model not in models][:limit]
        self.remove(others)
        return len(others)

    def on_shelf(self, shelf: Shelf) -> list[Embedding]:
        """All embeddings of a shelf, for the in-memory index."""
        every = (self._full(found) for found in sorted(self.tables.embeddings))
        return [e for e in every if self.tables.reports[e.report_id].shelf is shelf]

    def _add(self, new: NewEmbedding) -> EmbeddingId:
        for known, there in self.tables.embeddings.items():
            if (there.crop_id, there.model) == (new.crop_id, new.model):
                return known
        issued = EmbeddingId(self.tables.next_id())
        self.tables.embeddings[issued] = new
        return issued

    def _full(self, found: EmbeddingId) -> Embedding:
        new = self.tables.embeddings[found]
        crop = self.tables.crops[new.crop_id]
        report = self.tables.reports[crop.report_id]
        return Embedding(
            id=found,
            crop_id=crop.id,
            report_id=report.id,
            model=new.model,
            species=report.species,
            part=crop.part,
            happened_at=report.happened_at,
            place=report.home or report.place,
            is_open=report.status is Status.OPEN,
            vector=new.vector,
        )
