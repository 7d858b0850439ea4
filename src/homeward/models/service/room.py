"""Room: counts what is within, in requests and bytes, and turns away what would be too much. For one event loop."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

MOST_BYTES = 256_000_000


class Full(Exception):
    """No room; come back later."""


@dataclass(slots=True)
class Room:
    """``requests`` and ``bytes_`` are within now."""

    most_requests: int
    most_bytes: int = MOST_BYTES
    requests: int = 0
    bytes_: int = 0

    @contextmanager
    def stay(self, size: int) -> Iterator[Callable[[int], None]]:
        """Hold a place for a request of ``size`` bytes; what is yielded holds more bytes for it.

        Raises:
            Full: there is no room; nothing is held.
        """
        if self.requests >= self.most_requests:
            raise Full
        held = 0

        def more(count: int) -> None:
            nonlocal held
            if self.bytes_ + count > self.most_bytes:
                raise Full
            held += count
            self.bytes_ += count

        self.requests += 1
        try:
            more(size)
            yield more
        finally:
            self.requests -= 1
            self.bytes_ -= held
