"""Watch: a camera, a clip or a folder of pictures, and what is sent of it."""

import json as jsonlib
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from homeward.cli.common import AsJson, Data, settings, show_json, table
from homeward.errors import BadSettings

if TYPE_CHECKING:
    from homeward.watcher.camera import CameraWatch, Sight
    from homeward.watcher.capture import Frame

KEY = "HOMEWARD_CAMERA_KEY"
AFTER_A_BREAK_S, LONGEST_BREAK_S = 1.0, 60.0
SEND_LAST_S = 20.0
SHEET_COLUMNS, SHEET_SIDE_PX = 4, 240


def register(app: App) -> None:
    """Add the command."""
    app.command(watch)


def watch(
    source: str,
    *,
    camera: str | None = None,
    server: str = "http://127.0.0.1:8000",
    key_file: Path | None = None,
    dry_run: Annotated[bool, Parameter(negative="")] = False,
    sheet: Path | None = None,
    fps: float = 5.0,
    window: float = 3.0,
    realtime: Annotated[bool, Parameter(negative="")] = False,
    spool_mb: float = 500.0,
    data: Data = None,
    json: AsJson = False,
) -> int:
    """Watch a camera, a clip or a folder of pictures; send the best crop of every cat and dog to the server.

    The camera's key (homeward keys create) is read from HOMEWARD_CAMERA_KEY or --key-file. A camera whose stream breaks
    is tried again for ever; what was seen waits on this disk until the server has it.

    Parameters
    ----------
    source
        rtsp:// or http:// address, a video file, or a folder of pictures.
    camera
        Id of the camera; names it in what is told here.
    server
        Address of the Homeward server.
    key_file
        A file that holds the camera's key and nothing else.
    dry_run
        Send nothing; print what would have been sent.
    sheet
        With --dry-run: write a PNG with all crops.
    fps
        Frames a second that are looked at, at most.
    window
        Seconds of which the best crop of an animal is sent.
    realtime
        Play a file at its own speed.
    spool_mb
        Most megabytes that may wait on this disk; beyond that the least certain go first.
    """
    from homeward.app import camera_watch
    from homeward.telemetry import configure

    chosen = settings(data)
    configure("warning", "console")
    watching = camera_watch(chosen, window_s=window)
    if dry_run:
        return _rehearse(source, watching, fps, sheet=sheet, json=json)
    with _uplink(chosen, server, _key(key_file), spool_mb) as spool:
        _watch(source, watching, spool, camera or "camera", fps, realtime=realtime)
    counts = spool.counts()
    if json:
        show_json({"frames": watching.counts.frames, **counts})
    else:
        print(", ".join(f"{name} {count}" for name, count in counts.items()))
    return 0


def _watch(source: str, watching: "CameraWatch", spool: Any, camera: str, fps: float, *, realtime: bool) -> None:
    """Frames to the spool; a live source that breaks off is opened again after growing waits."""
    from homeward.watcher.capture import CameraUnreadable, frames, without_secrets

    wait_s = AFTER_A_BREAK_S
    while True:
        try:
            for frame in frames(source, per_second=fps, realtime=realtime):
                wait_s = AFTER_A_BREAK_S
                for sight in watching.look(frame):
                    _keep(spool, camera, sight)
        except CameraUnreadable as error:
            if "://" not in source:
                raise
            print(f"{camera}: {error.message} Tried again in {wait_s:.0f} s.", file=sys.stderr)
        except KeyboardInterrupt:
            break
        if "://" not in source:
            break
        print(f"{camera}: {without_secrets(source)} ended.", file=sys.stderr)
        time.sleep(wait_s)
        wait_s = min(LONGEST_BREAK_S, wait_s * 2)
    for sight in watching.finish():
        _keep(spool, camera, sight)


def _keep(spool: Any, camera: str, sight: "Sight") -> None:
    crop, scale = sight.crop, sight.crop.shrunk
    box = ",".join(f"{side * scale:.0f}" for side in (crop.box.x0, crop.box.y0, crop.box.x1, crop.box.y1))
    fields = {
        "seen_at": sight.frame.at.isoformat(),
        "species": crop.animal.species.value,
        "confidence": f"{crop.animal.confidence:.3f}",
        "box": box,
        "track_id": f"{camera}-{os.getpid()}-{sight.track}",
    }
    spool.put(camera, fields, crop.jpeg(), crop.animal.confidence)


@contextmanager
def _uplink(chosen: Any, server: str, key: str, spool_mb: float) -> Iterator[Any]:
    """A spool with somebody who empties it; at the end what waits gets a last chance."""
    from homeward.client import Client
    from homeward.watcher.spool import Spool
    from homeward.watcher.uplink import Uplink

    spool = Spool(chosen.data / "spool.sqlite", int(spool_mb * 1e6))
    stop = threading.Event()
    with Client(server, key) as client:
        uplink = Uplink(spool, client)
        thread = threading.Thread(target=uplink.run, args=(stop,), daemon=True)
        thread.start()
        try:
            yield spool
        finally:
            deadline = time.monotonic() + SEND_LAST_S
            while spool.counts()["waiting"] and time.monotonic() < deadline:
                time.sleep(0.1)
            stop.set()
            thread.join(SEND_LAST_S)


def _key(file: Path | None) -> str:
    key = file.read_text(encoding="utf-8").strip() if file else os.environ.get(KEY, "").strip()
    if not key:
        hint = (
            f"homeward keys create --name NAME --scope sightings --camera ID makes one; set {KEY} or give --key-file."
        )
        raise BadSettings("The camera has no key.", field="key_file", hint=hint)
    return key


def _rehearse(source: str, watching: "CameraWatch", fps: float, *, sheet: Path | None, json: bool) -> int:
    """What would have been sent, and how often an animal was seen."""
    from homeward.watcher.capture import frames

    sights: list[Sight] = []
    last: Frame | None = None
    for last in frames(source, per_second=fps):
        sights += watching.look(last)
    sights += watching.finish()
    items = [_item(sight) for sight in sights]
    if sheet is not None and sights:
        _draw(sheet, sights)
    if json:
        counts = watching.counts
        figures = {"frames": counts.frames, "frames_with_animal": counts.frames_with_animal}
        print(jsonlib.dumps({"items": items, **figures, "detector_runs": counts.detector_runs}, indent=2))
        return 0
    columns = ["Second", "Track", "Species", "Sure", "Good", "Face", "Pixels"]
    rows = [
        [f"{i['time_s']:.2f}", str(i["track"]), i["species"], f"{i['confidence']:.0%}", f"{i['quality']:.2f}",
         "yes" if "face" in i["parts"] else "", f"{i['width']} x {i['height']}"]
        for i in items
    ]  # fmt: skip
    table(columns, rows)
    counts = watching.counts
    print(f"{counts.frames} frames, an animal on {counts.frames_with_animal}, {len(items)} crops would be sent")
    return 0


def _item(sight: "Sight") -> dict[str, Any]:
    crop = sight.crop
    return {
        "track": sight.track,
        "time_s": round(sight.frame.time_s, 3),
        "species": crop.animal.species.value,
        "confidence": round(crop.animal.confidence, 3),
        "quality": round(crop.quality, 3),
        "box": [round(v) for v in (crop.animal.box.x0, crop.animal.box.y0, crop.animal.box.x1, crop.animal.box.y1)],
        "parts": [cut.part.value for cut in crop.animal.crops],
        "width": crop.picture.shape[1],
        "height": crop.picture.shape[0],
    }


def _draw(sheet: Path, sights: "list[Sight]") -> None:
    """All crops side by side."""
    from PIL import Image

    rows = -(-len(sights) // SHEET_COLUMNS)
    drawn = Image.new("RGB", (SHEET_COLUMNS * SHEET_SIDE_PX, rows * SHEET_SIDE_PX), (32, 32, 32))
    for number, sight in enumerate(sights):
        picture = Image.fromarray(sight.crop.picture)
        picture.thumbnail((SHEET_SIDE_PX - 8, SHEET_SIDE_PX - 8))
        drawn.paste(picture, (number % SHEET_COLUMNS * SHEET_SIDE_PX + 4, number // SHEET_COLUMNS * SHEET_SIDE_PX + 4))
    sheet.parent.mkdir(parents=True, exist_ok=True)
    drawn.save(sheet)
