"""Whose a folder is, and who works in it."""

import os
import sys
from pathlib import Path

LOCK_FILE = "homeward.lock"


def user_of(folder: Path) -> int:
    """The folder's owner; where that is root, as of a volume in Kubernetes, whoever made the lock in it."""
    lock = folder / LOCK_FILE
    return folder.stat().st_uid or (lock.stat().st_uid if lock.exists() else 0)


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
