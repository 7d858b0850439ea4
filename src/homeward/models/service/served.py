"""Served: a network, the pictures that wait for it, and what joins them. Pictures in, rows of output out."""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from homeward.domain.animals import Picture
from homeward.errors import InvalidInput, ModelUnavailable, TooManyRequests
from homeward.models.batching import Batcher, Ran
from homeward.models.cards import Card
from homeward.models.golden import check_golden
from homeward.models.limits import Batching
from homeward.models.onnx import Floats, Runs
from homeward.models.protocol import PICTURES, Tensor
from homeward.models.service.metrics import BATCH, QUEUE, RUN, WITHIN
from homeward.models.service.room import Room

MAX_PICTURES = 32
MAX_HEAD_BYTES = 64_000
LEAST_WAIT_S = 0.05


@dataclass(slots=True)
class Served:
    """One model of the service. Pictures are RGB, UINT8, of the card's size, as `Fitted.canvas`."""

    card: Card
    network: Runs
    how: Batching
    room: Room = field(init=False)
    is_ready: bool = False
    _batcher: Batcher[Picture, Floats] | None = None
    _row_s: float = 0.0

    def __post_init__(self) -> None:
        """Nobody is within."""
        self.room = Room(self.how.most_waiting)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and colours of a picture."""
        return self.card.input.height, self.card.input.width, 3

    @property
    def most_bytes(self) -> int:
        """How large a request may be: as many pictures as it may hold, and the words before them."""
        return MAX_PICTURES * math.prod(self.shape) + MAX_HEAD_BYTES

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to run batches; answers are set in ``loop``."""
        self._batcher = Batcher(
            self._rows, self.card.name, self.how, hand_out=loop.call_soon_threadsafe, seen=self._saw
        )

    def warm(self) -> None:
        """Run the golden picture, so that nobody waits for the first time; ready if the answer is the card's.

        Raises:
            ModelInvalid: the network cannot run, or is not the card's.
        """
        check_golden(self.card, self.network)
        self.is_ready = True

    def fitting(self, tensor: Tensor) -> Picture:
        """The tensor, once it is seen to be 1 to 32 pictures of the right size.

        Raises:
            InvalidInput: it is not.
        """
        if tensor.dtype != np.uint8 or tensor.shape[1:] != self.shape or not 1 <= len(tensor) <= MAX_PICTURES:
            wanted = f"UINT8 [1 to {MAX_PICTURES}, {', '.join(map(str, self.shape))}]"
            raise InvalidInput(
                f"The tensor must be {wanted}: RGB pictures of the network's size.", field="inputs.shape"
            )
        return np.asarray(tensor, np.uint8)

    async def infer(self, pictures: Picture) -> Floats:
        """Rows of output for pictures (n, height, width, 3).

        Raises:
            ModelUnavailable: the model is not ready, or its run failed.
        """
        if self._batcher is None or not self.is_ready:
            raise ModelUnavailable(f"{self.card.name} is not ready yet.", hint="Ask again in a moment.")
        answer: asyncio.Future[list[Floats]] = asyncio.get_running_loop().create_future()
        with WITHIN.labels(self.card.name).track_inprogress():
            self._batcher.submit(list(pictures), answer)
            return np.stack(await answer)

    def busy(self) -> TooManyRequests:
        """What to tell those for whom there is no room: the time in which what waits now will be done."""
        waiting = self._batcher.rows_waiting if self._batcher else 0
        wait_s = round(max(LEAST_WAIT_S, waiting * self._row_s), 3)
        return TooManyRequests(f"Too many wait for {self.card.name}.", retry_after_s=wait_s)

    def metadata(self) -> dict[str, Any]:
        """What the model eats and gives, in the protocol's words."""
        return {
            "name": self.card.name,
            "versions": [str(self.card.version)],
            "platform": "onnxruntime_onnx",
            "inputs": [{"name": PICTURES, "datatype": "UINT8", "shape": [-1, *self.shape]}],
            "outputs": [{"name": self.card.output, "datatype": "FP32", "shape": [-1, -1]}],
        }

    def close(self) -> None:
        """Finish what waits, then stop."""
        self.is_ready = False
        if self._batcher is not None:
            self._batcher.close()

    def _rows(self, pictures: Sequence[Picture]) -> list[Floats]:
        return list(self.network.run(list(pictures)))

    def _saw(self, ran: Ran) -> None:
        name = self.card.name
        self._row_s = ran.took_s / ran.rows
        RUN.labels(name).observe(ran.took_s)
        BATCH.labels(name).observe(ran.rows)
        for seconds in ran.waited_s:
            QUEUE.labels(name).observe(seconds)
