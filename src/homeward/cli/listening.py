"""Listening: a host and a port in, open sockets out, or in plain words why there are none."""

import errno
import socket

from homeward.cli.crowds import HangingUp
from homeward.errors import BadSettings, HomewardError, StorageBusy

ABSENT = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}
ROOTS_BELOW = 1024


def listen(host: str, port: int) -> list[socket.socket]:
    """A socket on each address that ``host`` names on this machine; port 0 takes a free one.

    Raises:
        BadSettings: ``host`` names none.
        StorageBusy: the port is taken, or not for this user.
    """
    try:
        named = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise _nowhere(host) from None
    opened: list[socket.socket] = []
    for family, place in dict.fromkeys((family, place[:2]) for family, _, _, _, place in named):
        try:
            opened.append(HangingUp.instead_of(socket.create_server(place, family=family)))
        except OSError as error:
            if error.errno in ABSENT:
                continue  # as localhost is ::1 too, where there is no IPv6
            for each in opened:
                each.close()
            raise _refused(port, error) from None
    if not opened:
        raise _nowhere(host)
    return opened


def address(host: str, port: int) -> str:
    """Where a server that listens there is reached from this machine."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _nowhere(host: str) -> BadSettings:
    hint = "127.0.0.1 is for this machine alone, 0.0.0.0 opens it to the network."
    return BadSettings(f"{host} is no address of this machine.", field="host", hint=hint)


def _refused(port: int, error: OSError) -> HomewardError:
    hint = f"{error.strerror}. Choose another with --port."
    if error.errno == errno.EADDRINUSE:
        hint = "Another program listens there; choose another with --port."
    elif error.errno == errno.EACCES and port < ROOTS_BELOW:
        hint = "Ports below 1024 are root's; choose another with --port, and let a proxy listen on 80 and 443."
    return StorageBusy(f"Port {port} cannot be used.", field="port", hint=hint)
