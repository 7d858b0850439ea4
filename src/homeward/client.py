"""The Python client of the REST interface, sync and async; over HTTP, or over ASGI within one process.

Answers are the JSON values of docs/reference/http.md. Problems become the errors of `homeward.errors` by their code.
"""

import asyncio
import random
import ssl
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import cache
from types import TracebackType
from typing import Any, Self

import anyio.from_thread
import httpx2

from homeward import errors
from homeward.domain.addresses import without_secrets

Json = dict[str, Any]
API = "/api/v1"
TRIES = 4
FIRST_WAIT_S, LONGEST_WAIT_S = 0.2, 10.0
AGAIN = {429, 503}
TIMEOUT = httpx2.Timeout(120.0, connect=10.0)
UNPACKED = {"content-encoding", "content-length"}


class ApiError(errors.HomewardError):
    """A problem with a code that this version does not know."""

    code = "api_error"


class ServerUnreachable(errors.HomewardError):
    """Nobody answers at the address."""

    code = "server_unreachable"
    status = 503


@dataclass(frozen=True, slots=True)
class Call:
    """One request; the same idempotency key goes with every try of it.

    ``account`` is whom a bot acts for, ``language`` the one of this answer, ``date`` the sender's clock in UTC.
    """

    method: str
    path: str
    params: Mapping[str, Any] | None = None
    json: Any = None
    fields: Mapping[str, str] | None = None
    photos: Sequence[bytes] = ()
    accept: str | None = None
    idempotency_key: str | None = None
    account: str | None = None
    language: str | None = None
    date: datetime | None = None

    def arguments(self) -> Json:
        """For httpx2."""
        named = {"Accept": self.accept, "Homeward-Account": self.account, "Accept-Language": self.language}
        headers = {name: value for name, value in named.items() if value is not None}
        if self.date is not None:
            headers["Date"] = format_datetime(self.date, usegmt=True)
        if self.method == "POST":
            headers["Idempotency-Key"] = self.idempotency_key or uuid.uuid4().hex
        made: Json = {"method": self.method, "url": self.path, "headers": headers}
        if self.params:
            made["params"] = {name: value for name, value in self.params.items() if value is not None}
        if self.json is not None:
            made["json"] = self.json
        if self.fields is not None:
            texts = [(name, (None, text.encode())) for name, text in self.fields.items()]
            made["files"] = [*texts, *(("photo", (f"{n}.jpg", photo)) for n, photo in enumerate(self.photos))]
        return made


class _Calls:
    """Every operation as a `Call`; both clients send them."""

    @staticmethod
    def report(shelf: str, photos: Sequence[bytes], *, idempotency_key: str | None = None, **fields: object) -> Call:
        texts = {name: _text(value) for name, value in fields.items() if value is not None}
        return Call(
            "POST", f"{API}/reports", fields={"shelf": shelf, **texts}, photos=photos, idempotency_key=idempotency_key
        )

    @staticmethod
    def sighting(
        photo: bytes,
        seen_at: str,
        *,
        sent_at: datetime | None = None,
        idempotency_key: str | None = None,
        **fields: object,
    ) -> Call:
        texts = {name: _text(value) for name, value in fields.items() if value is not None}
        return Call(
            "POST",
            f"{API}/sightings",
            fields={"seen_at": seen_at, **texts},
            photos=[photo],
            idempotency_key=idempotency_key,
            date=sent_at,
        )

    @staticmethod
    def matches(lost_id: str, *, accept: str | None = None, **filters: Any) -> Call:
        return Call("GET", f"{API}/lost/{lost_id}/matches", params=filters, accept=accept)

    @staticmethod
    def verdict(lost_id: str, found_id: str, verdict: str, *, close: bool = False) -> Call:
        body = {"verdict": verdict, "close": close}
        return Call("PUT", f"{API}/lost/{lost_id}/matches/{found_id}/verdict", json=body)


class Client:
    """Talks to a server; use as a context manager."""

    def __init__(self, base_url: str, token: str | None = None, *, language: str = "en") -> None:
        """``token`` is a link's token or an API key. ``application`` is the one within this process, if it is."""
        self.application: Any = None
        self._http = httpx2.Client(
            base_url=base_url, headers=_headers(token, language), timeout=TIMEOUT, verify=_trusted()
        )

    @classmethod
    def in_process(cls, app: Any, token: str | None = None, *, language: str = "en") -> Self:
        """A client of an ASGI application in this process."""
        client = cls("http://homeward.local", token, language=language)
        client.application = app
        client._http.close()
        client._http = httpx2.Client(
            base_url="http://homeward.local",
            headers=_headers(token, language),
            transport=_AsgiTransport(app),
            timeout=TIMEOUT,
            verify=_trusted(),
        )
        return client

    @property
    def base_url(self) -> str:
        """Where the server is."""
        return str(self._http.base_url)

    @base_url.setter
    def base_url(self, url: str) -> None:
        """It moved; what is sent from now on goes there."""
        self._http.base_url = url

    def __enter__(self) -> Self:
        """Open."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self._http.close()

    def send(self, call: Call) -> httpx2.Response:
        """Send, and again where the server is busy or gone for a moment.

        Raises:
            HomewardError: what the server says is wrong.
            ServerUnreachable: nobody answers.
        """
        arguments = call.arguments()
        for attempt in range(TRIES):
            try:
                answer = self._http.request(**arguments)
            except httpx2.RequestError as error:
                if attempt == TRIES - 1:
                    raise _unreachable(self._http.base_url) from error
                time.sleep(_wait_s(attempt, None))
                continue
            if answer.status_code not in AGAIN or attempt == TRIES - 1:
                return _checked(answer)
            time.sleep(_wait_s(attempt, answer))
        raise AssertionError("not reached")

    def report(
        self, shelf: str, photos: Sequence[bytes], *, idempotency_key: str | None = None, **fields: object
    ) -> Json:
        """File a report; the fields are those of the interface."""
        return _json(self.send(_Calls.report(shelf, photos, idempotency_key=idempotency_key, **fields)))

    def report_once(self, shelf: str, photos: Sequence[bytes], *, idempotency_key: str, **fields: object) -> bool:
        """File a report unless this key filed it before; whether it is new."""
        answer = self.send(_Calls.report(shelf, photos, idempotency_key=idempotency_key, **fields))
        return "Idempotency-Replayed" not in answer.headers

    def sighting(self, photo: bytes, seen_at: str, *, sent_at: datetime | None = None, **fields: Any) -> Json:
        """Send a camera's sighting. Where its clock may be wrong, ``sent_at`` is what it shows now."""
        return _json(self.send(_Calls.sighting(photo, seen_at, sent_at=sent_at, **fields)))

    def heartbeat(self, camera: str, state: str, counters: Mapping[str, int]) -> Json:
        """Tell how a camera is; the answer says whether its owner paused it."""
        return self.post(f"/cameras/{camera}/heartbeat", {"state": state, "counters": dict(counters)})

    def matches(self, lost_id: str, **filters: Any) -> Json:
        """One page of matches."""
        return _json(self.send(_Calls.matches(lost_id, **filters)))

    def all_matches(self, lost_id: str, **filters: Any) -> Iterator[Json]:
        """All matches, page by page."""
        cursor: str | None = None
        while True:
            page = self.matches(lost_id, cursor=cursor, **filters)
            yield from page["items"]
            cursor = page["next"]
            if cursor is None:
                return

    def matches_as(self, lost_id: str, accept: str, **filters: Any) -> str:
        """One page as text/csv or application/geo+json."""
        return self.send(_Calls.matches(lost_id, accept=accept, **filters)).text

    def verdict(self, lost_id: str, found_id: str, verdict: str, *, close: bool = False) -> Json:
        """Same, different or unsure."""
        return _json(self.send(_Calls.verdict(lost_id, found_id, verdict, close=close)))

    def get(self, path: str, **params: Any) -> Json:
        """Any other reading operation, by its path under /api/v1."""
        return _json(self.send(Call("GET", f"{API}{path}", params=params)))

    def post(self, path: str, json: Any) -> Json:
        """Any other making operation."""
        return _json(self.send(Call("POST", f"{API}{path}", json=json)))

    def patch(self, path: str, json: Any) -> Json:
        """Any changing operation."""
        return _json(self.send(Call("PATCH", f"{API}{path}", json=json)))

    def delete(self, path: str) -> None:
        """Any erasing operation."""
        self.send(Call("DELETE", f"{API}{path}"))

    def photo(self, photo_id: str, size: str = "full") -> bytes:
        """A picture as JPEG."""
        return self.send(Call("GET", f"{API}/photos/{photo_id}", params={"size": size})).content

    def fetch(self, address: str) -> bytes:
        """A picture by its signed address, as the server gave it."""
        return self.send(Call("GET", address)).content


class AsyncClient:
    """The same, asynchronous."""

    def __init__(self, base_url: str, token: str | None = None, *, language: str = "en", transport: Any = None) -> None:
        """``transport`` httpx2.ASGITransport(app) talks to an application in this process."""
        self._http = httpx2.AsyncClient(
            base_url=base_url,
            headers=_headers(token, language),
            timeout=TIMEOUT,
            transport=transport,
            verify=_trusted(),
        )

    async def __aenter__(self) -> Self:
        """Open."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        await self._http.aclose()

    async def send(self, call: Call) -> httpx2.Response:
        """See `Client.send`."""
        arguments = call.arguments()
        for attempt in range(TRIES):
            try:
                answer = await self._http.request(**arguments)
            except httpx2.RequestError as error:
                if attempt == TRIES - 1:
                    raise _unreachable(self._http.base_url) from error
                await asyncio.sleep(_wait_s(attempt, None))
                continue
            if answer.status_code not in AGAIN or attempt == TRIES - 1:
                return _checked(answer)
            await asyncio.sleep(_wait_s(attempt, answer))
        raise AssertionError("not reached")

    async def report(
        self, shelf: str, photos: Sequence[bytes], *, idempotency_key: str | None = None, **fields: object
    ) -> Json:
        """File a report."""
        return _json(await self.send(_Calls.report(shelf, photos, idempotency_key=idempotency_key, **fields)))

    async def sighting(self, photo: bytes, seen_at: str, *, sent_at: datetime | None = None, **fields: Any) -> Json:
        """Send a camera's sighting. Where its clock may be wrong, ``sent_at`` is what it shows now."""
        return _json(await self.send(_Calls.sighting(photo, seen_at, sent_at=sent_at, **fields)))

    async def matches(self, lost_id: str, **filters: Any) -> Json:
        """One page of matches."""
        return _json(await self.send(_Calls.matches(lost_id, **filters)))

    async def all_matches(self, lost_id: str, **filters: Any) -> AsyncIterator[Json]:
        """All matches, page by page."""
        cursor: str | None = None
        while True:
            page = await self.matches(lost_id, cursor=cursor, **filters)
            for item in page["items"]:
                yield item
            cursor = page["next"]
            if cursor is None:
                return

    async def verdict(self, lost_id: str, found_id: str, verdict: str, *, close: bool = False) -> Json:
        """Same, different or unsure."""
        return _json(await self.send(_Calls.verdict(lost_id, found_id, verdict, close=close)))


class _AsgiTransport(httpx2.BaseTransport):
    """Sync requests to an ASGI application, through an event loop in a thread of its own."""

    def __init__(self, app: Any) -> None:
        self._inner = httpx2.ASGITransport(app)
        self._context = anyio.from_thread.start_blocking_portal()
        self._portal = self._context.__enter__()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        body = request.read()
        return self._portal.call(self._answer, request, body)

    def close(self) -> None:
        self._context.__exit__(None, None, None)

    async def _answer(self, request: httpx2.Request, body: bytes) -> httpx2.Response:
        own = httpx2.Request(request.method, request.url, headers=request.headers, content=body)
        answer = await self._inner.handle_async_request(own)
        content = await answer.aread()  # unpacked already, which its headers must not deny
        headers = [(name, value) for name, value in answer.headers.multi_items() if name.lower() not in UNPACKED]
        return httpx2.Response(answer.status_code, headers=headers, content=content, request=request)


@cache
def _trusted() -> ssl.SSLContext:
    """The authorities that are trusted: to read them takes as long as several requests, and once is enough."""
    return httpx2.create_ssl_context()


def _headers(token: str | None, language: str) -> dict[str, str]:
    headers = {"Accept-Language": language}
    return headers | {"Authorization": f"Bearer {token}"} if token else headers


def _checked(answer: httpx2.Response) -> httpx2.Response:
    if answer.is_success:
        return answer
    try:
        problem = answer.json()
        code = str(problem["code"])
    except (ValueError, KeyError, TypeError):
        raise ApiError(f"The server answered {answer.status_code}.") from None
    kind = _kinds().get(code, ApiError)
    raise kind(str(problem.get("detail")), field=problem.get("field"), hint=problem.get("hint"))


def _kinds() -> dict[str, type[errors.HomewardError]]:
    found = [value for value in vars(errors).values() if isinstance(value, type)]
    return {kind.code: kind for kind in found if issubclass(kind, errors.HomewardError)}


def _json(answer: httpx2.Response) -> Json:
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise ApiError("What answers is no Homeward server.", hint="Check its address; is a log-in page in between?")
    return body


def _unreachable(url: object) -> ServerUnreachable:
    return ServerUnreachable(
        f"Nobody answers at {without_secrets(str(url))}.", hint="Is the server up? homeward doctor tells."
    )


def _wait_s(attempt: int, answer: httpx2.Response | None) -> float:
    """What the server asks for, else growing waits with a random part."""
    asked = answer.headers.get("retry-after", "") if answer is not None else ""
    if asked.isdigit():
        return min(LONGEST_WAIT_S, float(asked))
    return FIRST_WAIT_S * 2.0**attempt * random.uniform(0.5, 1.5)  # noqa: S311 - no secret


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
