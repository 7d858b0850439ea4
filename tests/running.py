"""Applications over real HTTP, each in a thread of this process."""

import threading
import time
from contextlib import contextmanager

import uvicorn

WITHIN_S = 30.0


@contextmanager
def running(app, **how):
    """Its host and port; ``how`` is for uvicorn."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, **how))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + WITHIN_S
    while not server.started:
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)
    yield server.servers[0].sockets[0].getsockname()[:2]
    server.should_exit = True
    thread.join(WITHIN_S)


@contextmanager
def served(api):
    """An API of ours; its address."""
    with running(api) as (host, port):
        yield f"http://{host}:{port}"
        api.state.streams.stop()
