"""Pace: so much at once as a messenger allows, in all and for each chat; answers go before news."""

import asyncio
import heapq
import itertools
import math
import time
from collections import OrderedDict, deque

MOST_CHATS = 20_000
WINDOW_S = 1.0
CATCH_UP = 8  # messages that may follow each other at once after a pause, so that a hiccup costs no time for good


class Pace:
    """Hands out turns to send. Fair within a priority; a chat that has had its share does not hold up the others."""

    def __init__(self, per_second: float, per_chat_per_second: float, chat_burst: int) -> None:
        """``chat_burst`` messages may follow each other in one chat before its own pace counts."""
        self._gap_s = 1.0 / per_second
        self._sent: deque[float] = deque(maxlen=math.floor(per_second * WINDOW_S))
        self._chat_gap_s = 1.0 / per_chat_per_second
        self._burst_s = (chat_burst - 1) * self._chat_gap_s
        self._next_at = 0.0
        self._chats: OrderedDict[str, float] = OrderedDict()
        self._waiting: list[tuple[bool, int, asyncio.Future[None], int]] = []
        self._order = itertools.count()
        self._giver: asyncio.Task[None] | None = None

    async def turn(self, chat: str, *, urgent: bool, messages: int = 1) -> None:
        """Wait until ``messages`` may go to ``chat``."""
        await self._chat_turn(chat, messages)
        given: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (not urgent, next(self._order), given, messages))
        if self._giver is None or self._giver.done():
            self._giver = asyncio.create_task(self._give())
        await given

    def hold(self, wait_s: float) -> None:
        """Nothing at all goes for so long: the messenger asked for it."""
        self._next_at = max(self._next_at, time.monotonic() + wait_s)

    async def _chat_turn(self, chat: str, messages: int) -> None:
        """A leaky bucket for each chat: ``_chats`` keeps when its messages would have gone one gap apart."""
        now = time.monotonic()
        free_at = max(self._chats.pop(chat, 0.0), now - self._burst_s)
        self._chats[chat] = free_at + self._chat_gap_s * messages
        while len(self._chats) > MOST_CHATS:
            self._chats.popitem(last=False)
        if free_at > now:
            await asyncio.sleep(free_at - now)

    async def _give(self) -> None:
        while self._waiting:
            messages = self._waiting[0][3]
            wait_s = max(self._next_at, self._room_at(messages)) - time.monotonic()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
                continue
            _, _, given, messages = heapq.heappop(self._waiting)
            if given.cancelled():
                continue
            now = time.monotonic()
            self._sent.extend([now] * messages)
            self._next_at = max(self._next_at, now - CATCH_UP * self._gap_s) + self._gap_s * messages
            given.set_result(None)

    def _room_at(self, messages: int) -> float:
        """When ``messages`` more keep to what may go in any one second."""
        most = self._sent.maxlen or 1
        above = len(self._sent) + min(messages, most) - most
        return self._sent[above - 1] + WINDOW_S if above > 0 else 0.0
