"""Micro-batches: concurrent calls in, one call of the model out. A lone caller never waits for others."""

import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import numpy as np

from homeward.domain.animals import Detection, Picture
from homeward.domain.embeddings import Vector, Vectors
from homeward.domain.ids import ModelName
from homeward.errors import ModelUnavailable
from homeward.ports import Detector, Embedder

Item = TypeVar("Item")
Result = TypeVar("Result")
MAX_BATCH = 16


@dataclass(slots=True)
class _Request(Generic[Item, Result]):
    items: Sequence[Item]
    answer: "Future[list[Result]]" = field(default_factory=Future)


class Batcher(Generic[Item, Result]):
    """One thread that takes all requests that wait, runs them together, and hands out the parts.

    While a batch runs, the next one gathers: no timer is needed, and a lone request runs at once.
    """

    def __init__(self, run: Callable[[Sequence[Item]], Sequence[Result]], name: str) -> None:
        self._run = run
        self._waiting: queue.SimpleQueue[_Request[Item, Result] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name=f"batch-{name}", daemon=True)
        self._thread.start()

    def __call__(self, items: Sequence[Item]) -> list[Result]:
        """The results, in order; waits for them."""
        request: _Request[Item, Result] = _Request(items)
        with self._lock:
            if self._closed:
                raise ModelUnavailable("The models are shutting down.")
            self._waiting.put(request)
        return request.answer.result()

    def close(self) -> None:
        """Finish what waits, then stop."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (first := self._waiting.get()) is not None:
            batch, is_last = self._gathered(first)
            self._answer(batch)
            if is_last:
                return

    def _gathered(self, first: _Request[Item, Result]) -> tuple[list[_Request[Item, Result]], bool]:
        batch = [first]
        while sum(len(request.items) for request in batch) < MAX_BATCH:
            try:
                request = self._waiting.get_nowait()
            except queue.Empty:
                break
            if request is None:
                return batch, True
            batch.append(request)
        return batch, False

    def _answer(self, batch: list[_Request[Item, Result]]) -> None:
        try:
            results = list(self._run([item for request in batch for item in request.items]))
        except Exception as error:  # noqa: BLE001 - every caller of the batch gets it
            if len(batch) > 1:  # one caller's picture must not fail the others
                for request in batch:
                    self._answer([request])
            else:
                batch[0].answer.set_exception(error)
            return
        for request in batch:
            count = len(request.items)
            request.answer.set_result(results[:count])
            results = results[count:]


class BatchingDetector:
    """`homeward.ports.Detector` that joins concurrent calls of ``inner``."""

    def __init__(self, inner: Detector) -> None:
        """Start the batching thread."""
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
        """Stop the thread."""
        self._batcher.close()


class BatchingEmbedder:
    """`homeward.ports.Embedder` that joins concurrent calls of ``inner``."""

    def __init__(self, inner: Embedder) -> None:
        """Start the batching thread."""
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
        """Stop the thread."""
        self._batcher.close()
