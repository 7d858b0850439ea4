"""The key of the commands on this machine."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from homeward.errors import StorageFull

if TYPE_CHECKING:
    from homeward.api import ApiContext


OPERATOR_FILE = "operator.key"


def operator_key(folder: Path) -> str | None:
    """The key that the process working in ``folder`` left for other commands of the folder's owner."""
    path = folder / OPERATOR_FILE
    return path.read_text(encoding="ascii").strip() if path.exists() else None


def new_operator_key(context: ApiContext, folder: Path, *, is_shared: bool) -> str:
    """A new key at each start; whoever may read the data folder is an operator anyway. The last one is revoked.

    On a full disk the last one stays, so that an operator can look and make room. It stays as well where other
    processes may work in the folder, whose commands use it.

    Raises:
        StorageFull: there is no last one either.
    """
    from homeward.api.auth import KEY_PREFIX, key_of_bearer, new_key
    from homeward.domain.ids import KeyId

    old, path = operator_key(folder), folder / OPERATOR_FILE
    if is_shared and old is not None and key_of_bearer(context, old) is not None:
        return old
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    try:
        _, secret = new_key(context, "commands on this machine", "admin", None)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(secret)
        part.replace(path)
    except (StorageFull, OSError):
        if old is None:
            raise
        return old
    if old is not None:
        with suppress(StorageFull), context.database.write() as work:
            work.keys.revoke(KeyId(old.removeprefix(KEY_PREFIX).partition("_")[0]), context.clock.now())
    return secret
