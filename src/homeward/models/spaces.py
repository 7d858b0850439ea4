"""Spaces: the registry's embedders with their calibrations, opened when asked for, one of them in use."""

import threading

from homeward.domain.ids import ModelName
from homeward.models.batching import BatchingEmbedder
from homeward.models.breeds import breed_head
from homeward.models.registry import Registry
from homeward.ports import Space


class RegistrySpaces:
    """`homeward.ports.Spaces`. Opened networks stay open, since somebody may be within one."""

    def __init__(self, registry: Registry, name: str, threads: int) -> None:
        """``name`` is the first one in use."""
        self._registry = registry
        self._threads = threads
        self._lock = threading.Lock()
        self._opened: dict[tuple[str, str], tuple[Space, BatchingEmbedder]] = {}
        self._current = self.open(ModelName(name))

    def current(self) -> Space:
        """The one in use."""
        return self._current

    def open(self, name: ModelName) -> Space:
        """Another one, or the one in use."""
        with self._lock:
            weights = self._registry.sha256(name)
            if (name, weights) not in self._opened:
                embedder = BatchingEmbedder(self._registry.checked_embedder(name, self._threads))
                space = Space(embedder, self._registry.calibration(name), breed_head(name), weights)
                self._opened[name, weights] = space, embedder
            return self._opened[name, weights][0]

    def use(self, space: Space) -> None:
        """From now on this one is current."""
        self._current = space

    def close(self) -> None:
        """Let go of all networks."""
        for _, embedder in self._opened.values():
            embedder.close()
