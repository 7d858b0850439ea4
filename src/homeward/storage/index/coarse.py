"""Vectors in one byte for each number: a quarter to read, and a bound on how wrong that makes a dot product."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import simsimd

from homeward.domain.embeddings import Vector, Vectors

STEPS = 127.0
Floats = npt.NDArray[np.float32]


@dataclass(slots=True)
class Coarse:
    """Rows of int8 in blocks of ``block`` rows, each row with its own scale.

    ``error`` is the largest L2 distance between a vector and its coarse likeness seen so far; it only grows.
    """

    dimension: int
    block: int
    blocks: list[npt.NDArray[np.int8]] = field(default_factory=list)
    scales: list[Floats] = field(default_factory=list)
    error: float = 0.0

    def grow(self) -> None:
        """Make room for one more block."""
        self.blocks.append(np.zeros((self.block, self.dimension), np.int8))
        self.scales.append(np.zeros(self.block, np.float32))

    def put(self, number: int, rows: slice, vectors: Vectors) -> None:
        """Write ``vectors`` (n, dimension) into ``rows`` of block ``number``."""
        coarse, scales, errors = _coarse(vectors)
        self.blocks[number][rows], self.scales[number][rows] = coarse, scales
        self.error = max(self.error, float(errors.max(initial=0.0)))

    def dots(self, vector: Vector, used: int) -> tuple[Floats, float]:
        """Dot products of the first ``used`` rows with a unit ``vector``, and by how much each may be wrong.

        With v = c + e for a row and q = d + f for what is asked, v.q = c.d + c.f + e.q, and the rest is at most
        |c||f| + |e||q|.
        """
        asked, scale, error = _coarse(vector[None])
        found = np.empty(used, np.float32)
        for first, block, scales in zip(range(0, used, self.block), self.blocks, self.scales, strict=False):
            there = found[first : first + self.block]
            dots = np.asarray(simsimd.cdist(asked, block[: len(there)], metric="dot", threads=1, out_dtype="float32"))
            np.multiply(dots[0], scales[: len(there)] * scale[0], out=there)
        length = float(np.linalg.norm(vector))
        return found, (length + self.error) * float(error[0]) + self.error * length


def _coarse(vectors: Vectors) -> tuple[npt.NDArray[np.int8], Floats, Floats]:
    """Bytes, scale of each row, and how far each row's likeness lies from it."""
    scales = np.maximum(np.abs(vectors).max(1), 1e-12) / STEPS
    rounded = np.rint(vectors / scales[:, None])
    errors = np.linalg.norm(vectors - rounded * scales[:, None], axis=1)
    return rounded.astype(np.int8), scales.astype(np.float32), errors
