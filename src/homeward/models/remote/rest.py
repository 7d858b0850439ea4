"""Rest: a model service over HTTP/1.1 on kept connections; a slow answer is raced by a second request.

The standard library's client costs a third of the processor time of larger ones (docs/why/speed.md), and lets a caller
wait on two sockets at once without further threads.
"""

import http.client
import json
import selectors
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, quote

from homeward.errors import InvalidInput
from homeward.models.onnx import Floats
from homeward.models.protocol import read, written
from homeward.models.remote.link import (
    MAX_ANSWER_BYTES,
    Asked,
    Broken,
    Busy,
    Described,
    TooSlow,
    Wrong,
    checked,
    described,
)

CONNECT_S = 2.0
KEPT = 32
CHUNK = 1 << 16
Failures = (OSError, http.client.HTTPException)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Any
    body: bytes


@dataclass(slots=True)
class RestLink:
    """`Link` to an http or https address; a path before ``/v2`` is kept."""

    url: SplitResult
    key: str | None
    _idle: deque[http.client.HTTPConnection] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def describe(self, model: str, deadline_s: float) -> Described:
        """What the model eats and gives."""
        answer, _ = self._exchange("GET", _path(model), b"", {}, deadline_s, None)
        _check(answer)
        try:
            return described(json.loads(answer.body))
        except ValueError as error:
            raise Wrong("The service does not say what the model eats.") from error

    def infer(self, asked: Asked, deadline_s: float, hedge_after_s: float | None) -> tuple[Floats, bool]:
        """Rows of output, and whether it took a second request."""
        outputs = [{"name": asked.output, "parameters": {"binary_data": True}}]
        body, headers = written("inputs", asked.input, asked.tensor, outputs=outputs)
        path = f"{_path(asked.model)}/infer"
        answer, was_hedged = self._exchange("POST", path, body, headers, deadline_s, hedge_after_s)
        _check(answer)
        try:
            rows, _ = read("outputs", asked.output, answer.body, answer.headers)
        except InvalidInput as error:
            raise Wrong(f"The service's answer cannot be read: {error.message}") from error
        return checked(rows, asked), was_hedged

    def close(self) -> None:
        """Let go of all connections."""
        with self._lock:
            idle, self._idle = self._idle, deque()
        for connection in idle:
            connection.close()

    def _exchange(
        self,
        method: str,
        path: str,
        body: bytes,
        headers: dict[str, str],
        deadline_s: float,
        hedge_after_s: float | None,
    ) -> tuple[_Answer, bool]:
        """The first answer of one connection or, where that lets wait, of two; the slower one is closed."""
        sent = {"Authorization": f"Bearer {self.key}", **headers} if self.key else headers
        racing = [self._sent(method, path, body, sent, deadline_s)]
        try:
            first = racing[0]
            if hedge_after_s is not None and _readable(racing, hedge_after_s) is None:
                with suppress(Broken, TooSlow):  # the first one may still answer
                    racing.append(self._sent(method, path, body, sent, deadline_s))
                first = _readable(racing, deadline_s - time.monotonic()) or first
            answer = _received(first, deadline_s)
            racing.remove(first)
            self._keep(first, answer)
            return answer, len(racing) > 0
        finally:
            for loser in racing:
                loser.close()

    def _sent(
        self, method: str, path: str, body: bytes, headers: dict[str, str], deadline_s: float
    ) -> http.client.HTTPConnection:
        """A connection on which the request has been sent: a kept one that is still open, or a new one."""
        connection = self._taken() or self._new()
        left_s = deadline_s - time.monotonic()
        if left_s <= 0:
            raise TooSlow("The service did not answer in time.")
        try:
            connection.timeout = min(left_s, CONNECT_S)
            if connection.sock is None:
                connection.connect()
            connection.sock.settimeout(left_s)
            connection.request(method, f"{self.url.path.rstrip('/')}{path}", body or None, headers)
        except Failures as error:
            connection.close()
            raise Broken(f"The service cannot be reached: {type(error).__name__}.") from error
        return connection

    def _new(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self.url.scheme == "https" else http.client.HTTPConnection
        assert self.url.hostname is not None
        return kind(self.url.hostname, self.url.port)

    def _taken(self) -> http.client.HTTPConnection | None:
        """A kept connection; those that the service closed meanwhile are readable, and thrown away."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                connection = self._idle.pop()
            if connection.sock is not None and _readable([connection], 0) is None:
                return connection
            connection.close()

    def _keep(self, connection: http.client.HTTPConnection, answer: _Answer) -> None:
        if answer.headers.get("Connection", "").lower() == "close" or connection.sock is None:
            connection.close()
            return
        with self._lock:
            if len(self._idle) < KEPT:
                self._idle.append(connection)
                return
        connection.close()


def _path(model: str) -> str:
    return f"/v2/models/{quote(model, safe='')}"


def _readable(racing: list[http.client.HTTPConnection], within_s: float) -> http.client.HTTPConnection | None:
    """The connection on which something comes first; None where the time is over before."""
    with selectors.DefaultSelector() as selector:
        for connection in racing:
            selector.register(connection.sock, selectors.EVENT_READ, connection)
        ready = selector.select(max(0.0, within_s))
        return ready[0][0].data if ready else None


def _received(connection: http.client.HTTPConnection, deadline_s: float) -> _Answer:
    try:
        connection.sock.settimeout(max(0.001, deadline_s - time.monotonic()))
        response = connection.getresponse()
        parts: list[bytes] = []
        size = 0
        while part := response.read1(CHUNK):
            parts.append(part)
            size += len(part)
            if size > MAX_ANSWER_BYTES:
                raise Wrong("The service's answer has no end.")
            if time.monotonic() > deadline_s:
                raise TooSlow("The service's answer did not end in time.")
        if response.length:
            raise Broken("The service's answer was cut off.")
        response.close()  # only then may the connection carry another request
        return _Answer(response.status, response.headers, b"".join(parts))
    except TimeoutError as error:
        raise TooSlow("The service's answer did not end in time.") from error
    except Failures as error:
        raise Broken(f"The service's answer was cut off: {type(error).__name__}.") from error


def _check(answer: _Answer) -> None:
    """Let pass what is an answer.

    Raises:
        ModelUnavailable: of the kind that fits the status.
    """
    said = f"The service answers {answer.status}."
    if answer.status == 200:
        return
    if answer.status == 429 or (answer.status == 503 and "Retry-After" in answer.headers):
        raise Busy(said, _seconds(answer.headers.get("Retry-After")))
    if answer.status in {502, 503, 504}:
        raise Broken(said)
    if answer.status in {401, 403}:
        raise Wrong(said, hint="Set HOMEWARD_MODEL_SERVICE_KEY on both sides.")
    if answer.status in {400, 404}:
        raise Wrong(said, hint="Add the model there: homeward models add, or homeward models export --triton.")
    raise Wrong(said, hint="Its log says why.")


def _seconds(text: str | None) -> float | None:
    try:
        return max(0.0, float(text)) if text is not None else None
    except ValueError:  # a date; too coarse for a queue
        return None
