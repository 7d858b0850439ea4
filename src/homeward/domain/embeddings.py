"""Embeddings: unit vectors of crops, and the distance between them."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from homeward.domain.animals import Part, Species
from homeward.domain.ids import CropId, EmbeddingId, ModelName, ReportId
from homeward.domain.places import Point, distance_km

Vector: TypeAlias = npt.NDArray[np.float32]
"""One unit vector, shape (dimension,)."""

Vectors: TypeAlias = npt.NDArray[np.float32]
"""Unit vectors in rows, shape (n, dimension)."""


@dataclass(frozen=True, slots=True)
class NewEmbedding:
    """A vector that has no id yet, with the crop that it was made of and the model that made it."""

    crop_id: CropId
    model: ModelName
    vector: Vector


@dataclass(frozen=True, slots=True)
class Embedding:
    """A stored vector with what the search filters on; ``place`` of a lost one is its home, where that is known."""

    id: EmbeddingId
    crop_id: CropId
    report_id: ReportId
    model: ModelName
    species: Species
    part: Part
    happened_at: datetime
    place: Point | None
    is_open: bool
    vector: Vector


@dataclass(frozen=True, slots=True)
class Filter:
    """What a neighbour must be; ``None`` means any. ``radius_km`` needs ``centre``.

    An embedding without a place passes no radius filter.
    """

    model: ModelName
    part: Part | None = None
    species: Species | None = None
    since: datetime | None = None
    until: datetime | None = None
    centre: Point | None = None
    radius_km: float | None = None
    only_open: bool = True


@dataclass(frozen=True, slots=True)
class Search:
    """The ``k`` nearest to a unit ``vector`` that pass ``where`` are wanted."""

    vector: Vector
    k: int
    where: Filter


class Neighbour(NamedTuple):
    """A stored embedding and its true L2 distance (0 to 2) from the vector asked for."""

    embedding_id: EmbeddingId
    report_id: ReportId
    crop_id: CropId
    l2_distance: float


def unit(vectors: npt.NDArray[np.floating]) -> Vectors:
    """``vectors`` (..., dimension) scaled to length 1 along the last axis.

    Raises:
        ValueError: a vector is zero or not finite.
    """
    values = np.asarray(vectors, dtype=np.float32)
    lengths = np.linalg.norm(values, axis=-1, keepdims=True)
    if not np.all(np.isfinite(lengths)) or not np.all(lengths > 0):
        raise ValueError("an embedding must be finite and not zero")
    return np.asarray(values / lengths, dtype=np.float32)


def l2_distances(vectors: Vectors, vector: Vector) -> npt.NDArray[np.float32]:
    """True L2 distances (n,) between the rows of ``vectors`` and ``vector``, all of unit length."""
    dots = vectors @ vector
    return np.asarray(np.sqrt(np.maximum(0.0, 2.0 - 2.0 * dots)), dtype=np.float32)


def l2_distance(vector: Vector, other: Vector) -> float:
    """True L2 distance of two vectors, in float64."""
    return float(np.linalg.norm(vector.astype(np.float64) - other.astype(np.float64)))


def passes(found: Embedding, where: Filter) -> bool:
    """Whether an embedding is what the filter asks for."""
    if found.model != where.model or (where.only_open and not found.is_open):
        return False
    if where.part not in {None, found.part} or where.species not in {None, found.species}:
        return False
    if where.since is not None and found.happened_at < where.since:
        return False
    if where.until is not None and found.happened_at > where.until:
        return False
    if where.centre is None or where.radius_km is None:
        return True
    return found.place is not None and distance_km(found.place, where.centre) <= where.radius_km
