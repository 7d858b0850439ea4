"""Events: tells whoever listens about new matches and conversations, here and in other processes.

Loses what nobody listens to.
"""

import json
import queue
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from homeward.domain.ids import ReportId

WAITING = 1000  # events that a listener may lag behind before the oldest are dropped


@dataclass(frozen=True, slots=True)
class MatchFound:
    """A new match of a lost report was committed."""

    lost_id: ReportId
    found_id: ReportId
    degree: float


@dataclass(frozen=True, slots=True)
class TalkMoved:
    """Somebody asked, agreed, wrote or ended a conversation between the two."""

    lost_id: ReportId
    found_id: ReportId


Event = MatchFound | TalkMoved


def to_text(event: Event) -> str:
    """For another process."""
    told = {"lost": event.lost_id, "found": event.found_id}
    return json.dumps(told | {"degree": event.degree} if isinstance(event, MatchFound) else told)


def of_text(text: str) -> Event:
    """What `to_text` made."""
    told = json.loads(text)
    lost_id, found_id = ReportId(told["lost"]), ReportId(told["found"])
    return MatchFound(lost_id, found_id, told["degree"]) if "degree" in told else TalkMoved(lost_id, found_id)


@dataclass(frozen=True, slots=True)
class Subscription:
    """The events of one report."""

    _queue: "queue.Queue[Event]" = field(default_factory=lambda: queue.Queue(WAITING))

    def get(self, timeout_s: float) -> Event | None:
        """The next event, or None after ``timeout_s``."""
        try:
            return self._queue.get(timeout=timeout_s)
        except queue.Empty:
            return None

    def put(self, event: Event) -> None:
        """Hand over; a listener that lags too far loses the oldest."""
        while True:
            try:
                self._queue.put_nowait(event)
            except queue.Full:
                self._queue.get_nowait()
            else:
                return


@dataclass(slots=True)
class EventBroker:
    """Publishes to the subscriptions of a report, whether it is the lost or the found one.

    ``relay`` takes what is published here to other processes; `deliver` takes what others published.
    """

    relay: Callable[[str], None] | None = None

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _listeners: dict[ReportId, list[Subscription]] = field(default_factory=lambda: defaultdict(list))

    def publish(self, event: Event) -> None:
        """To all who listen to either report, in this process and in others."""
        self.deliver(event)
        if self.relay is not None:
            self.relay(to_text(event))

    def deliver(self, event: Event) -> None:
        """To all who listen to either report in this process."""
        with self._lock:
            listening = [*self._listeners.get(event.lost_id, ()), *self._listeners.get(event.found_id, ())]
        for subscription in listening:
            subscription.put(event)

    @contextmanager
    def subscribe(self, report_id: ReportId) -> Iterator[Subscription]:
        """Listen to a report while the block lasts."""
        subscription = Subscription()
        with self._lock:
            self._listeners[report_id].append(subscription)
        try:
            yield subscription
        finally:
            with self._lock:
                self._listeners[report_id].remove(subscription)
                if not self._listeners[report_id]:
                    del self._listeners[report_id]
