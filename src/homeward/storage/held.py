"""Names that are held within one process: one holder at a time for each. Nothing outlives the process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class Held:
    """The names."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _names: set[str] = field(default_factory=set)

    @contextmanager
    def hold(self, name: str) -> Iterator[bool]:
        """Hold ``name`` while the block lasts; False where somebody else holds it."""
        with self._lock:
            is_free = name not in self._names
            self._names.add(name)
        try:
            yield is_free
        finally:
            if is_free:
                with self._lock:
                    self._names.discard(name)
