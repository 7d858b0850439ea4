"""Addresses as people and logs may see them. Pure."""

import re
from urllib.parse import urlsplit, urlunsplit

GIVEN = re.compile(r"=[^/;&]*")  # what some cameras want within the path: /user=admin&password=...


def without_secrets(source: str) -> str:
    """The address without user, password and query, and without what its path gives to names; others as they are."""
    if "://" not in source:
        return source
    try:
        parts = urlsplit(source)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return f"{source.partition('://')[0]}://(no address)"
    if ":" in host:
        host = f"[{host}]"
    path = GIVEN.sub("=...", parts.path)
    return urlunsplit((parts.scheme, f"{host}:{port}" if port else host, path, "", ""))
