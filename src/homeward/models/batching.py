"""Micro-batches: concurrent calls in, one call of the model out. A lone caller never waits for others."""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import numpy as np

from homeward.domain.animals import Detection, Picture
from homeward.domain.embeddings import Vector, Vectors
from homeward.domain.ids import ModelName
from homeward.errors import ModelUnavailable
from homeward.models.limits import Batching
from homeward.ports import Detector, Embedder

Item = TypeVar("Item")
Result = TypeVar("Result")
FADING = 0.8  # how fast a crowd that has gone is forgotten, for each batch


class Answer(Protocol):
    """Where results go: a future of threads, or one of an event loop."""

    def done(self) -> bool:
        """Whether nobody waits any more."""
        ...

    def set_result(self, result: Any, /) -> None:
        """Hand the results over."""
        ...

    def set_exception(self, exception: Any, /) -> None:
        """Hand an error over."""
        ...


@dataclass(frozen=True, slots=True)
class _Request(Generic[Item]):
    items: Sequence[Item]
    answer: Answer
    came_s: float


@dataclass(frozen=True, slots=True)
class Ran:
    """One run of the model, for whoever counts: its rows, how long each call had waited, how long it took."""

    rows: int
    waited_s: tuple[float, ...]
    took_s: float


def _at_once(work: Callable[[], None]) -> None:
    work()


def _unseen(_: Ran) -> None:
    return


class Batcher(Generic[Item, Result]):
    """Threads that take the requests that wait, run them together, and hand out the parts.

    While a batch runs, the next one gathers; what waits is shared among the threads that are free. With
    ``how.max_delay_ms`` the first of several that came lately is kept waiting for the others, and nothing is shared.
    """

    def __init__(
        self,
        run: Callable[[Sequence[Item]], Sequence[Result]],
        name: str,
        how: Batching = Batching(),  # noqa: B008 - frozen
        *,
        hand_out: Callable[[Callable[[], None]], object] = _at_once,
        seen: Callable[[Ran], None] = _unseen,
    ) -> None:
        """``hand_out`` gets the work of answering, to do it where answers may be set; ``seen`` is told of runs."""
        self._run, self._how, self._hand_out, self._seen = run, how, hand_out, seen
        self._requests: deque[_Request[Item]] = deque()
        self._changed = threading.Condition()
        self._turn = threading.Lock()
        self._rows = self._usual = self._free = 0
        self._wanted = 1
        self._is_closed = False
        self._threads = [
            threading.Thread(target=self._work, name=f"batch-{name}-{number}", daemon=True)
            for number in range(how.instances)
        ]
        for thread in self._threads:
            thread.start()

    def __call__(self, items: Sequence[Item]) -> list[Result]:
        """The results, in order; waits for them."""
        answer: Future[list[Result]] = Future()
        self.submit(items, answer)
        return answer.result()

    def submit(self, items: Sequence[Item], answer: Answer) -> None:
        """Let ``answer`` have the results, in order, once they are there.

        Raises:
            ModelUnavailable: the batcher is closed.
        """
        with self._changed:
            if self._is_closed:
                raise ModelUnavailable("The models are shutting down.")
            if not items:
                answer.set_result([])
                return
            self._requests.append(_Request(items, answer, time.perf_counter()))
            self._rows += len(items)
            if self._rows >= self._wanted:
                self._changed.notify()

    @property
    def rows_waiting(self) -> int:
        """How many pictures wait for a run."""
        return self._rows

    def close(self) -> None:
        """Finish what waits, then stop."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while batch := self._gathered():
            start = time.perf_counter()
            self._answer(batch)
            rows = sum(len(request.items) for request in batch)
            waited = tuple(start - request.came_s for request in batch)
            self._seen(Ran(rows, waited, time.perf_counter() - start))
            with self._changed:
                self._usual = max(rows + self._rows, int(self._usual * FADING))

    def _gathered(self) -> list[_Request[Item]]:
        """The next batch; empty when the batcher is closed and nothing waits."""
        with self._changed:
            self._free += 1
        with self._turn, self._changed:
            self._wait_for(1, None)
            crowd = min(self._how.max_batch, self._usual)
            if self._how.max_delay_ms and self._rows < crowd:
                self._wait_for(crowd, self._how.max_delay_ms / 1000)
            batch: list[_Request[Item]] = []
            rows, most = 0, self._share()
            self._free -= 1
            while self._requests and (not batch or rows + len(self._requests[0].items) <= most):
                batch.append(self._requests.popleft())
                rows += len(batch[-1].items)
            self._rows -= rows
            return batch

    def _share(self) -> int:
        """How many rows the next batch may have."""
        each = self._rows if self._how.max_delay_ms else math.ceil(self._rows / self._free)
        return min(self._how.max_batch, each)

    def _wait_for(self, rows: int, at_most_s: float | None) -> None:
        self._wanted = rows
        self._changed.wait_for(lambda: self._rows >= rows or self._is_closed, at_most_s)
        self._wanted = 1

    def _answer(self, batch: Sequence[_Request[Item]]) -> None:
        try:
            results = self._results([item for request in batch for item in request.items])
        except Exception as error:  # noqa: BLE001 - every caller of the batch gets it
            if len(batch) > 1:  # one caller's picture must not fail the others
                for request in batch:
                    self._answer([request])
            else:
                failure = error
                self._hand_out(lambda: _fail(batch[0].answer, failure))
            return
        self._hand_out(lambda: _share(batch, results))

    def _results(self, items: Sequence[Item]) -> list[Result]:
        most = self._how.max_batch
        return [found for start in range(0, len(items), most) for found in self._run(items[start : start + most])]


def _share(batch: Sequence[_Request[Any]], results: list[Any]) -> None:
    start = 0
    for request in batch:
        end = start + len(request.items)
        if not request.answer.done():
            request.answer.set_result(results[start:end])
        start = end


def _fail(answer: Answer, error: Exception) -> None:
    if not answer.done():
        answer.set_exception(error)


class BatchingDetector:
    """`homeward.ports.Detector` that joins concurrent calls of ``inner``."""

    def __init__(self, inner: Detector) -> None:
        """Start the batching threads."""
        self._inner = inner
        self._batcher: Batcher[Picture, tuple[Detection, ...]] = Batcher(inner.detect, inner.name)

    @property
    def name(self) -> ModelName:
        """The card's name."""
        return self._inner.name

    def detect(self, pictures: Sequence[Picture]) -> list[tuple[Detection, ...]]:
        """Boxes per picture."""
        return self._batcher(pictures)

    def close(self) -> None:
        """Stop the threads."""
        self._batcher.close()


class BatchingEmbedder:
    """`homeward.ports.Embedder` that joins concurrent calls of ``inner``."""

    def __init__(self, inner: Embedder) -> None:
        """Start the batching threads."""
        self._inner = inner
        self._batcher: Batcher[Picture, Vector] = Batcher(lambda crops: list(inner.embed(crops)), inner.name)

    @property
    def name(self) -> ModelName:
        """The card's name."""
        return self._inner.name

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._inner.dimension

    def embed(self, crops: Sequence[Picture]) -> Vectors:
        """Unit vectors (n, dimension)."""
        rows = self._batcher(crops)
        return np.stack(rows) if rows else np.zeros((0, self.dimension), np.float32)

    def close(self) -> None:
        """Stop the threads."""
        self._batcher.close()
