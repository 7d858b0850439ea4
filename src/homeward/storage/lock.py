"""One process at a time works in a data folder, or several whose rows are elsewhere; the lock dies with its process."""

import itertools
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from homeward.errors import DataFolderLocked, StorageFull
from homeward.storage.owner import LOCK_FILE, check_user
from homeward.storage.refused import cannot_make

RECORD = 200
WAIT_S, LOOK_EVERY_S = 30.0, 0.25  # a server opens its models in some seconds; most commands are as short


class DataFolderLock:
    """A lock on ``folder``; use as a context manager. Those that hold it ``shared`` keep out those that do not.

    Raises:
        DataFolderLocked: another process holds it.
        Forbidden: this one is root's, and the folder another user's; or this user may not make it.
    """

    def __init__(self, folder: Path, *, shared: bool = False) -> None:
        """Nothing is locked before the block is entered."""
        self._shared = shared
        self._path = folder / LOCK_FILE
        self._file: IO[str] | None = None

    def __enter__(self) -> Self:
        """Take the lock."""
        check_user(self._path.parent)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except PermissionError as error:
            raise cannot_make(self._path.parent) from error
        self._path.touch()
        file = self._path.open("r+")
        if not _try_lock(file, shared=self._shared):
            file.close()
            raise DataFolderLocked(
                f"Another process works in {self._path.parent}.",
                field="data",
                hint="Stop that process, or name another folder with --data.",
            )
        self._file = file
        if not self._shared:
            self.set_url("")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give it back."""
        if self._file is not None:
            if not self._shared:
                self.set_url("")
            self._file.close()
            self._file = None

    @contextmanager
    def or_server(self, say: Callable[[str], None]) -> Iterator[str | None]:
        """The address of the server that holds it; None once it is ours, until the block ends.

        Waits while whoever holds it serves nowhere: a server that is starting, or a command that ends soon. That is
        told once to ``say``.

        Raises:
            DataFolderLocked: still so after `WAIT_S`.
        """
        url = self._ours_or_servers(say)
        try:
            yield url
        finally:
            self.__exit__(None, None, None)

    @contextmanager
    def waited(self, say: Callable[[str], None]) -> Iterator[Self]:
        """The lock, ours until the block ends; whoever holds it and serves nowhere yet is waited for.

        Raises:
            DataFolderLocked: a server works there, or somebody for longer than `WAIT_S`.
        """
        with self.or_server(say) as url:
            if url is not None:
                raise DataFolderLocked(
                    f"Another process works in {self._path.parent}, and serves on {url}.",
                    field="data",
                    hint="Stop that process, or name another folder with --data.",
                )
            yield self

    def _ours_or_servers(self, say: Callable[[str], None]) -> str | None:
        folder, until = self._path.parent, time.monotonic() + WAIT_S
        for look in itertools.count():
            url = None if self._shared else self.serving_url(folder)
            if url is not None:
                return url
            with suppress(DataFolderLocked):
                self.__enter__()
                return None
            if time.monotonic() >= until:
                break
            if look == 1:
                say(f"Waiting for another process in {folder}: a server that is starting, or a command.")
            time.sleep(LOOK_EVERY_S)
        raise DataFolderLocked(
            f"Another process has worked in {folder} for {WAIT_S:.0f} seconds and serves nowhere yet.",
            field="data",
            hint="A server that is still starting, a worker, or another command: wait for it, or stop it.",
        )

    def set_url(self, url: str) -> None:
        """Write down where this process serves, for other commands.

        The file never shrinks: what it holds once can be written over on a full disk too.

        Raises:
            StorageFull: there was no room for the first one.
        """
        if self._file is None:
            raise RuntimeError("the lock is not held")
        self._file.seek(0)
        self._file.write(url.ljust(RECORD))
        try:
            self._file.flush()
        except OSError as error:
            raise StorageFull("The disk is full.", field="data", hint="Free some space, then start again.") from error

    @staticmethod
    def serving_url(folder: Path) -> str | None:
        """Where the process that holds the lock serves; None when nobody holds it or it does not serve."""
        path = folder / LOCK_FILE
        if not path.exists():
            return None
        with path.open("r+") as file:
            if _try_lock(file, shared=False):  # nobody is there; whatever the file says is old
                return None
            file.seek(0)
            return file.read().strip() or None


if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: IO[str], *, shared: bool) -> bool:
        if shared:
            return True  # there is no such lock here
        try:
            file.seek(1 << 20)  # far behind the text, which stays readable
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(file: IO[str], *, shared: bool) -> bool:
        try:
            fcntl.flock(file.fileno(), (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
