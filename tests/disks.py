"""Disks of a size or mounted read-only, and other users: what a machine refuses, played by root of a namespace."""

import os
import shutil
import subprocess
from contextlib import contextmanager

import pytest

NOBODY = 65534
CAN_MOUNT = (
    shutil.which("unshare") is not None
    and subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", "/tmp"], check=False).returncode == 0
)
wants_mounts = pytest.mark.skipif(not CAN_MOUNT, reason="this system lets nobody mount a file system of their own")
wants_users = pytest.mark.skipif(os.geteuid() != 0, reason="only root can play another user")


def on_a_disk(folder, size):
    """The command before another, to which ``folder`` is a disk of ``size`` that is empty."""
    return _after(f"mount -t tmpfs -o size={size} tmpfs '{folder}'")


def read_only(folder):
    """The command before another, to which ``folder`` is mounted read-only."""
    return _after(f"mount --bind '{folder}' '{folder}' && mount -o remount,bind,ro '{folder}'")


@contextmanager
def somebody(user=NOBODY):
    """This process is another user to the files; what it imports must be there by then."""
    os.seteuid(user)
    try:
        yield
    finally:
        os.seteuid(0)


def _after(script):
    return ["unshare", "-rm", "sh", "-c", f'{script} && exec "$@"', "sh"]
