"""Pictures in an object store (S3, GCS, Azure) by content hash, laid out as in the folder. Never tells a key."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import obstore
import structlog
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import AzureStore, GCSStore, S3Store, from_url

from homeward.domain.ids import ContentHash
from homeward.errors import BadSettings, NotFound, PhotoStoreUnavailable
from homeward.storage.photos.folder import HASH, checked

if TYPE_CHECKING:
    from obstore.store import ClientConfig, ObjectStore, RetryConfig

REFUSALS = (PermissionDeniedError, UnauthenticatedError)
SCHEMES = ("s3", "gs", "az")
PROBE = "homeward-probe"
# A photo is at most a few megabytes. Whoever waits for the answer to a report gives up after half a minute.
CLIENT: "ClientConfig" = {
    "connect_timeout": timedelta(seconds=3),
    "timeout": timedelta(seconds=10),
    "default_content_type": "image/jpeg",
}
RETRIES: "RetryConfig" = {
    "max_retries": 3,
    "retry_timeout": timedelta(seconds=12),
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=2), "base": 2},
}
log = structlog.get_logger(__name__)


class BucketPhotoStorage:
    """`homeward.ports.PhotoStorage` as objects ``ab/cd/<sha256>.jpg``; ``where`` names it for people."""

    def __init__(self, store: "ObjectStore", where: str) -> None:
        """Nothing is asked before the first use; see `check`."""
        self._store = store
        self.where = where

    @classmethod
    def open(cls, url: str, *, endpoint: str | None = None, key: str | None = None) -> "BucketPhotoStorage":
        """Of a URL; ``key`` as in the settings, else what the cloud's own variables or the machine's role give.

        Raises:
            BadSettings: the URL, the endpoint or the key cannot be used.
        """
        scheme = url.partition("://")[0]
        if scheme not in SCHEMES:
            hint = "s3://bucket/prefix, gs://bucket/prefix or az://container/prefix."
            raise BadSettings("HOMEWARD_PHOTOS_URL names no object store.", field="photos_url", hint=hint)
        config = _key(scheme, key) | ({"endpoint": endpoint.rstrip("/")} if endpoint else {})
        client = CLIENT | {"allow_http": bool(endpoint and endpoint.startswith("http://"))}
        try:
            store = from_url(url, config=config, client_options=client, retry_config=RETRIES)  # type: ignore[call-overload]
        except (BaseError, ValueError) as error:
            raise BadSettings(
                f"The object store of HOMEWARD_PHOTOS_URL cannot be used: {_line(error)}",
                field="photos_url",
                hint="See docs/how-to/object-store.md.",
            ) from None
        return cls(store, url)

    def check(self) -> None:
        """Write, read, list and remove a small object.

        Raises:
            BadSettings: the store refuses our key, or there is no such bucket.
            PhotoStoreUnavailable: it does not answer.
        """
        hint = "See docs/how-to/object-store.md."
        try:
            with self._told("check"):
                obstore.put(self._store, PROBE, b"probe", use_multipart=False)
                obstore.get(self._store, PROBE).bytes()
                next(iter(obstore.list(self._store)), None)
                obstore.delete(self._store, PROBE)
        except PhotoStoreUnavailable as error:
            if isinstance(error.__cause__, REFUSALS):
                raise BadSettings(f"{self.where} refuses our key.", field="photos_key", hint=hint) from None
            if isinstance(error.__cause__, FileNotFoundError):
                raise BadSettings(f"{self.where}: there is no such bucket.", field="photos_url", hint=hint) from None
            hint = "Is it up, and is HOMEWARD_PHOTOS_ENDPOINT its address? See docs/how-to/object-store.md."
            raise PhotoStoreUnavailable(f"The photo store {self.where} does not answer.", hint=hint) from error

    def put(self, content_hash: ContentHash, jpeg: bytes) -> None:
        """Upload; when it returns, the store has acknowledged it. Twice is harmless, and makes it young again."""
        with self._told("put"):
            obstore.put(self._store, _path(content_hash), jpeg, use_multipart=False)

    def has(self, content_hash: ContentHash) -> bool:
        """Whether it is there."""
        with self._told("head"):
            try:
                obstore.head(self._store, _path(content_hash))
            except FileNotFoundError:
                return False
            return True

    def get(self, content_hash: ContentHash) -> bytes:
        """The bytes."""
        with self._told("get"):
            try:
                return obstore.get(self._store, _path(content_hash)).bytes().to_bytes()
            except FileNotFoundError:
                raise NotFound("There is no such picture.") from None

    def remove(self, content_hash: ContentHash) -> None:
        """Delete; absent is fine."""
        with self._told("delete"), suppress(FileNotFoundError):
            obstore.delete(self._store, _path(content_hash))

    def hashes(self) -> Iterator[tuple[ContentHash, datetime]]:
        """All pictures and when each was last written; whatever else lies in the bucket is left out."""
        with self._told("list"):
            for page in obstore.list(self._store):
                for found in page:
                    name = PurePosixPath(found["path"])
                    if name.suffix == ".jpg" and HASH.fullmatch(name.stem):
                        yield ContentHash(name.stem), found["last_modified"]

    def link(self, content_hash: ContentHash, valid_s: int) -> str | None:
        """An address that gives the bytes to whoever has it, for ``valid_s`` seconds."""
        if not isinstance(self._store, S3Store | GCSStore | AzureStore):
            return None
        with self._told("sign"):
            return str(obstore.sign(self._store, "GET", _path(content_hash), timedelta(seconds=valid_s)))

    @contextmanager
    def _told(self, call: str) -> Iterator[None]:
        """The store's troubles in our words; what it said goes to the log, where no key stands in it."""
        try:
            yield
        except (BaseError, FileNotFoundError) as error:
            log.warning("photo store", call=call, where=self.where, problem=type(error).__name__)
            hint = "Nothing was lost; send it again in a moment."
            raise PhotoStoreUnavailable("The photo store does not answer.", hint=hint) from error


def _path(content_hash: ContentHash) -> str:
    checked(content_hash)
    return f"{content_hash[:2]}/{content_hash[2:4]}/{content_hash}.jpg"


def _key(scheme: str, key: str | None) -> dict[str, Any]:
    """The settings' key in the store's own words."""
    if key is None:
        return {}
    if scheme == "gs":
        return {"service_account_key": key}
    name, colon, secret = key.partition(":")
    if not (name and colon and secret):
        hint = "S3: KEY_ID:SECRET; Azure: ACCOUNT:KEY; Google: the JSON of a service account."
        raise BadSettings("HOMEWARD_PHOTOS_KEY has not two parts.", field="photos_key", hint=hint)
    if scheme == "az":
        return {"account_name": name, "account_key": secret}
    return {"access_key_id": name, "secret_access_key": secret}


def _line(error: Exception) -> str:
    """The first line of what a library says; the rest are its insides."""
    return str(error).partition("\n")[0]
