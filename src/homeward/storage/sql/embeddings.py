"""Rows of vectors, and the sequence of changes that the index follows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Join, Select, bindparam, delete, func, insert, literal, select

from homeward.domain.animals import Part
from homeward.domain.embeddings import Embedding, NewEmbedding, Vector
from homeward.domain.ids import CropId, EmbeddingId, ModelName, ReportId
from homeward.domain.reports import Crop
from homeward.storage.sql import rows
from homeward.storage.sql.dialect import both
from homeward.storage.sql.tables import changes, crops, embeddings, jobs, photos, reports

CHUNK = 5000  # SQLite binds at most 32,766 values
FULL = (
    embeddings.c.id,
    embeddings.c.crop_id,
    embeddings.c.model,
    embeddings.c.vector,
    crops.c.report_id,
    crops.c.part,
    reports.c.species,
    reports.c.happened_at,
    func.coalesce(reports.c.home_lat, reports.c.lat).label("lat"),
    func.coalesce(reports.c.home_lon, reports.c.lon).label("lon"),
    reports.c.status,
)


def full() -> Select[*tuple[Any, ...]]:
    """Embeddings with what the search filters on."""
    return select(*FULL).select_from(
        embeddings.join(crops, crops.c.id == embeddings.c.crop_id).join(reports, reports.c.id == crops.c.report_id)
    )


def note_changes(connection: Connection, whose: ColumnElement[bool], *, removed: bool) -> None:
    """Tell the index that all embeddings of the crops or reports ``whose`` changed, or are about to go."""
    connection.execute(
        insert(changes).from_select(
            ["shelf", "embedding_id", "removed"],
            select(reports.c.shelf, embeddings.c.id, literal(removed))
            .select_from(
                embeddings.join(crops, crops.c.id == embeddings.c.crop_id).join(
                    reports, reports.c.id == crops.c.report_id
                )
            )
            .where(whose),
        )
    )


def _chosen(model: ModelName) -> Join:
    """Crops with their photos, and with the vector of ``model`` where there is one."""
    made = (embeddings.c.crop_id == crops.c.id) & (embeddings.c.model == model)
    return crops.join(photos, photos.c.id == crops.c.photo_id).outerjoin(embeddings, made)


@dataclass(frozen=True, slots=True)
class SqlEmbeddings:
    """`homeward.ports.Embeddings` on one connection."""

    connection: Connection

    def add(self, new: Sequence[NewEmbedding]) -> list[EmbeddingId]:
        """Insert; a (crop, model) that is there keeps its id."""
        values = [{"crop_id": one.crop_id, "model": one.model, "vector": rows.vector_bytes(one.vector)} for one in new]
        ids = _keyed(self.connection.execute(INSERT(self.connection), values)) if new else {}
        if ids:
            self.connection.execute(NOTE_NEW, {"issued": sorted(ids.values())})
        there = [one for one in new if (one.crop_id, one.model) not in ids]
        ids |= self._known(there) if there else {}
        return [ids[one.crop_id, one.model] for one in new]

    def get(self, ids: Sequence[EmbeddingId]) -> list[Embedding]:
        """Those that exist, in the order asked for."""
        found = self.connection.execute(full().where(embeddings.c.id.in_(ids))).mappings()
        by_id = {row["id"]: rows.embedding(row) for row in found}
        return [by_id[wanted] for wanted in ids if wanted in by_id]

    def remove(self, ids: Sequence[EmbeddingId]) -> None:
        """Delete; absent is fine."""
        note_changes(self.connection, embeddings.c.id.in_(ids), removed=True)
        self.connection.execute(delete(embeddings).where(embeddings.c.id.in_(ids)))

    def of_report(self, report_id: ReportId, model: ModelName) -> list[Embedding]:
        """All vectors of a report made by ``model``."""
        statement = full().where(crops.c.report_id == report_id, embeddings.c.model == model)
        found = self.connection.execute(statement.order_by(embeddings.c.id)).mappings()
        return [rows.embedding(row) for row in found]

    def looks(
        self, report_ids: Sequence[ReportId], model: ModelName
    ) -> dict[ReportId, list[tuple[Part, Vector | None]]]:
        """Of each of these reports the crops of chosen animals, with their vectors of ``model`` if there are any."""
        found: dict[ReportId, list[tuple[Part, Vector | None]]] = {report_id: [] for report_id in report_ids}
        for start in range(0, len(report_ids), CHUNK):
            asked = {"reports": report_ids[start : start + CHUNK], "model": model}
            for report_id, part, vector in self.connection.execute(LOOKS, asked):
                found[ReportId(report_id)].append(rows.look(part, vector))
        return found

    def missing(self, report_id: ReportId, model: ModelName) -> list[Crop]:
        """Crops of the chosen animals of a report that ``model`` has not embedded yet."""
        statement = (
            select(crops)
            .select_from(_chosen(model))
            .where(crops.c.report_id == report_id, crops.c.animal == photos.c.chosen, embeddings.c.id.is_(None))
            .order_by(crops.c.id)
        )
        return [rows.crop(row) for row in self.connection.execute(statement).mappings()]

    def unmade(self, model: ModelName, after: CropId, limit: int) -> list[Crop]:
        """Crops of chosen animals without a vector of ``model``, of reports that no job waits for, above ``after``."""
        statement = (
            select(crops)
            .select_from(_chosen(model).outerjoin(jobs, jobs.c.report_id == crops.c.report_id))
            .where(
                crops.c.id > after, crops.c.animal == photos.c.chosen, embeddings.c.id.is_(None), jobs.c.id.is_(None)
            )
            .order_by(crops.c.id)
            .limit(limit)
        )
        return [rows.crop(row) for row in self.connection.execute(statement).mappings()]

    def progress(self, model: ModelName) -> tuple[int, int]:
        """How many crops of chosen animals ``model`` has embedded, and how many there are."""
        counted = select(func.count(embeddings.c.id), func.count()).select_from(_chosen(model))
        made, every = self.connection.execute(counted.where(crops.c.animal == photos.c.chosen)).one()
        return int(made), int(every)

    def lengths(self, model: ModelName) -> set[int]:
        """How many numbers the oldest and the newest vector of ``model`` have; empty where there is none."""
        mine = select(embeddings.c.vector).where(embeddings.c.model == model).limit(1)
        ends = (mine.order_by(embeddings.c.id), mine.order_by(embeddings.c.id.desc()))
        found = [self.connection.execute(end).scalar_one_or_none() for end in ends]
        return {len(vector) // rows.VECTOR.itemsize for vector in found if vector is not None}

    def keep_only(self, models: Sequence[ModelName], limit: int) -> int:
        """Delete up to ``limit`` vectors of other models; how many went."""
        others = select(embeddings.c.id).where(embeddings.c.model.not_in(models)).limit(limit)
        ids = [EmbeddingId(found) for found in self.connection.execute(others).scalars()]
        if ids:
            self.remove(ids)
        return len(ids)

    def _known(self, new: Sequence[NewEmbedding]) -> dict[tuple[CropId, ModelName], EmbeddingId]:
        asked = {"crops": [one.crop_id for one in new], "models": list({one.model for one in new})}
        return _keyed(self.connection.execute(KNOWN, asked))


def _keyed(found: Iterable[Any]) -> dict[tuple[CropId, ModelName], EmbeddingId]:
    return {(CropId(crop), ModelName(model)): EmbeddingId(known) for known, crop, model in found}


MADE = (embeddings.c.crop_id == crops.c.id) & (embeddings.c.model == bindparam("model"))
LOOKS = (
    select(crops.c.report_id, crops.c.part, embeddings.c.vector)
    .select_from(crops.join(photos, photos.c.id == crops.c.photo_id).outerjoin(embeddings, MADE))
    .where(crops.c.report_id.in_(bindparam("reports", expanding=True)), crops.c.animal == photos.c.chosen)
    .order_by(crops.c.id)
)
ISSUED = (embeddings.c.id, embeddings.c.crop_id, embeddings.c.model)
INSERT = both(embeddings, lambda new: new.on_conflict_do_nothing().returning(*ISSUED))
KNOWN = select(*ISSUED).where(
    embeddings.c.crop_id.in_(bindparam("crops", expanding=True)),
    embeddings.c.model.in_(bindparam("models", expanding=True)),
)
NOTE_NEW = insert(changes).from_select(
    ["shelf", "embedding_id", "removed"],
    select(reports.c.shelf, embeddings.c.id, literal(value=False))
    .select_from(
        embeddings.join(crops, crops.c.id == embeddings.c.crop_id).join(reports, reports.c.id == crops.c.report_id)
    )
    .where(embeddings.c.id.in_(bindparam("issued", expanding=True)))
    .order_by(embeddings.c.id),
)
