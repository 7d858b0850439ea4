"""Handovers: an owner and a finder who talk through us, without names, until one of them ends it."""

from dataclasses import dataclass
from datetime import datetime

from homeward.domain.ids import HandoverId, MessageId, ReportId
from homeward.domain.places import Point
from homeward.domain.reports import Shelf


@dataclass(frozen=True, slots=True)
class Handover:
    """One for each pair of reports. Who has not said yet whether they agree is None."""

    id: HandoverId
    lost_id: ReportId
    found_id: ReportId
    created_at: datetime
    owner_agrees: bool | None = None
    finder_agrees: bool | None = None
    ended_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether both may write whatever they like."""
        return bool(self.owner_agrees and self.finder_agrees) and self.ended_at is None

    @property
    def is_over(self) -> bool:
        """Whether nothing can be written any more."""
        return self.ended_at is not None or self.owner_agrees is False or self.finder_agrees is False

    @property
    def is_taken_back(self) -> bool:
        """Whether it is over by the owner's no alone."""
        return self.owner_agrees is False and self.finder_agrees is not False and self.ended_at is None

    def agrees(self, side: Shelf) -> bool | None:
        """What the person of the ``side`` report said."""
        return self.owner_agrees if side is Shelf.LOST else self.finder_agrees


@dataclass(frozen=True, slots=True)
class NewMessage:
    """What ``author`` (the side) says: a text, a place, a picture (safe JPEG bytes), at least one of them."""

    handover_id: HandoverId
    author: Shelf
    created_at: datetime
    text: str | None = None
    place: Point | None = None
    picture: bytes | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """A kept `NewMessage`; ``has_picture`` tells whether there is one to ask for."""

    id: MessageId
    handover_id: HandoverId
    author: Shelf
    created_at: datetime
    text: str | None
    place: Point | None
    has_picture: bool
