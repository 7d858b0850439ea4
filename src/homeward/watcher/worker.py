"""Worker: a process that reads a group of cameras. FFmpeg may block for ever: whoever started it may kill it."""

import os
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import structlog

from homeward.errors import HomewardError
from homeward.telemetry import configure
from homeward.watcher.camera import CameraWatch, Sight
from homeward.watcher.config import CameraConfig
from homeward.watcher.drawing import Drawing
from homeward.watcher.loop import CameraLoop
from homeward.watcher.recorder import Recorder
from homeward.watcher.spool import Spool
from homeward.watcher.status import State, Status

TOLD_EVERY_S = 0.5
SHOWN_EVERY_S = 0.2
log = structlog.get_logger(__name__)
Maker = Callable[[], Callable[[CameraConfig], CameraWatch]]


@dataclass(frozen=True, slots=True)
class Group:
    """What a worker is to do. ``maker`` is called in its process and opens the models there, once for all cameras."""

    cameras: Sequence[CameraConfig]
    maker: Maker
    spool: Path
    spool_bytes: int
    record: Path | None = None
    realtime: bool = False


def run(group: Group, pipe: Connection) -> None:
    """Read all cameras of the group until told to stop, or until whoever started this is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    configure("warning", "console")
    try:
        make = group.maker()
    except HomewardError as error:
        told = [
            Status(camera.id, State.FAILED, error.message, error.hint or "", is_hopeless=True)
            for camera in group.cameras
        ]
        pipe.send(("status", told))
        sys.exit(1)
    stop, spool = threading.Event(), Spool(group.spool, group.spool_bytes)
    drawings = {camera.id: Drawing() for camera in group.cameras}

    def keep(camera: CameraConfig, sight: Sight) -> None:
        drawings[camera.id].sent(sight)
        try:
            spool.put_sight(camera.id, sight)
        except sqlite3.Error as error:  # a full or broken disk must not end the watch
            log.warning("sighting not kept, look at the disk", camera=camera.id, problem=type(error).__name__)

    loops = [
        CameraLoop(
            camera,
            make(camera),
            keep,
            stop,
            recorder=Recorder(group.record, camera.id, camera.window_s) if group.record else None,
            realtime=group.realtime,
        )
        for camera in group.cameras
    ]
    threads = [threading.Thread(target=loop.run, name=loop.config.id, daemon=True) for loop in loops]
    for thread in threads:
        thread.start()
    _report(pipe, loops, threads, drawings, stop)
    stop.set()
    for thread in threads:
        thread.join(1.0)
    spool.close()
    os._exit(0)  # a thread that hangs in FFmpeg would keep the process for ever


def _report(
    pipe: Connection,
    loops: Sequence[CameraLoop],
    threads: Sequence[threading.Thread],
    drawings: dict[str, Drawing],
    stop: threading.Event,
) -> None:
    """Tell how the cameras are, and do as told, until there is nothing left to do."""
    by_id = {loop.config.id: loop for loop in loops}
    shown: frozenset[str] = frozenset()
    told_s, alive = 0.0, True
    try:
        while alive and not stop.is_set():
            alive = any(thread.is_alive() for thread in threads)
            if not alive or time.monotonic() - told_s >= TOLD_EVERY_S:
                told_s = time.monotonic()
                pipe.send(("status", [loop.noted() for loop in loops]))
            for name in shown & by_id.keys():
                if (jpeg := drawings[name].jpeg(by_id[name].watching)) is not None:
                    pipe.send(("picture", name, jpeg))
            if alive and pipe.poll(SHOWN_EVERY_S):
                shown = _obeyed(pipe.recv(), loops, shown, stop)
    except (EOFError, OSError):
        return


def _obeyed(
    order: tuple[Any, ...], loops: Sequence[CameraLoop], shown: frozenset[str], stop: threading.Event
) -> frozenset[str]:
    """Which cameras are shown after an order."""
    name, *values = order
    if name == "stop":
        stop.set()
    elif name == "pause":
        for loop in loops:
            loop.is_paused = loop.config.id in values[0]
    elif name == "show":
        return frozenset(values[0])
    return shown
