"""Devices: browsers that take news by web push (RFC 8030), and which services may carry them. Never sends anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from homeward.domain.ids import AccountId

PUSH = "push"  # the messenger of people who have no other one
MOST_DEVICES = 10
HTTPS = 443


@dataclass(frozen=True, slots=True)
class Device:
    """A browser of ``account_id``. ``endpoint`` is where its push service takes news.

    ``p256dh`` (its public key, 65 bytes) and ``auth`` (16 bytes) encrypt them, as base64url without padding.
    """

    account_id: AccountId
    endpoint: str
    p256dh: str
    auth: str
    language: str
    created_at: datetime


def is_carried(endpoint: str, services: Sequence[str]) -> bool:
    """Whether the address belongs to one of ``services``: a host, a .suffix of hosts, or host:port; https always.

    Whoever subscribes chooses the address, so nothing else is ever asked: no machine behind our own door.
    """
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname or "", parts.port or HTTPS
    except ValueError:
        return False
    if parts.scheme != "https" or parts.username is not None or "@" in parts.netloc:
        return False
    named = host if port == HTTPS else f"{host}:{port}"
    return any(named.endswith(service) if service.startswith(".") else named == service for service in services)
