"""Whose a data folder is: the user who works in it, and must be able to use all that is there."""

import os
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from homeward.errors import Forbidden

LOCK_FILE = "homeward.lock"
ROOT = 0
WRITTEN = (LOCK_FILE, "homeward.sqlite")  # and what SQLite puts beside it; other files are read, or put in place anew
READ_BY_OTHERS, WRITTEN_BY_OTHERS = 0o044, 0o022
NOT_OURS = "lost+found"  # of the file system, where the folder is a whole one


def user_of(folder: Path) -> int:
    """Who made the lock in it; where that was root, or nobody yet, the folder's owner.

    A volume of Kubernetes belongs to root, and some folders to a person whose group the server is of.
    """
    lock = folder / LOCK_FILE
    return (lock.stat().st_uid if lock.exists() else ROOT) or folder.stat().st_uid


def check_user(folder: Path) -> None:
    """Keep root from writing into another user's folder: what root makes is closed to the user, whose server ends.

    Raises:
        Forbidden: this process is root, and ``folder`` is another's.
    """
    if me() != ROOT or not folder.exists() or user_of(folder) == ROOT:
        return
    user = name_of(user_of(folder))
    hint = f"Run it as that user: sudo -u '{user}' homeward ..."
    raise Forbidden(f"{folder} belongs to {user}, who could not use what root makes there.", field="data", hint=hint)


def first_closed(folder: Path) -> Path | None:
    """The first thing in it that belongs to another than its user, and is closed to that one."""
    user = user_of(folder)
    for path in _all(folder):
        with suppress(FileNotFoundError):  # gone meanwhile
            found = path.lstat()
            is_written = stat.S_ISDIR(found.st_mode) or path.name.startswith(WRITTEN)
            needed = WRITTEN_BY_OTHERS if is_written else READ_BY_OTHERS
            if found.st_uid != user and not found.st_mode & needed:
                return path
    return None


def _all(folder: Path) -> Iterator[Path]:
    yield folder
    for within, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name != NOT_OURS]
        yield from (Path(within, name) for name in (*folders, *files))


if sys.platform == "win32":

    def me() -> int:
        """There are no numbers of users; all is whose it should be."""
        return 0

    def name_of(user: int) -> str:
        """For people."""
        return str(user)

else:
    import pwd

    def me() -> int:
        """Who this process is to the files."""
        return os.geteuid()

    def name_of(user: int) -> str:
        """As chown and sudo take it: #1000 where the number has no name, as in a container."""
        try:
            return pwd.getpwuid(user).pw_name
        except KeyError:
            return f"#{user}"
