"""Crowds: more visitors than files that may be opened; those too many are hung up on, the others served."""

import errno
import os
import socket
import sys
import time
from contextlib import suppress
from typing import Any, Self

import structlog

NO_FILES_LEFT = {errno.EMFILE, errno.ENFILE}
MOST_FILES = 65_536
TELL_EVERY_S, REST_S = 60.0, 0.1
log = structlog.get_logger(__name__)


def may_open_many() -> None:
    """As many files as this user may have open, up to `MOST_FILES`: each visitor is one, shells give 1,024."""
    if sys.platform == "win32":
        return
    import resource

    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if most == resource.RLIM_INFINITY else min(MOST_FILES, most)
    if resource.RLIM_INFINITY != now < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


class HangingUp(socket.socket):
    """Listens, and hangs up on whoever comes while no file is left.

    Left to wait they would keep asyncio busy: it tries thousands of times a second, and logs each try.
    """

    _spare: int | None = None
    _told_at = float("-inf")

    @classmethod
    def instead_of(cls, plain: socket.socket) -> Self:
        """The same, which ``plain`` no longer is."""
        made = cls(fileno=plain.detach())
        made._keep_one()
        return made

    def accept(self) -> tuple[socket.socket, Any]:
        """The next connection that there is room for.

        Raises:
            BlockingIOError: there is none now.
        """
        while True:
            try:
                return super().accept()
            except OSError as error:
                if error.errno not in NO_FILES_LEFT:
                    raise
            self._tell()
            self._hang_up()

    def close(self) -> None:
        """Listen no more."""
        super().close()
        self._give_up_spare()

    def _hang_up(self) -> None:
        """On one, who takes the place of the spare file for as long as that takes."""
        had_one = self._spare is not None
        self._give_up_spare()
        try:
            if not had_one:  # something else took it: files come back when others go
                time.sleep(REST_S)
                raise BlockingIOError
            super().accept()[0].close()
        finally:
            self._keep_one()

    def _keep_one(self) -> None:
        with suppress(OSError):
            self._spare = os.open(os.devnull, os.O_RDONLY)

    def _give_up_spare(self) -> None:
        if self._spare is not None:
            os.close(self._spare)
            self._spare = None

    def _tell(self) -> None:
        if time.monotonic() - self._told_at > TELL_EVERY_S:
            self._told_at = time.monotonic()
            log.warning("hung_up", why="no more files may be opened", hint="ulimit -n, or LimitNOFILE of systemd")
