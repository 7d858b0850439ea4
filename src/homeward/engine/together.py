"""Together: what several threads ask for at once is done in one go, so that they share a transaction and its sync."""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from homeward.errors import StorageBusy, StorageFull

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(slots=True)
class _Ticket(Generic[Item, Result]):
    item: Item
    result: list[Result] = field(default_factory=list)
    error: Exception | None = None

    @property
    def is_done(self) -> bool:
        return bool(self.result) or self.error is not None


class Together(Generic[Item, Result]):
    """Calls ``work`` with one or several items; whoever comes while it is busy goes along with the next call.

    Nobody waits for company: a lone caller is served at once. Where a call with several items fails, each is
    tried alone, so that one item's error is nobody else's, unless it is that of a store that is away; ``work`` must
    therefore leave nothing behind when it fails.
    """

    def __init__(self, work: Callable[[Sequence[Item]], Sequence[Result]], most: int) -> None:
        """``most`` items go together."""
        self._work = work
        self._most = most
        self._turn = threading.Lock()
        self._waiting: deque[_Ticket[Item, Result]] = deque()

    def __call__(self, item: Item) -> Result:
        """The result for ``item``, or its error."""
        (result,) = self.each([item])
        if isinstance(result, Exception):
            raise result
        return result

    def each(self, items: Sequence[Item]) -> list[Result | Exception]:
        """For each of ``items`` its result, or its error."""
        tickets: list[_Ticket[Item, Result]] = [_Ticket(item) for item in items]
        self._waiting.extend(tickets)
        while not all(ticket.is_done for ticket in tickets):
            with self._turn:
                if not all(ticket.is_done for ticket in tickets):
                    self._serve([self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))])
        return [ticket.error or ticket.result[0] for ticket in tickets]

    def _serve(self, tickets: Sequence[_Ticket[Item, Result]]) -> None:
        try:
            for ticket, result in zip(tickets, self._work([ticket.item for ticket in tickets]), strict=True):
                ticket.result.append(result)
        except Exception as error:  # noqa: BLE001 - it is the caller's, who hears of it
            if len(tickets) == 1:
                tickets[0].error = error
            else:
                self._serve_alone(tickets)

    def _serve_alone(self, tickets: Sequence[_Ticket[Item, Result]]) -> None:
        """Each by itself; where a store is away for one it is so for all after it, who need not wait for that too."""
        away: StorageBusy | StorageFull | None = None
        for ticket in tickets:
            if away is None:
                self._serve([ticket])
                away = ticket.error if isinstance(ticket.error, StorageBusy | StorageFull) else None
            else:
                ticket.error = away
