"""Networks, as ports: a detector, an embedder, and the space that an embedder spans."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from homeward.domain.animals import Detection, Picture
from homeward.domain.breeds import BreedHead
from homeward.domain.calibration import Calibration
from homeward.domain.embeddings import Vectors
from homeward.domain.ids import ModelName


class Detector(Protocol):
    """Finds animals, their heads, and people."""

    @property
    def name(self) -> ModelName:
        """The card's name."""
        ...

    def detect(self, pictures: Sequence[Picture]) -> list[tuple[Detection, ...]]:
        """Boxes per picture, most certain first, above the card's thresholds, overlaps removed.

        Raises:
            ModelUnavailable: it cannot be asked now.
        """
        ...


class Embedder(Protocol):
    """Turns crops into unit vectors."""

    @property
    def name(self) -> ModelName:
        """The card's name."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    def embed(self, crops: Sequence[Picture]) -> Vectors:
        """Unit vectors (n, dimension) for ``n`` crops.

        Raises:
            ModelUnavailable: it cannot be asked now.
        """
        ...


@dataclass(frozen=True, slots=True)
class Space:
    """One model's vectors: who makes them, what their distances mean, and which breed a dog's look like.

    ``weights`` is the sha256 of the embedder's network; None where it has no file.
    """

    embedder: Embedder
    calibration: Calibration
    breeds: BreedHead | None = None
    weights: str | None = None


class Spaces(Protocol):
    """The models at hand; one of them makes the vectors that are searched."""

    def current(self) -> Space:
        """The one in use."""
        ...

    def open(self, name: ModelName) -> Space:
        """Another one, or the one in use.

        Raises:
            NotFound, ModelInvalid: it is not there, or is not what its card says.
        """
        ...

    def use(self, space: Space) -> None:
        """From now on this one is current."""
        ...
