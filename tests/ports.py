"""Ports for servers that tests start: each test process has a range of its own, where nobody else is given one.

A port that the system calls free may be given to somebody else before a server, which first opens its models, takes
it; a test then speaks to a stranger.
"""

import itertools
import os
import random
import re
import socket

FIRST, EACH = 20_000, 1_000  # below those that Linux gives to outgoing connections, 32768 and up
RANGES = 12


def _mine():
    number = int(re.sub(r"\D", "", os.environ.get("PYTEST_XDIST_WORKER", "")) or RANGES - 1) % RANGES
    ports = range(FIRST + number * EACH, FIRST + (number + 1) * EACH)
    start = random.SystemRandom().randrange(EACH)  # a second run on this machine begins elsewhere
    return itertools.cycle([*ports[start:], *ports[:start]])


_PORTS = _mine()


def free_port() -> int:
    """One that nobody listens on."""
    for port in itertools.islice(_PORTS, EACH):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)):
                return port
    raise RuntimeError("no port is free")
