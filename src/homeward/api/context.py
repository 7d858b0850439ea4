"""What the door works with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Any, Protocol

from fastapi import Request

from homeward.engine.engine import Engine
from homeward.ports import Clock, Database, Window


@dataclass(frozen=True, slots=True)
class ApiConfig:
    """Plain values from the settings; ``uploads_per_minute`` 0 means no limit.

    ``map_styles`` are the addresses of MapLibre styles for light and for dark screens; ``map_file`` is the city as
    PMTiles. Without both: district outlines on a plain ground.
    ``photo_link_s`` is for how long an address at the object store, at ``photo_origin``, is good; 0: none is given.
    ``telegram_app_secret`` checks who opened a Mini App; None: there is none.
    ``telegram_secret`` is what Telegram sends along with its updates; None: it sends none here.
    """

    public_url: str = "http://127.0.0.1:8000"
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    max_upload_bytes: int = 20_000_000
    uploads_per_minute: int = 60
    link_days: int = 365
    version: str = "0"
    telegram_secret: str | None = None
    telegram_app_secret: bytes | None = None
    map_styles: tuple[str, str] | None = None
    map_file: Path | None = None
    photo_link_s: int = 0
    photo_origin: str = ""
    operator: str = ""


@dataclass(frozen=True, slots=True)
class Disk:
    """Where the data lie: bytes free, in all, and of the database."""

    free_bytes: int
    total_bytes: int
    database_bytes: int


class Post(Protocol):
    """Sends a letter now."""

    def write(self, address: str, subject: str, body: str) -> None:
        """Send.

        Raises:
            HomewardError: it did not go out.
        """
        ...


class IndexCare(Protocol):
    """Keeps an index that stands elsewhere."""

    def state(self) -> list[dict[str, object]]:
        """How far it is, for each shelf and model."""
        ...

    def ask(self) -> None:
        """Compare all of it with the rows now."""
        ...


class Push(Protocol):
    """Knows what browsers need for web push."""

    def key(self) -> str:
        """The server's public key, which they subscribe with."""
        ...

    def check(self, endpoint: str, p256dh: str, auth: str) -> None:
        """Whether news can go there.

        Raises:
            InvalidInput: no push service that we know has this address, or the keys are none.
        """
        ...


@dataclass(frozen=True, slots=True)
class ApiContext:
    """The engine, and the database for keys and answers. ``post`` sends the letters that people ask for.

    ``index`` keeps the index of nearest neighbours, where it stands elsewhere.
    ``window`` counts uploads together with other processes; None: this one counts alone.
    ``cards`` are those of the models at hand, ``disk`` how full the disk is: for the operator's desk.
    """

    engine: Engine
    database: Database
    clock: Clock
    config: ApiConfig
    post: Post | None = None
    index: IndexCare | None = None
    window: Window | None = None
    push: Push | None = None
    cards: Callable[[], Sequence[Mapping[str, Any]]] = tuple
    disk: Callable[[], Disk | None] = lambda: None


def context_of(request: Request) -> ApiContext:
    """The context of the app that got the request."""
    context: ApiContext = request.app.state.context
    return context
