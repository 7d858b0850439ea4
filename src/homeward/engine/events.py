"""Events: tells whoever listens about changed reports, new matches, verdicts and conversations, in all processes.

It tells of erased sightings too, to what keeps them in memory. Loses what nobody listens to.
"""

import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog

from homeward.domain.ids import ReportId

log = structlog.get_logger(__name__)
FINDS_AT_ONCE = 200  # PostgreSQL carries 8,000 bytes in one notice


@dataclass(frozen=True, slots=True)
class MatchFound:
    """A new match of a lost report was committed."""

    lost_id: ReportId
    found_id: ReportId
    degree: float


@dataclass(frozen=True, slots=True)
class TalkMoved:
    """Somebody asked, agreed, wrote or ended a conversation between the two, or closed or opened one of the reports."""

    lost_id: ReportId
    found_id: ReportId


@dataclass(frozen=True, slots=True)
class MatchJudged:
    """The owner said what a match is."""

    lost_id: ReportId
    found_id: ReportId


@dataclass(frozen=True, slots=True)
class ReportChanged:
    """What is told in a report, its photos, or whether it is open. ``finds`` are people's that show it."""

    report_id: ReportId
    finds: tuple[ReportId, ...] = ()


@dataclass(frozen=True, slots=True)
class SightingsErased:
    """They are gone for good."""

    report_ids: tuple[ReportId, ...]


Event = MatchFound | TalkMoved | MatchJudged | ReportChanged
Hear = Callable[[Event], None]


def to_text(event: Event | SightingsErased) -> str:
    """For another process."""
    if isinstance(event, SightingsErased):
        return json.dumps({"erased": event.report_ids})
    if isinstance(event, ReportChanged):
        return json.dumps({"report": event.report_id, "finds": event.finds})
    told: dict[str, object] = {"lost": event.lost_id, "found": event.found_id}
    if isinstance(event, MatchFound):
        told["degree"] = event.degree
    elif isinstance(event, MatchJudged):
        told["judged"] = True
    return json.dumps(told)


def of_text(text: str) -> Event | SightingsErased:
    """What `to_text` made."""
    told = json.loads(text)
    if "erased" in told:
        return SightingsErased(tuple(map(ReportId, told["erased"])))
    if "report" in told:
        return ReportChanged(ReportId(told["report"]), tuple(map(ReportId, told["finds"])))
    lost_id, found_id = ReportId(told["lost"]), ReportId(told["found"])
    if "degree" in told:
        return MatchFound(lost_id, found_id, told["degree"])
    return MatchJudged(lost_id, found_id) if "judged" in told else TalkMoved(lost_id, found_id)


def _parts(event: Event | SightingsErased) -> list[Event | SightingsErased]:
    """As many as it takes until none is too long for another process."""
    if not isinstance(event, ReportChanged) or len(event.finds) <= FINDS_AT_ONCE:
        return [event]
    starts = range(0, len(event.finds), FINDS_AT_ONCE)
    return [ReportChanged(event.report_id, event.finds[start : start + FINDS_AT_ONCE]) for start in starts]


@dataclass(slots=True)
class EventBroker:
    """Publishes to the listeners of a report and of the finds that show it; what is between two, to those of both.

    ``relay`` takes what is published here to other processes; `deliver` takes what others published. ``forget`` drops
    erased sightings from this process's memory.
    """

    relay: Callable[[str], None] | None = None
    forget: Callable[[Iterable[ReportId]], None] = lambda _: None

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _listeners: dict[ReportId, list[Hear]] = field(default_factory=lambda: defaultdict(list))

    def publish(self, event: Event | SightingsErased) -> None:
        """To all whom it concerns, in this process and in others."""
        self.deliver(event)
        if self.relay is not None:
            for part in _parts(event):
                self.relay(to_text(part))

    def deliver(self, event: Event | SightingsErased) -> None:
        """To all whom it concerns in this process; a listener that fails is logged, and keeps the news from nobody."""
        if isinstance(event, SightingsErased):
            self.forget(event.report_ids)
            return
        if isinstance(event, ReportChanged):
            reports = (event.report_id, *event.finds)
        else:
            reports = (event.lost_id, event.found_id)
        with self._lock:
            listening = [hear for report_id in reports for hear in self._listeners.get(report_id, ())]
        for hear in listening:
            try:
                hear(event)
            except Exception:
                log.exception("a listener failed", news=type(event).__name__)

    @contextmanager
    def subscribe(self, report_id: ReportId, hear: Hear) -> Iterator[None]:
        """Listen to a report while the block lasts; ``hear`` is called by whoever publishes, and may not wait."""
        with self._lock:
            self._listeners[report_id].append(hear)
        try:
            yield
        finally:
            with self._lock:
                self._listeners[report_id].remove(hear)
                if not self._listeners[report_id]:
                    del self._listeners[report_id]
