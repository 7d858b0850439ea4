"""Rehearse: cameras in, what would have been sent of them out: a table, JSON, a sheet of crops. Sends nothing."""

import json as jsonlib
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from homeward.cli.common import note, table, tell, words
from homeward.errors import BadSettings, HomewardError

if TYPE_CHECKING:
    from homeward.settings import Settings
    from homeward.watcher.camera import CameraWatch, Sight
    from homeward.watcher.config import CameraConfig
    from homeward.watcher.loop import CameraLoop
    from homeward.watcher.status import Status

SHEET_COLUMNS, SHEET_SIDE_PX = 4, 240
FIGURES = ("frames", "frames_with_animal", "detector_runs")
LOOKED_EVERY_S = 0.1
NEVER_SEEN_S = 20.0


class _Unwatchable(HomewardError):
    """No source can be watched."""

    code = "camera_unreadable"
    status = 422


@dataclass(slots=True)
class _Seen:
    """One camera's rehearsal."""

    watching: "CameraWatch"
    loop: "CameraLoop | None" = None
    sights: "list[Sight]" = field(default_factory=list)


def rehearse(cameras: "tuple[CameraConfig, ...]", chosen: "Settings", *, sheet: Path | None, json: bool) -> int:
    """Watch all to their end, or until somebody interrupts; print, and draw the sheet where one is wanted.

    The exit code is 2 where every camera ended in trouble.

    Raises:
        BadSettings: the sheet could not be written; nothing was watched.
        HomewardError: no camera showed anything. Where one did, the trouble of the others is a line on stderr.
    """
    if sheet is not None:
        _check_sheet(sheet)
    troubles = _Troubles()
    seen = _watched(cameras, chosen, troubles)
    troubled = _troubled(seen)
    is_all_trouble = len(troubled) == len(seen)
    if is_all_trouble and not any(each.watching.counts.frames for each in seen.values()):
        raise _Unwatchable(troubled[0].problem, field=f"{troubled[0].camera}.source", hint=troubled[0].hint)
    troubles.tell(seen)
    sights = [(camera, sight) for camera, each in seen.items() for sight in each.sights]
    figures = {name: sum(getattr(each.watching.counts, name) for each in seen.values()) for name in FIGURES}
    items = [_item(camera, sight) for camera, sight in sights]
    if json:
        print(jsonlib.dumps({"items": items, **figures}, indent=2))
    else:
        _print(items, figures)
    if sheet is not None and sights:
        _draw(sheet, [sight for _, sight in sights])
    elif sheet is not None:
        note(f"No crop, so {sheet} was not written.")
    return 2 if is_all_trouble else 0


def _watched(cameras: "tuple[CameraConfig, ...]", chosen: "Settings", troubles: "_Troubles") -> dict[str, _Seen]:
    """Every camera in a thread of its own, until each has ended or is lost; troubles are told meanwhile."""
    from homeward.app import CameraWatches
    from homeward.watcher.loop import CameraLoop

    make, stop = CameraWatches(chosen)(), threading.Event()
    seen = {camera.id: _Seen(make(camera)) for camera in cameras}

    def keep(camera: "CameraConfig", sight: "Sight") -> None:
        seen[camera.id].sights.append(sight)

    always = [replace(camera, schedule=None) for camera in cameras]  # somebody wants to see it now
    loops = [CameraLoop(camera, seen[camera.id].watching, keep, stop) for camera in always]
    for loop in loops:
        seen[loop.config.id].loop = loop
    threads = {loop.config.id: threading.Thread(target=loop.run, name=loop.config.id, daemon=True) for loop in loops}
    signal.signal(signal.SIGINT, lambda *_: stop.set())
    for thread in threads.values():
        thread.start()
    end_s = time.monotonic() + NEVER_SEEN_S
    while watched := [loop for loop in loops if threads[loop.config.id].is_alive() and not _is_lost(loop, end_s)]:
        troubles.tell(seen)
        threads[watched[0].config.id].join(LOOKED_EVERY_S)
    return seen


def _is_lost(loop: "CameraLoop", end_s: float) -> bool:
    """Nothing will come of it: hopeless, or not a single frame for as long as one would wait."""
    status = loop.status
    return status.is_hopeless or bool(status.problem and status.seen_s is None and time.monotonic() > end_s)


def _check_sheet(sheet: Path) -> None:
    from PIL import Image

    if Image.registered_extensions().get(sheet.suffix.lower()) not in Image.SAVE:
        raise BadSettings(f"{sheet.name} is no name of a picture.", field="sheet", hint="crops.png or crops.jpg")
    if not _is_writable(sheet):
        hint = "Name a picture in a folder that this user may write into."
        raise BadSettings(f"{sheet} cannot be written.", field="sheet", hint=hint)


def _is_writable(file: Path) -> bool:
    """Whether ``file`` can be written; makes the folder that it is to lie in."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return not file.is_dir() and os.access(file if file.exists() else file.parent, os.W_OK)


def _troubled(seen: dict[str, _Seen]) -> "list[Status]":
    return [each.loop.status for each in seen.values() if each.loop is not None and each.loop.status.problem]


class _Troubles:
    """Says each trouble of a camera once."""

    def __init__(self) -> None:
        self._said: set[str] = set()

    def tell(self, seen: dict[str, _Seen]) -> None:
        """Say what is new, on stderr."""
        for status in _troubled(seen):
            line = f"{status.camera}: {words(status.problem)} {words(status.hint)}".rstrip()
            if line not in self._said:
                print(line, file=sys.stderr, flush=True)
            self._said.add(line)


def _print(items: list[dict[str, Any]], figures: dict[str, int]) -> None:
    columns = ["Camera", "Second", "Track", "Species", "Sure", "Good", "Face", "Pixels"]
    rows = [
        [i["camera"], f"{i['time_s']:.2f}", str(i["track"]), words(i["species"]), f"{i['confidence']:.0%}",
         f"{i['quality']:.2f}", words("yes") if "face" in i["parts"] else "", f"{i['width']} x {i['height']}"]
        for i in items
    ]  # fmt: skip
    table(columns, rows)
    crops = "1 crop" if len(items) == 1 else f"{len(items)} crops"
    tell(f"{figures['frames']} frames, an animal on {figures['frames_with_animal']}, {crops} would be sent")


def _item(camera: str, sight: "Sight") -> dict[str, Any]:
    crop = sight.crop
    return {
        "camera": camera,
        "track": sight.track,
        "time_s": round(sight.time_s, 3),
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
    drawn.save(sheet)
