"""What the door works with."""

from dataclasses import dataclass

from fastapi import Request

from homeward.engine.engine import Engine
from homeward.ports import Clock, Database


@dataclass(frozen=True, slots=True)
class ApiConfig:
    """Plain values from the settings; ``uploads_per_minute`` 0 means no limit.

    ``telegram_secret`` is what Telegram sends along with its updates; None: it sends none here.
    """

    public_url: str = "http://127.0.0.1:8000"
    trusted_proxies: tuple[str, ...] = ()
    max_upload_bytes: int = 20_000_000
    uploads_per_minute: int = 60
    link_days: int = 365
    version: str = "0"
    telegram_secret: str | None = None


@dataclass(frozen=True, slots=True)
class ApiContext:
    """The engine, and the database for keys and answers."""

    engine: Engine
    database: Database
    clock: Clock
    config: ApiConfig


def context_of(request: Request) -> ApiContext:
    """The context of the app that got the request."""
    context: ApiContext = request.app.state.context
    return context
