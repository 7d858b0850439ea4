"""Time, news and districts, as ports."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from homeward.domain.accounts import Account
from homeward.domain.matches import Match
from homeward.domain.places import Point
from homeward.domain.reports import Report
from homeward.ports.queues import Alert, AlertKind


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


@dataclass(frozen=True, slots=True)
class News:
    """What a messenger delivers: one alert, or several about one lost report at once, the best first.

    ``lost``, ``found`` and ``match`` are those of the best; ``account`` is None for people without a messenger.
    """

    alerts: tuple[Alert, ...]
    account: Account | None
    lost: Report
    found: Report
    match: Match | None

    @property
    def own(self) -> Report:
        """The report of whoever is told."""
        best = self.alerts[0]
        if best.kind is AlertKind.MATCH:
            return self.lost
        is_finders = best.kind is AlertKind.OWNER_NEAR or best.account_id != self.lost.account_id
        return self.found if is_finders else self.lost


class Messenger(Protocol):
    """Takes news to an owner."""

    def send(self, news: News) -> None:
        """Deliver; any exception means that it is tried again later."""
        ...


class Districts(Protocol):
    """Names the district of a point."""

    def district(self, place: Point) -> str | None:
        """The name, or None outside all of them."""
        ...

    def near(self, place: Point, within_km: float) -> tuple[str, ...]:
        """Names of those that begin within ``within_km`` of the point, nearest first."""
        ...

    def outlines(self) -> Mapping[str, object]:
        """All of them as a GeoJSON FeatureCollection of polygons, each with a `name`."""
        ...


class Window(Protocol):
    """Counts how often somebody did something lately."""

    def hit(self, name: str, most: int, within_s: float) -> float:
        """Count once more and say 0; where it was done ``most`` times already, say in how many seconds it may be."""
        ...
