"""Limits before parsing: sizes of bodies, uploads per caller, ids of requests, safe headers, one log line each."""

import ipaddress
import re
import time
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any

import structlog
from fastapi import Request
from limits import RateLimitItemPerSecond
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request as StarletteRequest

from homeward.api.problems import of_error
from homeward.errors import HomewardError, InvalidInput, PayloadTooLarge, TooManyRequests
from homeward.ports import Window

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

MAX_PHOTOS = 10
MINUTE_S, HOUR_S = 60.0, 3600.0
SPANS = {MINUTE_S: "a minute", HOUR_S: "an hour"}
MOST_PROXIES = 10
OVERHEAD_BYTES = 1_000_000
PLAIN_BODY_BYTES = 100_000
LARGE = ("/api/v1/reports", "/api/v1/sightings", "/api/v1/detections", "/api/v1/handovers", "/api/v1/updates")
OWN_HEADS = ("/map/", "/assets/", "/api/openapi.json")
ENDLESS = "/api/v1/events"
LONG = re.compile(r"/api/v1/(map|reports(/\w+)?|\w+/\w+/matches)")
SAFE_HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"content-security-policy": b"default-src 'self'; img-src 'self' data:; frame-ancestors 'none'",
    b"x-robots-tag": b"noindex",
}
PRIVATE = {b"cache-control": b"no-store"}  # of every answer of the API that does not say how long it may be kept
log = structlog.get_logger(__name__)


def address(request: StarletteRequest, trusted: tuple[Network, ...]) -> str:
    """Where a request comes from; a proxy's word counts only where the proxy is trusted. IPv6 by its /64.

    Of several proxies in a row the last that is not trusted asked. IPv4 written as IPv6 is IPv4.
    """
    peer = request.client.host if request.client else "unknown"
    forwarded = [each.strip()[:45] for each in request.headers.get("x-forwarded-for", "").split(",")[-MOST_PROXIES:]]
    while forwarded and forwarded[-1] and _is_within(peer, trusted):
        peer = forwarded.pop()
    number = _number(peer)
    if number is None:
        return peer
    return str(ipaddress.ip_network(f"{number}/64", strict=False)) if number.version == 6 else str(number)


def _is_within(peer: str, known: tuple[Network, ...]) -> bool:
    number = _number(peer)
    return number is not None and any(number in each for each in known)


def _number(peer: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address; IPv4 also where it is written as IPv6. None for what is none."""
    try:
        number = ipaddress.ip_address(peer)
    except ValueError:
        return None
    mapped = number.ipv4_mapped if number.version == 6 else None
    return mapped or number


class Gate:
    """The outermost middleware, plain ASGI."""

    def __init__(self, app: App, *, max_upload_bytes: int) -> None:
        """``max_upload_bytes`` counts for one file."""
        self._app = app
        self._most = max_upload_bytes * MAX_PHOTOS + OVERHEAD_BYTES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Give the request an id, cut its body off at the limit, log it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        given = request.headers.get("x-request-id", "")
        request_id = given if given.isalnum() and len(given) <= 64 else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        start, seen = time.perf_counter(), {"status": 500}
        most = self._most if scope["path"].startswith(LARGE) else PLAIN_BODY_BYTES
        try:
            with structlog.contextvars.bound_contextvars(request_id=request_id):
                _check_length(request, most)
                _check_coding(request)
                await self._app(scope, _capped(receive, most), _noting(send, scope["path"], seen, request_id))
        except HomewardError as error:
            await of_error(request, error)(scope, receive, _noting(send, scope["path"], seen, request_id))
        finally:
            ms = round((time.perf_counter() - start) * 1000, 1)
            log.info("request", method=scope["method"], path=scope["path"], ms=ms, request_id=request_id, **seen)


class Headed:
    """HEAD is answered as GET is, without the body: monitors ask so. A stream of events has no end to leave out."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Ask for what GET gives; what reads files does so by itself, and reads none."""
        is_head = scope["type"] == "http" and scope["method"] == "HEAD"
        if not is_head or scope["path"].startswith(OWN_HEADS) or scope["path"] == ENDLESS:
            await self._app(scope, receive, send)
            return

        async def bodiless(message: MutableMapping[str, Any]) -> None:
            is_body = message["type"] == "http.response.body"
            await send({**message, "body": b""} if is_body else message)

        await self._app({**scope, "method": "GET"}, receive, bodiless)


class Narrowed:
    """Compresses answers that are long and plain; never pictures, streams or files read in ranges."""

    def __init__(self, app: App) -> None:
        self._plain, self._compressed = app, GZipMiddleware(app, minimum_size=1000, compresslevel=5)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One of the two."""
        is_long = scope["type"] == "http" and LONG.fullmatch(scope["path"])
        await (self._compressed if is_long else self._plain)(scope, receive, send)


def _check_length(request: Request, most: int) -> None:
    length = request.headers.get("content-length", "0")
    if not length.isdigit() or int(length) > most:
        raise _too_large(most)


def _check_coding(request: Request) -> None:
    coding = request.headers.get("content-encoding", "").lower()
    if coding not in {"", "identity"}:
        hint = "Send it as it is, without Content-Encoding."
        raise InvalidInput("Compressed bodies are not taken.", field="Content-Encoding", hint=hint)


def _capped(receive: Receive, most: int) -> Receive:
    left = most

    async def capped() -> MutableMapping[str, Any]:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise _too_large(most)
        return message

    return capped


def _too_large(most: int) -> PayloadTooLarge:
    hint = "Send less at once." if most == PLAIN_BODY_BYTES else "Send fewer or smaller photos."
    return PayloadTooLarge(f"A request may have {most / 1e6:g} MB here.", field="body", hint=hint)


def _noting(send: Send, path: str, seen: dict[str, int], request_id: str) -> Send:
    added = SAFE_HEADERS | PRIVATE if path.startswith("/api/") else SAFE_HEADERS

    async def noting(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            seen["status"] = message["status"]
            named = {name for name, _ in message["headers"]}
            safe = [(name, value) for name, value in added.items() if name not in named]
            message["headers"] = [*message["headers"], *safe, (b"x-request-id", request_id.encode())]
        await send(message)

    return noting


class MemoryWindow:
    """`homeward.ports.Window` in this process."""

    def __init__(self) -> None:
        """Nobody did anything yet."""
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def hit(self, name: str, most: int, within_s: float) -> float:
        """Count once more and say 0, or say in how many seconds it may be."""
        item = RateLimitItemPerSecond(most, round(within_s))
        if self._limiter.hit(item, name):
            return 0.0
        return max(0.001, self._limiter.get_window_stats(item, name).reset_time - time.time())


@dataclass(frozen=True, slots=True)
class UploadLimit:
    """So many uploads, or other sendings, a minute for each caller, or in another time; 0 means no limit."""

    most: int
    window: Window
    within_s: float = MINUTE_S

    def check(self, caller: str) -> None:
        """Count one upload.

        Raises:
            TooManyRequests: it was one too many; says when to come back.
        """
        wait_s = self.window.hit(caller, self.most, self.within_s) if self.most else 0.0
        if wait_s > 0:
            wait_s = max(1, round(wait_s))
            raise TooManyRequests(
                f"At most {self.most} of these {SPANS[self.within_s]}.", hint=f"Wait {wait_s} s.", retry_after_s=wait_s
            )
