"""Serve: the API and the work behind it, until it is told to stop; and the demo city."""

import signal
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from homeward.cli.common import Data, Port, complain, note, settings
from homeward.cli.crowds import may_open_many
from homeward.cli.listening import address, listen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from homeward.app import App as Running
    from homeward.settings import Settings
    from homeward.storage.lock import DataFolderLock


def register(app: App) -> None:
    """Add the commands."""
    app.command(serve)
    app.command(work)
    app.command(demo)


def serve(*, data: Data = None, host: str | None = None, port: int | None = None) -> None:
    """Serve the API, and the Telegram bot when a token is set; ready when /readyz says 200.

    Parameters
    ----------
    host
        Address to listen on; 0.0.0.0 opens it to the network.
    port
        Port to listen on; 0 takes a free one.
    """
    from homeward.app import build, folder_lock
    from homeward.telemetry import configure

    chosen = settings(data, host=host, port=port)
    configure(chosen.log_level, chosen.log_format)
    with folder_lock(chosen).waited(complain) as lock:
        running = build(chosen)
        try:
            run(running, chosen, lock)
        finally:
            running.close()


def work(*, data: Data = None, host: str = "127.0.0.1", port: Port = None) -> None:
    """Do the work behind the API without the API: matching, alerts, reindexing, forgetting. For PostgreSQL.

    As many of these as you like work beside the servers on one database; each job is done by one of them.

    Parameters
    ----------
    host
        Address that the port below listens on.
    port
        Port of /livez, /readyz and /metrics; default: none.
    """
    import threading

    from homeward.app import build, check_several, folder_lock
    from homeward.telemetry import configure

    chosen = settings(data)
    check_several(chosen)
    configure(chosen.log_level, chosen.log_format)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with folder_lock(chosen).or_server(complain):
        running = build(chosen)
        try:
            with nullcontext() if port is None else _told_of(running, host, port):
                running.workers.start()
                note("Homeward works")
                stop.wait()
        finally:
            running.close()


@contextmanager
def _told_of(running: "Running", host: str, port: int) -> "Iterator[None]":
    """Answer machines that look after this process, in a thread of its own."""
    import uvicorn

    from homeward.api import create_health_api
    from homeward.workers import LoopThread

    listening = listen(host, port)
    app = create_health_api(running.api.state.context)
    config = uvicorn.Config(app, access_log=False, log_config=None, server_header=False, proxy_headers=False)
    server = uvicorn.Server(config)
    thread = LoopThread("health", lambda: server.serve(sockets=listening))
    thread.start()
    note(f"Health on {address(host, listening[0].getsockname()[1])}/readyz")
    try:
        yield
    finally:
        server.should_exit = True
        thread.stop()


def demo(
    *,
    photos: Annotated[Path | None, Parameter(help="A folder with one folder of photos per pet.")] = None,
    data: Annotated[Path, Parameter(help="The demo's own data folder; made anew each time.")] = Path("homeward-demo"),
    host: str | None = None,
    port: int | None = None,
    serve: Annotated[bool, Parameter(help="Serve after filling.")] = True,
) -> None:
    """Serve a small demo city: cameras, lost and found pets, matches.

    Parameters
    ----------
    host
        Address to listen on.
    port
        Port to listen on.
    """
    from homeward.app import build
    from homeward.cli.demo.city import DISTRICTS, claim, clear, fill
    from homeward.cli.demo.pictures import of_cat, of_folder
    from homeward.storage.lock import DataFolderLock
    from homeward.telemetry import configure

    chosen = settings(data, host=host, port=port, districts=DISTRICTS, uploads_per_minute=0, database_url="")
    pets = of_folder(photos) if photos else of_cat()
    claim(data)
    configure("warning", "console")
    with DataFolderLock(chosen.data).waited(complain) as lock:
        clear(data)
        running = build(chosen)
        try:
            tell = fill(running, pets, are_real=photos is not None)
            if serve:
                run(running, chosen, lock, tell=tell)
            else:
                tell(address(chosen.host, chosen.port))
        finally:
            running.close()


def run(running: "Running", chosen: "Settings", lock: "DataFolderLock", *, tell: Any = None) -> None:
    """Listen; SIGTERM and Ctrl-C let running requests end."""
    import uvicorn

    from homeward.cli.patience import Impatient

    may_open_many()

    class Server(uvicorn.Server):
        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            if not self.started:
                return
            bound = self.servers[0].sockets[0].getsockname()[1]
            url = address(chosen.host, bound)
            lock.set_url(url)
            running.workers.start()
            if running.bot is not None:
                running.bot.start()
            tell(url) if tell else note(f"Homeward serves on {url}")

        def handle_exit(self, sig: int, frame: Any) -> None:
            running.api.state.streams.stop()
            super().handle_exit(sig, frame)

    config = uvicorn.Config(
        running.api,
        http=Impatient,
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=25,
        proxy_headers=False,
    )
    try:
        Server(config).run(sockets=listen(chosen.host, chosen.port))
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
