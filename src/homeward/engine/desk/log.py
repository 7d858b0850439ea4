"""The desk's log: who did what, to what, and why. Nothing in it is ever changed."""

from dataclasses import dataclass

from homeward.domain.desk import Actor, Deed
from homeward.engine.wiring import Ports
from homeward.errors import InvalidInput
from homeward.ports import UnitOfWork

MOST_WORDS = 2000
"""Longest reason, answer or complaint, in characters."""


@dataclass(frozen=True, slots=True)
class Log:
    """Writes and reads deeds."""

    ports: Ports

    def note(self, actor: Actor, act: str, subject: str, why: str = "") -> None:
        """Note an act in a transaction of its own."""
        with self.ports.database.write() as work:
            self.add(work, actor, act, subject, why)

    def add(self, work: UnitOfWork, actor: Actor, act: str, subject: str, why: str = "") -> None:
        """Note an act together with what it does."""
        work.deeds.add(Deed(0, self.ports.clock.now(), actor.key_id, actor.name, act, subject, why))

    def page(self, before: int | None, who: str | None, limit: int) -> list[Deed]:
        """Newest first."""
        with self.ports.database.read() as work:
            return work.deeds.page(before, who, limit)


def checked(words: str, field: str, *, least: int = 0) -> str:
    """Words of a person, without what no person writes.

    Raises:
        InvalidInput: too long, too short, or with control characters.
    """
    trimmed = words.strip()
    if len(trimmed) > MOST_WORDS:
        raise InvalidInput(f"At most {MOST_WORDS} characters.", field=field, hint="Say it shorter.")
    if len(trimmed) < least:
        raise InvalidInput("Say it in words.", field=field, hint="A sentence is enough.")
    if any(ord(sign) < 32 and sign not in "\n\r\t" for sign in trimmed):
        raise InvalidInput("There are signs in it that are no text.", field=field, hint="Say it in words.")
    return trimmed
