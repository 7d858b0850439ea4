"""Breeds: what a dog seems to be, from its vectors. A guess: most dogs are of no breed at all."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from homeward.domain.embeddings import Vectors

LEAST = 0.5
"""A guess that is as likely wrong as right is not shown."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class BreedGuess:
    """``code`` is stable; its names in people's languages stand in the locales under ``breed.<code>``."""

    code: str
    probability: float


@dataclass(frozen=True)
class BreedHead:
    """A linear layer on the vectors of dogs' bodies: ``weights`` (breeds, dimension), ``bias`` (breeds)."""

    codes: tuple[str, ...]
    weights: Floats
    bias: Floats

    def guess(self, vectors: Vectors) -> BreedGuess | None:
        """What a dog seems to be, from the vectors (n, dimension) of its photos; None where that is not clear."""
        if not len(vectors):
            return None
        logits = vectors @ self.weights.T + self.bias
        shares = np.exp(logits - logits.max(1, keepdims=True))
        mean = (shares / shares.sum(1, keepdims=True)).mean(0)
        best = int(np.argmax(mean))
        return BreedGuess(self.codes[best], float(mean[best])) if mean[best] >= LEAST else None
