"""The server beside a watch: the one that works in the data folder, on whatever port and whenever it starts."""

import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from homeward.cli.common import complain
from homeward.errors import BadSettings, DataFolderLocked
from homeward.storage.lock import LOOK_EVERY_S, WAIT_S, DataFolderLock

if TYPE_CHECKING:
    from homeward.client import Client


def server_beside(folder: Path) -> str | None:
    """Its address; one that is starting is waited for, a long command is passed over."""
    with suppress(DataFolderLocked), DataFolderLock(folder).or_server(complain) as url:
        return url
    return None


def awaited(folder: Path) -> str:
    """Its address, once it works there.

    Raises:
        BadSettings: none came within `WAIT_S`.
    """
    complain(f"Waiting for a server in {folder}.")
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        url = DataFolderLock.serving_url(folder)
        if url is not None:
            return url
        time.sleep(LOOK_EVERY_S)
    hint = "Start homeward serve with this data folder, or name another server with --server and --key-file."
    raise BadSettings(f"No server works in {folder}.", field="server", hint=hint)


@dataclass(frozen=True, slots=True)
class Following:
    """Keeps ``clients`` at the address of the server that works in ``folder``, while one does."""

    folder: Path
    clients: Iterable["Client"]

    def tick(self) -> int:
        """Look once."""
        url = DataFolderLock.serving_url(self.folder)
        if url is not None:
            for client in self.clients:
                client.base_url = url
        return 0
