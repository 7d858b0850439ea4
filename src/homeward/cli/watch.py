"""Watch: cameras, clips or folders of pictures, and what is sent of them."""

import json as jsonlib
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from homeward.cli.beside import Following, awaited, server_beside
from homeward.cli.common import AsJson, Data, Port, complain, key_in, note, settings, whole_key, words
from homeward.cli.rehearse import rehearse
from homeward.errors import BadSettings

if TYPE_CHECKING:
    from homeward.settings import Settings
    from homeward.watcher.config import CameraConfig, WatchConfig
    from homeward.watcher.page import Page
    from homeward.watcher.spool import Spool
    from homeward.watcher.status import Status
    from homeward.watcher.supervisor import Supervisor

KEY = "HOMEWARD_CAMERA_KEY"
KEYS_FOLDER, SPOOL_FILE = "camera-keys", "spool.sqlite"
SERVER, PAGE_PORT = "http://127.0.0.1:8000", 8090
SEND_LAST_S = 20.0
UPLINK_PAUSE_S, HEARTBEAT_EVERY_S, LOOK_AGAIN_S = 0.5, 30.0, 2.0
TOLD_EVERY_S = 1.0
Flag = Annotated[bool, Parameter(negative="")]
OPTIONS = {"id": "camera", "window_s": "window", "key_file": "key-file"}  # where a TOML file's key differs


def register(app: App) -> None:
    """Add the command."""
    app.command(watch)


def watch(
    source: str,
    *,
    camera: str | None = None,
    server: str | None = None,
    key_file: Path | None = None,
    lat: float | None = None,
    lon: float | None = None,
    dry_run: Flag = False,
    sheet: Path | None = None,
    show: Flag = False,
    port: Port = None,
    record: Path | None = None,
    fps: float | None = None,
    window: float | None = None,
    hardware: str | None = None,
    turn: int | None = None,
    aspect: str | None = None,
    realtime: Flag = False,
    spool_mb: float | None = None,
    data: Data = None,
    json: AsJson = False,
) -> int:
    """Watch cameras, a clip or a folder of pictures; send the best crop of every cat and dog to the server.

    A camera whose stream breaks or hangs is tried again for ever; what was seen waits on this disk until the server has
    it. The camera's key (homeward keys create) is read from HOMEWARD_CAMERA_KEY, --key-file, or the TOML file. On the
    machine of the server none is needed: the camera is registered at --lat and --lon, and a key is made.

    Parameters
    ----------
    source
        rtsp:// or http:// address, a device (/dev/video0), a video file, a folder with pictures that one camera took a
        second apart, or a .toml file with many cameras (docs/how-to/watch-a-camera.md says what stands in it).
    camera
        Id of the camera on the server; small letters, digits and dashes. Default: camera.
    server
        Address of the Homeward server; default: what the TOML file says, else the server that works in the data folder
        now or later, until then http://127.0.0.1:8000.
    key_file
        A file that holds the camera's key and nothing else.
    lat
        Latitude of the camera, where it is not registered yet.
    lon
        Longitude of the camera, where it is not registered yet.
    dry_run
        Send nothing; print what would have been sent. Wants neither server nor key.
    sheet
        With --dry-run: write a PNG with all crops.
    show
        Show what the cameras see, with boxes and what was sent, on a web page for this machine only.
    port
        Port of that page and of /metrics; default: 8090 with --show, else none.
    record
        Keep the stretches of live streams that led to sightings in this folder, for tuning.
    fps
        Frames a second that are looked at, at most. Default: 5.
    window
        Seconds of which the best crop of an animal is sent. Default: 3.
    hardware
        Decoder: auto (what works here), none (the processor; the default), or FFmpeg's name of one, such as cuda.
    turn
        Degrees by which the picture is turned to the right: 90, 180 or 270, for a camera on its side or its head.
    aspect
        Width and height as the picture is meant to be seen, like 16:9, for a recorder that sends it squeezed and does
        not say so.
    realtime
        Play a file at its own speed.
    spool_mb
        Most megabytes that may wait on this disk; beyond that the least certain go first. Default: 500.
    """
    from homeward.telemetry import configure

    chosen = settings(data)
    configure("warning", "console")
    if find_spec("av") is None:
        raise BadSettings("Video wants PyAV.", field="source", hint="Install homeward[video].")
    of_one = {
        "id": camera, "lat": lat, "lon": lon, "fps": fps, "window_s": window, "hardware": hardware,
        "turn": turn, "aspect": aspect,
        "key_file": None if key_file is None else str(key_file),
    }  # fmt: skip
    given = {key: value for key, value in of_one.items() if value is not None}
    found = replace(_cameras(source, given), **_of_all(server, spool_mb))
    if dry_run:
        _only_without(dry_run="--dry-run", show=show, port=port, record=record, realtime=realtime)
        return rehearse(found.cameras, chosen, sheet=sheet, json=json)
    if sheet is not None:
        raise BadSettings("--sheet draws what --dry-run finds.", field="sheet", hint="Give both, or leave it out.")
    if record is not None:
        _check_record(record)
    return _run(found, chosen, show=show, port=port, record=record, realtime=realtime, json=json)


def _check_record(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        is_good = os.access(folder, os.W_OK)
    except OSError:
        is_good = False
    if not is_good:
        raise BadSettings(f"{folder} takes no clips.", field="record", hint="Name a folder that can be written to.")


def _cameras(source: str, given: dict[str, Any]) -> "WatchConfig":
    """Those of a TOML file, or the one that the command line describes.

    Raises:
        BadSettings: something is wrong, or is said on the command line though the file says it of each camera.
    """
    from homeward.watcher.config import WatchConfig, camera_from, read_config

    if not source.endswith(".toml"):
        return WatchConfig((camera_from({"id": "camera", "source": source, **given}, Path()),))
    if given:
        options = [OPTIONS.get(key, key) for key in given]
        names = ", ".join(f"--{option}" for option in options)
        hint = f"Write it into {Path(source).name}, under [[camera]], and leave {names} out."
        raise BadSettings(f"{names} would not say which camera is meant.", field=options[0], hint=hint)
    return read_config(Path(source))


def _of_all(server: str | None, spool_mb: float | None) -> dict[str, Any]:
    """What the command line says on top of a file."""
    from homeward.watcher.config import MOST_SPOOL_MB, server_from

    server = server_from(server) if server is not None else None
    if spool_mb is not None and not 1 <= spool_mb <= MOST_SPOOL_MB:
        raise BadSettings(f"{spool_mb:g} is no size.", field="spool_mb", hint=f"1 to {MOST_SPOOL_MB:,} MB")
    return {key: value for key, value in (("server", server), ("spool_mb", spool_mb)) if value is not None}


def _only_without(**options: Any) -> None:
    """Refuse what a rehearsal would pass over."""
    wrong = next((name for name, value in options.items() if name != "dry_run" and value), None)
    if wrong is not None:
        raise BadSettings(f"--{wrong} does nothing with --dry-run.", field=wrong, hint="Leave one of them out.")


def _run(
    config: "WatchConfig", chosen: "Settings", *, show: bool, port: int | None, record: Path | None, realtime: bool,
    json: bool,
) -> int:  # fmt: skip
    """Watch until there is nothing left to watch, or somebody stops it."""
    from homeward.app import CameraWatches, check_user
    from homeward.watcher.spool import Spool
    from homeward.watcher.supervisor import Supervisor
    from homeward.watcher.worker import Group

    check_user(chosen)
    spool_bytes = int(config.spool_mb * 1e6)
    size = config.cameras_per_process
    groups = tuple(
        Group(
            config.cameras[n : n + size], CameraWatches(chosen), chosen.data / SPOOL_FILE, spool_bytes, record, realtime
        )
        for n in range(0, len(config.cameras), size)
    )
    stop, supervisor = threading.Event(), Supervisor(groups)
    with _page(supervisor, PAGE_PORT if show and port is None else port, show=show) as page:
        server = config.server or server_beside(chosen.data)
        keys = {camera.id: _key(camera, server, config, chosen) for camera in config.cameras}
        spool = Spool(chosen.data / SPOOL_FILE, spool_bytes)
        if page is not None:
            page.counts = spool.counts
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, lambda *_: stop.set())
        follow = chosen.data if config.server is None else None
        with _server(server or SERVER, keys, spool, supervisor, follow), _told(supervisor, spool):
            is_over = supervisor.run(stop)
    return _summed_up(supervisor, spool, is_over=is_over, json=json)


def _summed_up(supervisor: "Supervisor", spool: "Spool", *, is_over: bool, json: bool) -> int:
    """The exit code: 2 where nothing is left that can be watched, 1 where it ended by itself and not all was taken."""
    from homeward.watcher.status import as_item

    counts, unsent = spool.counts(), sum(spool.waiting(status.camera) for status in supervisor.totals())
    spool.close()
    if json:
        items = [as_item(status, time.monotonic()) for status in supervisor.totals()]
        print(jsonlib.dumps({"items": items, "next": None, **counts}, indent=2))
    else:
        print(_counted(counts))
    if supervisor.rest_hopeless:
        return 2
    if unsent == 0 or not is_over:
        return 0
    complain(f"sightings that the server has not taken: {unsent}")
    note("  They are kept on this disk, and the next watch sends them. Is --server right?")
    return 1


@contextmanager
def _server(
    server: str, keys: dict[str, str], spool: "Spool", supervisor: "Supervisor", follow: Path | None
) -> Iterator[None]:
    """Sightings and heartbeats go to the server meanwhile; at the end what waits gets a last chance.

    ``follow`` is the data folder whose server it is, where none is named.
    """
    from contextlib import ExitStack

    from homeward.client import Client
    from homeward.watcher.heartbeats import Heartbeats
    from homeward.watcher.uplink import Uplink
    from homeward.workers import Worker, Workers

    with ExitStack() as opened:
        clients = {camera: opened.enter_context(Client(server, key)) for camera, key in keys.items()}
        uplink = Worker("uplink", Uplink(spool, clients).tick, UPLINK_PAUSE_S)
        heartbeats = Worker("heartbeats", Heartbeats(supervisor, clients, spool.waiting).tick, HEARTBEAT_EVERY_S)
        following = (Worker("address", Following(follow, clients.values()).tick, LOOK_AGAIN_S),) if follow else ()
        workers = Workers((*following, uplink, heartbeats))
        workers.start()
        try:
            yield
        finally:
            deadline = time.monotonic() + SEND_LAST_S
            while any(map(spool.waiting, clients)) and time.monotonic() < deadline and not supervisor.all_hopeless:
                time.sleep(0.1)
            workers.stop()


@contextmanager
def _page(supervisor: "Supervisor", port: int | None, *, show: bool) -> "Iterator[Page | None]":
    """Opened before a camera is registered: a port that is taken leaves nothing behind."""
    if port is None:
        yield None
        return
    from homeward.watcher.page import Page

    page = Page(supervisor, dict, port=port, show=show)
    supervisor.on_picture = page.pictures.put
    note(f"What the cameras see: {page.url}" if show else f"Metrics: {page.url}metrics")
    try:
        yield page
    finally:
        page.close()


@contextmanager
def _told(supervisor: "Supervisor", spool: "Spool") -> Iterator[None]:
    """A live table in a terminal; elsewhere a line whenever a camera's state changes."""
    lines = _Lines()
    if not sys.stderr.isatty():
        supervisor.on_look = lines
        yield
        lines(supervisor)  # what ended the watch came after the last look
        return
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True, markup=False, emoji=False)  # troubles name files as people call them
    with Live(console=console, refresh_per_second=2, transient=True) as live:
        told_s = 0.0

        def look(found: "Supervisor") -> None:
            nonlocal told_s
            if time.monotonic() - told_s >= TOLD_EVERY_S:
                told_s = time.monotonic()
                live.update(_drawn(found.totals(), spool.counts()))

        supervisor.on_look = look
        yield
    lines(supervisor)


class _Lines:
    """Says each new trouble of a camera once."""

    def __init__(self) -> None:
        self._said: dict[str, tuple[str, str]] = {}

    def __call__(self, supervisor: "Supervisor") -> None:
        for status in supervisor.totals():
            known = (status.state.value, status.problem)
            if self._said.get(status.camera) != known and (status.problem or status.camera in self._said):
                told = [f"{status.camera}: {words(status.state.value)}.", words(status.problem), words(status.hint)]
                print(" ".join(filter(None, told)), file=sys.stderr)
            self._said[status.camera] = known


def _drawn(statuses: "list[Status]", counts: dict[str, int]) -> Any:
    from rich.table import Table

    shown = Table(caption=_counted(counts))
    for column in ("Camera", "State", "Last frame", "Late", "Frames", "Detector", "Tracks", "Sent", "Trouble"):
        shown.add_column(words(column))
    now = time.monotonic()
    for status in statuses:
        ago = words("never" if status.seen_s is None else f"{now - status.seen_s:.0f} s ago")
        state = words(f"{status.state.value}, moving" if status.is_busy else status.state.value)
        figures = (status.frames, status.detector_runs, status.tracks, status.sent)
        row = [status.camera, state, ago, words(f"{status.late_by_s:.1f} s"), *map(str, figures), words(status.problem)]
        shown.add_row(*row)
    return shown


def _counted(counts: dict[str, int]) -> str:
    return ", ".join(f"{words(name)} {count}" for name, count in counts.items())


def _key(camera: "CameraConfig", server: str | None, config: "WatchConfig", chosen: "Settings") -> str:
    """The camera's key: as given, as in the environment, as kept from last time, or made on the server's machine.

    Raises:
        BadSettings: there is none.
    """
    kept = chosen.data / KEYS_FOLDER / f"{camera.id}.key"
    file = camera.key_file or (kept if kept.exists() and kept.stat().st_size else None)
    named = os.environ.get(f"{KEY}_{camera.id.upper().replace('-', '_')}", "")
    only = os.environ.get(KEY, "") if len(config.cameras) == 1 else ""
    given = camera.key or named or only
    try:
        key = whole_key(given) if given else key_in(file) if file else ""
    except BadSettings as error:
        error.message = f"{camera.id}: {error.message}"
        raise
    return key or _made_key(camera, server, chosen, kept)


def _made_key(camera: "CameraConfig", server: str | None, chosen: "Settings", kept: Path) -> str:
    """On the machine of the server: register the camera if need be, make a key, keep it for next time."""
    from homeward.app import operator_key
    from homeward.client import Client
    from homeward.errors import Conflict

    if operator_key(chosen.data) is None:
        hint = (
            f"homeward keys create --name {camera.id} --scope sightings --camera {camera.id} makes one on the server; "
            f"set {KEY} or give --key-file."
        )
        raise BadSettings(f"The camera {camera.id} has no key.", field="key_file", hint=hint)
    url = server or awaited(chosen.data)  # it makes its operator's key anew before it tells where it listens
    with Client(url, operator_key(chosen.data)) as client:
        known = {item["id"] for item in client.get("/cameras")["items"]}
        if camera.id not in known and (camera.lat is None or camera.lon is None):
            hint = "Say where it is: --lat and --lon, or lat and lon in the TOML file."
            raise BadSettings(f"The server does not know the camera {camera.id}.", field="lat", hint=hint)
        try:
            if camera.id not in known:
                client.post("/cameras", {"name": camera.id, "lat": camera.lat, "lon": camera.lon, "id": camera.id})
        except Conflict:
            pass  # somebody else registered it a moment ago
        secret = str(client.post("/keys", {"name": camera.id, "scope": "sightings", "camera_id": camera.id})["secret"])
    kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="ascii") as file:
        file.write(secret)
    return secret
