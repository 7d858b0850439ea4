"""Stills: a camera's address that gives one picture for each call in, its new pictures out."""

import hashlib
import io
from collections.abc import Callable
from typing import Any, Self, TypeVar
from urllib.parse import unquote

from homeward.domain.addresses import without_secrets
from homeward.domain.animals import Picture
from homeward.images.shape import Shape
from homeward.watcher.capture import HINTS, NO_ANSWER, CameraUnreadable, picture_in

MOST_BYTES = 20_000_000
PAUSE_S, LONGEST_PAUSE_S = 1.0, 5.0  # between two calls; the longer one where pictures are seldom new
GROWTH = 1.5
NOT_MODIFIED = 304
PROBLEMS = {401: "HTTPUnauthorized", 403: "HTTPForbidden", 404: "HTTPNotFound"}  # as FFmpeg calls them
Answer = TypeVar("Answer")


def is_picture(content_type: str) -> bool:
    """Whether that is one picture, not one after the other."""
    return content_type.startswith("image/")


class NoPicture(Exception):
    """What came is not one that can be decoded."""


class Stills:
    """One camera, asked again and again over one connection. Its user and password are told only where it asks."""

    def __init__(self, source: str, timeout_s: float, shape: Shape) -> None:
        """``shape`` makes its pictures upright."""
        import httpx2

        self._shown = without_secrets(source)
        try:
            url = httpx2.URL(source)
        except httpx2.InvalidURL as error:
            message = f"{self._shown} is no address of a camera."
            raise CameraUnreadable(message, field="source", hint=NO_ANSWER, is_hopeless=True) from error
        self._secret = (unquote(url.username), unquote(url.password)) if url.username else None
        self._url = url.copy_with(username=None, password=None)
        self._shape = shape
        # cameras sign their certificates themselves, and FFmpeg does not ask either
        self._client = httpx2.Client(timeout=timeout_s, follow_redirects=True, verify=False)
        self._known: dict[str, str] = {}
        self._last: bytes | None = None
        self.pause_s = PAUSE_S

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def next(self) -> Picture | None:
        """The camera's picture, RGB; None where it is still the last one, and the `pause_s` then grows.

        Raises:
            CameraUnreadable: the camera does not answer, or not with a picture.
            NoPicture: it cannot be decoded.
        """
        data = self._asked(self._taken)
        digest = None if data is None else hashlib.sha256(data).digest()
        if data is None or digest == self._last:
            self.pause_s = min(LONGEST_PAUSE_S, self.pause_s * GROWTH)
            return None
        self._last, self.pause_s = digest, PAUSE_S
        picture = picture_in(io.BytesIO(data), self._shape)
        if picture is None:
            raise NoPicture
        return picture

    def content_type(self) -> str:
        """What it says that it sends.

        Raises:
            CameraUnreadable: the camera does not answer.
        """
        return self._asked(lambda answer: str(answer.headers.get("content-type", "")))

    def _asked(self, take: Callable[[Any], Answer]) -> Answer:
        """What is taken of its answer, once it was told user and password in the way that it wants."""
        import httpx2

        try:
            with self._client.stream("GET", self._url, headers=self._known) as answer:
                if answer.status_code != httpx2.codes.UNAUTHORIZED or self._client.auth or not self._secret:
                    return take(answer)
                self._client.auth = _proof(answer.headers.get("www-authenticate", ""), *self._secret)
        except httpx2.HTTPError as error:
            message = f"{self._shown} does not answer in time, or not as a camera."
            raise CameraUnreadable(message, field="source", hint=NO_ANSWER) from error
        return self._asked(take)

    def _taken(self, answer: Any) -> bytes | None:
        """The picture; None where the camera says itself that nothing is new."""
        if answer.status_code == NOT_MODIFIED:
            return None
        if not answer.is_success:
            kind = PROBLEMS.get(answer.status_code, "")
            message = f"{self._shown} cannot be read ({answer.status_code})."
            hint = HINTS.get(kind, NO_ANSWER)
            raise CameraUnreadable(message, field="source", hint=hint, is_hopeless=kind in HINTS)
        names = (("etag", "If-None-Match"), ("last-modified", "If-Modified-Since"))
        self._known = {name: answer.headers[of] for of, name in names if of in answer.headers}
        data = bytearray()
        for piece in answer.iter_bytes():
            data += piece
            if len(data) > MOST_BYTES:
                message = f"{self._shown} sends more than a picture."
                raise CameraUnreadable(message, field="source", hint="Is it the right address?", is_hopeless=True)
        return bytes(data)


def _proof(challenge: str, user: str, password: str) -> Any:
    import httpx2

    is_digest = "digest" in challenge.lower()
    return httpx2.DigestAuth(user, password) if is_digest else httpx2.BasicAuth(user, password)
