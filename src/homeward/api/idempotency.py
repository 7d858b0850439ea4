"""Idempotency keys: the same request again gets the same answer, and makes nothing new."""

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import Request, Response
from starlette.responses import JSONResponse

from homeward.api.auth import Caller
from homeward.api.context import ApiContext
from homeward.domain.filing import Idempotency
from homeward.errors import Conflict, IdempotencyMismatch, InvalidInput, ShownOnce
from homeward.ports import Answer

MAX_KEY = 128
REPLAYED = {"Idempotency-Replayed": "true"}


class InFlight:
    """Keys of filings that are being worked on in this process; the commit tells those of other processes apart."""

    def __init__(self) -> None:
        """None yet."""
        self._lock = threading.Lock()
        self._keys: set[tuple[str, str]] = set()

    @contextmanager
    def hold(self, idempotency: Idempotency | None) -> Iterator[None]:
        """One request at a time for each key.

        Raises:
            Conflict: the same key is being worked on.
        """
        if idempotency is None:
            yield
            return
        name = (idempotency.caller, idempotency.key)
        with self._lock:
            if name in self._keys:
                raise _worked_on()
            self._keys.add(name)
        try:
            yield
        finally:
            with self._lock:
                self._keys.discard(name)


@contextmanager
def _alone(context: ApiContext, key: Idempotency | None) -> Iterator[None]:
    """One request at a time for each key, whichever process it came to.

    Raises:
        Conflict: the same key is being worked on.
    """
    if key is None:
        yield
        return
    with context.database.hold(f"answer:{key.caller}:{key.key}") as is_free:
        if not is_free:
            raise _worked_on()
        yield


def key_of(request: Request, caller: Caller, body_sha256: str) -> Idempotency | None:
    """The key of a request, bound to its path and body.

    Raises:
        InvalidInput: it is too long or not printable.
    """
    key = request.headers.get("idempotency-key")
    if key is None:
        return None
    if not 1 <= len(key) <= MAX_KEY or not key.isascii() or not key.isprintable():
        hint = "Make up a new one for each thing that is to be made, such as a UUID."
        raise InvalidInput(f"One to {MAX_KEY} printable characters.", field="Idempotency-Key", hint=hint)
    digest = hashlib.sha256(f"{request.method} {request.url.path}\n{body_sha256}".encode()).hexdigest()
    return Idempotency(caller.name, key, digest)


def earlier_answer(context: ApiContext, key: Idempotency | None) -> Answer | None:
    """What was answered before.

    Raises:
        IdempotencyMismatch: to another request.
    """
    if key is None:
        return None
    with context.database.read() as work:
        answer = work.answers.get(key.caller, key.key)
    if answer is not None and answer.body_sha256 != key.body_sha256:
        raise IdempotencyMismatch(
            "This key was used for another request.", field="Idempotency-Key", hint="Make a new key for each request."
        )
    return answer


def once(
    context: ApiContext,
    key: Idempotency | None,
    status: int,
    make: Callable[[], dict[str, Any]],
    show: Callable[[dict[str, Any]], dict[str, Any]] = dict,
) -> Response:
    """Run ``make`` and keep its answer, or give the kept one again. ``show`` adds what is not kept: secrets."""
    with _alone(context, key):
        earlier = earlier_answer(context, key)
        if earlier is not None:
            return JSONResponse(show(json.loads(earlier.body)), earlier.status, headers=REPLAYED)
        body = make()
        _keep(context, key, status, body)
        return JSONResponse(show(body), status)


def once_shown(
    context: ApiContext, key: Idempotency | None, make: Callable[[], dict[str, Any]], lost_hint: str
) -> Response:
    """Run ``make``, whose answer holds a secret that is kept nowhere: asked again it is not run.

    Raises:
        ShownOnce: it was answered before; ``lost_hint`` says what to do where that answer was lost.
    """
    with _alone(context, key):
        if earlier_answer(context, key) is not None:
            raise ShownOnce("This was done already; its secret was shown once.", hint=lost_hint)
        body = make()
        _keep(context, key, 201, {})
        return JSONResponse(body, 201)


def _keep(context: ApiContext, key: Idempotency | None, status: int, body: dict[str, Any]) -> None:
    if key is not None:
        with context.database.write() as work:
            answer = Answer(key.body_sha256, status, json.dumps(body))
            work.answers.add(key.caller, key.key, answer, context.clock.now())


def _worked_on() -> Conflict:
    return Conflict("This request is being worked on.", field="Idempotency-Key", hint="Ask again.", retry_after_s=1)
