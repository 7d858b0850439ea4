"""Late: a network that takes neither time nor memory until somebody wants to run it."""

import threading
from collections.abc import Callable

from homeward.domain.animals import Picture
from homeward.models.onnx import Floats, Network


class LateNetwork:
    """`homeward.models.onnx.Network` that ``open_`` opens at the first run."""

    def __init__(self, open_: Callable[[], Network]) -> None:
        """Nothing is opened."""
        self._open = open_
        self._opened: Network | None = None
        self._lock = threading.Lock()

    def run(self, canvases: list[Picture]) -> Floats:
        """Rows of output for pictures of the network's own size.

        Raises:
            ModelInvalid: it cannot be opened.
            ModelUnavailable: the run failed.
        """
        return self._now().run(canvases)

    def quick(self) -> Network:
        """The first network alone, without heads, where a second one looks for them; else itself."""
        return self._now().quick()

    def _now(self) -> Network:
        with self._lock:
            if self._opened is None:
                self._opened = self._open()
            return self._opened
