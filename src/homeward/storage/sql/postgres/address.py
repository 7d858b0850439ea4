"""The address of a database: a checked `postgresql://` URL, shown without its secrets."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from homeward.errors import BadSettings

HINT = "postgresql://USER:PASSWORD@HOST:5432/DATABASE"
FIELD = "database_url"
CONNECT: dict[str, Any] = {  # a server that vanished without a word is missed within half a minute
    "connect_timeout": 5,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    "application_name": "homeward",
}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a PostgreSQL database is. ``str`` of it names host and database only."""

    url: URL

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Of a setting.

        Raises:
            BadSettings: it is no address of a PostgreSQL database; the text is not repeated, it may hold a password.
        """
        if text.count("@") > 1:  # what follows the first one in a password would be taken for the host, and shown
            message = "HOMEWARD_DATABASE_URL has an @ too many."
            raise BadSettings(message, field=FIELD, hint="Write an @ within user or password as %40.")
        try:
            url = make_url(text)
        except (ArgumentError, ValueError):
            raise BadSettings("HOMEWARD_DATABASE_URL is no address.", field=FIELD, hint=HINT) from None
        if url.drivername not in {"postgresql", "postgres", "postgresql+psycopg"}:
            message = "HOMEWARD_DATABASE_URL does not begin with postgresql://."
            raise BadSettings(message, field=FIELD, hint=f"{HINT}. Without it, rows are kept in the data folder.")
        if not url.database:
            raise BadSettings("HOMEWARD_DATABASE_URL names no database.", field=FIELD, hint=HINT)
        return cls(url.set(drivername="postgresql+psycopg"))

    @property
    def dsn(self) -> str:
        """As psycopg reads it, with its secrets."""
        return self.url.set(drivername="postgresql").render_as_string(hide_password=False)

    def __str__(self) -> str:
        """Host, port and database."""
        host = self.url.host or self.url.query.get("host") or "the local socket"
        port = f":{self.url.port}" if self.url.port else ""
        return f"{host}{port}/{self.url.database}"
