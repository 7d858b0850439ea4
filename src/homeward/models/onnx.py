"""Detector and embedder on a network: ONNX Runtime in this process, or one that runs elsewhere."""

import copy
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from homeward.domain.animals import Detection, Picture
from homeward.domain.embeddings import Vectors, unit
from homeward.domain.ids import ModelName
from homeward.errors import ModelInvalid, ModelUnavailable
from homeward.models.cards import MAX_BATCH, Card, DetectorCard, EmbedderCard
from homeward.models.prepare import COARSE_STEPS, fit, tensor
from homeward.models.sessions import Sessions, opening
from homeward.models.trim import Trim
from homeward.models.yolox import PETS, decode

Floats = npt.NDArray[np.float32]
CLOSER_FROM = "may_be"  # a detector's optional input: the score of an animal from which on a second network looks
ALWAYS, NEVER = -1.0, 2.0
SIZES_ON_GPU = (1, 8, MAX_BATCH)  # of a run; eight pictures take one hardly longer than one


class Runs(Protocol):
    """Canvases in, rows of output out: in this process or elsewhere."""

    def run(self, canvases: list[Picture]) -> Floats:
        """Rows of output for pictures of the network's own size.

        Raises:
            ModelUnavailable: the run failed.
        """
        ...


class Network(Runs, Protocol):
    """The same with a way to ask for less."""

    def quick(self) -> "Network":
        """The first network alone, without heads, where a second one looks for them; else itself."""
        ...


class OnnxNetwork:
    """`Network` in this process."""

    def __init__(self, card: Card, file: Path, threads: int, device: str = "cpu") -> None:
        """Open the file; ``threads`` 0 means all cores, ``device`` is cpu or cuda.

        Raises:
            ModelInvalid: it is no ONNX network, or not the one that the card describes.
            ModelUnavailable: a GPU cannot run it.
        """
        # fresh memory takes a third of a run's time; kept memory grows with the largest batch, so only for a few
        few = card.input.cpu_batch if device == "cpu" else None
        open_, is_cpu = opening(card, file, device, keeps=few is not None), device == "cpu"
        self._sessions = Sessions(open_, threads, has_half=is_cpu)
        self._card = card
        self._fed: dict[str, Floats] = {}
        batch = self._checked()
        self._trim = Trim.of(card) if self._is_free() and is_cpu else None
        self._is_fixed = batch is not None
        self._batch = batch or few or MAX_BATCH
        # a GPU plans for seconds whenever a session meets another shape than the time before: each size has its own
        sizes = () if is_cpu or self._is_fixed else SIZES_ON_GPU
        self._of_sizes = {size: Sessions(open_, threads, has_half=False) for size in sizes}
        if not is_cpu:
            self._meet()

    def run(self, canvases: list[Picture]) -> Floats:
        """Rows of output for pictures of the network's own size.

        Raises:
            ModelUnavailable: the run failed.
        """
        try:
            with self._sessions.run():
                return self._rows(canvases)
        except Exception as error:
            raise ModelUnavailable(f"The model {self._card.name} failed.", hint="Try again in a moment.") from error

    def quick(self) -> "OnnxNetwork":
        """The first network alone, without heads, where a second one looks for them; else itself."""
        if not self._looks_closer():
            return self
        return self._looking_closer_from(NEVER)

    def _looking_closer_from(self, score: float) -> "OnnxNetwork":
        other = copy.copy(self)  # on the same sessions
        vars(other)["_fed"] = {CLOSER_FROM: np.array(score, np.float32)}
        return other

    def _rows(self, canvases: list[Picture]) -> Floats:
        """Of each canvas only what is no filling is looked at, where the network takes any size."""
        if self._trim is None:
            return self._of_size(canvases)
        groups = self._trim.groups(canvases)
        answers = {
            (height, width): self._trim.put_back(
                self._of_size([canvases[number][:height, :width] for number in numbers]), (height, width)
            )
            for (height, width), numbers in groups.items()
        }
        order = np.argsort([number for numbers in groups.values() for number in numbers])
        return np.asarray(np.concatenate(list(answers.values()))[order])

    def _of_size(self, pictures: list[Picture]) -> Floats:
        """Pictures of one size, as many in one run as pays: of small ones as many as make up the pixels."""
        whole, pixels = self._card.input.width * self._card.input.height, pictures[0].shape[0] * pictures[0].shape[1]
        most = self._batch if self._is_fixed else min(MAX_BATCH, self._batch * whole // pixels)
        parts = (pictures[start : start + most] for start in range(0, len(pictures), most))
        return np.concatenate([self._one(tensor(part, self._card.input)) for part in parts])

    def _one(self, prepared: Floats) -> Floats:
        missing = self._run_of(len(prepared)) - len(prepared)
        filled = np.concatenate([prepared, *[prepared[-1:]] * missing]) if missing else prepared
        fed = {self._card.input.name: filled, **self._fed}
        sessions = self._of_sizes.get(len(filled), self._sessions)
        answer = np.asarray(sessions.now().run([self._card.output], fed)[0], np.float32)
        if len(answer) != len(filled):
            raise ValueError("the first axis of the output is not the batch")
        return answer[: len(prepared)]

    def _run_of(self, count: int) -> int:
        """How many pictures a run takes for so many."""
        return self._batch if self._is_fixed else min((size for size in self._of_sizes if size >= count), default=count)

    def _meet(self) -> None:
        """Run once in every size, with the second network where there is one.

        Raises:
            ModelUnavailable: a run failed.
        """
        picture = np.zeros((self._card.input.height, self._card.input.width, 3), np.uint8)
        network = self._looking_closer_from(ALWAYS) if self._looks_closer() else self
        for count in self._of_sizes or [self._batch]:
            network.run([picture] * count)

    def _looks_closer(self) -> bool:
        """Whether a second network looks where the first sees something."""
        return CLOSER_FROM in {each.name for each in self._sessions.widest.get_overridable_initializers()}

    def _is_free(self) -> bool:
        """Whether height and width are the caller's choice."""
        shape = next(i.shape for i in self._sessions.widest.get_inputs() if i.name == self._card.input.name)
        sides = shape[2:4] if self._card.input.layout == "NCHW" else shape[1:3]
        return not any(isinstance(side, int) for side in sides)

    def _checked(self) -> int | None:
        """The batch that the network wants; None where it takes any."""
        inputs = {i.name: i for i in self._sessions.widest.get_inputs()}
        outputs = {o.name for o in self._sessions.widest.get_outputs()}
        if self._card.input.name not in inputs:
            raise ModelInvalid(f"The network has no input {self._card.input.name}.", field="input.name")
        if self._card.output not in outputs:
            raise ModelInvalid(f"The network has no output {self._card.output}.", field="output.name")
        shape = inputs[self._card.input.name].shape
        wanted = [self._card.input.height, self._card.input.width]
        if len(shape) != 4:
            raise ModelInvalid(f"The network's input has {len(shape)} axes, not 4.", field="input.name")
        sides = shape[2:4] if self._card.input.layout == "NCHW" else shape[1:3]
        if any(isinstance(side, int) and side != want for side, want in zip(sides, wanted, strict=True)):
            raise ModelInvalid(f"The network takes {sides[1]} x {sides[0]} pixels.", field="input.width")
        return shape[0] if isinstance(shape[0], int) and shape[0] > 0 else None


def vectors_in(rows: Floats, card: EmbedderCard) -> Floats:
    """The vectors (n, dimension) in an embedder's output: (n, dimension, ...), or (n, tokens, dimension).

    Raises:
        ValueError: the output has another shape.
    """
    if card.token is not None:
        if rows.ndim != 3 or rows.shape[1] <= card.token:
            raise ValueError(f"{rows.shape[1:]} and not (tokens, numbers) with a token {card.token}")
        rows = rows[:, card.token]
    return rows.reshape(len(rows), -1)


class OnnxDetector:
    """`homeward.ports.Detector`."""

    def __init__(self, card: DetectorCard, network: Network, side: int | None = None) -> None:
        """With the network that the card describes; pictures are shrunk to ``side`` pixels where it is given."""
        self.card = card
        self.network = network
        self.side = side

    @property
    def name(self) -> ModelName:
        """The card's name."""
        return self.card.name

    def sized(self, side: int) -> "OnnxDetector":
        """The same on pictures of ``side`` pixels: quicker, and what is small is missed."""
        return OnnxDetector(self.card, self.network, side)

    def quick(self, side: int) -> "OnnxDetector":
        """The same for bodies alone on pictures of ``side`` pixels; itself where the network cannot leave heads out."""
        network = self.network.quick()
        return self if network is self.network else OnnxDetector(self.card, network, side)

    def keen(self, share: float) -> "OnnxDetector":
        """The same that also tells of bodies it is less sure of: from a ``share`` of the card's thresholds on."""
        least = {label: value * share if label in PETS else value for label, value in self.card.thresholds.items()}
        return OnnxDetector(replace(self.card, thresholds=least), self.network, self.side)

    def detect(self, pictures: Sequence[Picture]) -> list[tuple[Detection, ...]]:
        """Boxes per picture, most certain first."""
        if not pictures:
            return []
        fitted = [fit(picture, self.card.input, self.side, steps=COARSE_STEPS) for picture in pictures]
        tables = self.network.run([each.canvas for each in fitted])
        return [
            decode(table, self.card, each, picture.shape[1], picture.shape[0])
            for table, each, picture in zip(tables, fitted, pictures, strict=True)
        ]


class OnnxEmbedder:
    """`homeward.ports.Embedder`."""

    def __init__(self, card: EmbedderCard, network: Network) -> None:
        """With the network that the card describes."""
        self.card = card
        self.network = network

    @property
    def name(self) -> ModelName:
        """The card's name."""
        return self.card.name

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self.card.dimension

    def embed(self, crops: Sequence[Picture]) -> Vectors:
        """Unit vectors (n, dimension)."""
        if not crops:
            return np.zeros((0, self.dimension), np.float32)
        rows = self.network.run([fit(crop, self.card.input).canvas for crop in crops])
        try:
            return unit(vectors_in(rows, self.card))
        except ValueError as error:
            raise ModelUnavailable(f"The model {self.name} gave no vector.") from error
