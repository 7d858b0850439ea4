"""Models that need no weights, a clock that stands still, a messenger that remembers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
from PIL import Image

from homeward.domain.animals import Detection, Label, Part, Picture
from homeward.domain.boxes import Box
from homeward.domain.calibration import Calibration, Curve
from homeward.domain.embeddings import Vectors, unit
from homeward.domain.ids import ModelName
from homeward.errors import ModelUnavailable, NotFound
from homeward.ports import News, Space

SIDE = 8
CALIBRATION = Calibration(
    "fake@1",
    tuple(Curve(None, part, (0.2, 0.6, 1.0, 1.4), (5.0, 2.0, -2.0, -6.0)) for part in Part),
    alert_degree=0.5,
)


@dataclass(slots=True)
class FixedClock:
    """`homeward.ports.Clock` that moves when told to."""

    moment: datetime = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        """The moment."""
        return self.moment

    def forward(self, **amount: float) -> None:
        """Move on: days, hours, minutes, seconds."""
        self.moment += timedelta(**amount)


@dataclass(slots=True)
class FakeDetector:
    """`homeward.ports.Detector`: one cat with its head in the middle, or nothing on pictures that are all one grey.

    ``label`` changes the species, ``is_down`` lets it fail, ``people`` adds a person on the left.
    """

    label: Label = Label.CAT
    confidence: float = 0.95
    is_down: bool = False
    people: bool = False
    calls: int = 0

    @property
    def name(self) -> ModelName:
        """Its name."""
        return ModelName("fake-detector")

    def detect(self, pictures: Sequence[Picture]) -> list[tuple[Detection, ...]]:
        """Boxes per picture."""
        self.calls += 1
        if self.is_down:
            raise ModelUnavailable("The detector is down.")
        return [self._on(picture) for picture in pictures]

    def _on(self, picture: Picture) -> tuple[Detection, ...]:
        height, width = picture.shape[:2]
        if float(picture.std()) < 2.0:
            return ()
        body = Box(width * 0.1, height * 0.1, width * 0.9, height * 0.9)
        head = Box(width * 0.3, height * 0.15, width * 0.7, height * 0.5)
        head_label = Label.CAT_HEAD if self.label is Label.CAT else Label.DOG_HEAD
        found = [Detection(body, self.label, self.confidence), Detection(head, head_label, 0.8)]
        if self.people:
            found.append(Detection(Box(0, 0, width * 0.3, height), Label.PERSON, 0.9))
        return tuple(found)


@dataclass(slots=True)
class FakeEmbedder:
    """`homeward.ports.Embedder`: the picture shrunk to 8 x 8 without its mean; like pictures lie near each other."""

    is_down: bool = False
    called: str = "fake-embedder"

    @property
    def name(self) -> ModelName:
        """Its name."""
        return ModelName(self.called)

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return SIDE * SIDE * 3

    def embed(self, crops: Sequence[Picture]) -> Vectors:
        """Unit vectors."""
        if self.is_down:
            raise ModelUnavailable("The embedder is down.")
        if not crops:
            return np.zeros((0, self.dimension), np.float32)
        small = [np.asarray(Image.fromarray(crop).resize((SIDE, SIDE), Image.Resampling.BOX)) for crop in crops]
        flat = np.stack(small).reshape(len(crops), -1).astype(np.float32)
        flat -= flat.mean(axis=1, keepdims=True)
        flat[:, 0] += 1e-3  # a picture of one colour has a vector too
        return unit(flat)


@dataclass(slots=True)
class FakeSpaces:
    """`homeward.ports.Spaces` over the spaces that it is given; the first is in use."""

    spaces: list[Space]

    def current(self) -> Space:
        """The one in use."""
        return self.spaces[0]

    def open(self, name: ModelName) -> Space:
        """By the name of its embedder."""
        for space in self.spaces:
            if space.embedder.name == name:
                return space
        raise NotFound(f"There is no model {name}.", field="model")

    def use(self, space: Space) -> None:
        """It becomes the first."""
        self.spaces = [space, *(other for other in self.spaces if other is not space)]


@dataclass(slots=True)
class RecordingMessenger:
    """`homeward.ports.Messenger` that keeps what it was given, or fails."""

    sent: list[News] = field(default_factory=list)
    is_down: bool = False

    def send(self, news: News) -> None:
        """Remember."""
        if self.is_down:
            raise ConnectionError("the messenger is down")
        self.sent.append(news)
