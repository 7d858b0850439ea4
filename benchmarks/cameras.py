"""Cameras: how many 1080p streams two cores hold, and how soon a hung one is back. Streams come over RTSP and a proxy.

Wants GStreamer's RTSP server (tests/watcher/rtsp_server.py) and, for the peer, opencv-python-headless.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from homeward.app import CameraWatches
from homeward.app.models import watch_with
from homeward.models.registry import Registry
from homeward.settings import load
from homeward.watcher.capture import recorded
from homeward.watcher.config import CameraConfig
from homeward.watcher.status import State
from homeward.watcher.supervisor import Supervisor
from homeward.watcher.worker import Group
from tests.watcher.streams import Proxy, h264, rtsp

SIZE = (1080, 1920)
PER_SECOND, GOP, PER_PROCESS, MEGABITS = 25, 50, 16, 8  # as cameras are set at the factory
TICKS = os.sysconf("SC_CLK_TCK")
FAULTS = ("silent", "stopped", "cut", "trickle", "garbage")
PEER = """
import sys, time, os
os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = "rtsp_transport;tcp|threads;1"
import cv2
cv2.setNumThreads(1)
camera = cv2.VideoCapture(sys.argv[1], cv2.CAP_FFMPEG)
while camera.read()[0]:
    pass
"""


def measure(*, short: bool) -> dict[str, Any]:
    """Cameras that two cores hold: those of a second of processor time for each second of one camera."""
    seconds, count = (4.0, 2) if short else (30.0, 6)
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        clips = _clips(Path(folder), 10 if short else 80)
        with rtsp(**clips) as port, Proxy(port) as proxy:
            for name in clips:
                address = f"rtsp://127.0.0.1:{proxy.port}/{name}"
                ours, memory = _ours(address, count, seconds, Path(folder))
                figures[f"{name}_cameras_on_two_cores"] = 2 / ours
                figures[f"{name}_megabytes_a_camera"] = memory
                peer = _peer(address, seconds)
                figures[f"{name}_times_as_many_as_opencv"] = peer / ours if peer else "opencv is not installed"
    return figures


def back_again(*, short: bool) -> dict[str, Any]:
    """Seconds from the end of a fault to the next frame, over many faults of all kinds on many cameras at once."""
    cameras, rounds = (4, 1) if short else (20, 50)
    with tempfile.TemporaryDirectory() as folder:
        clip = _clip(Path(folder) / "small.mp4", (360, 640), 120, moving=range(0))
        with rtsp(small=clip) as port:
            proxies = [Proxy(port) for _ in range(cameras)]
            addresses = [f"rtsp://127.0.0.1:{proxy.port}/small" for proxy in proxies]
            with _watching(addresses, Path(folder)) as made:
                _until_live(made)
                found: list[float] = []
                threads = [
                    threading.Thread(target=_fail, args=(made, f"camera-{n}", proxy, rounds, n, found))
                    for n, proxy in enumerate(proxies)
                ]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                restarts = made.restarts
            for proxy in proxies:
                proxy.close()
    found.sort()
    return {
        "faults": len(found),
        "seconds_to_live_p50": statistics.median(found),
        "seconds_to_live_p99": found[int(0.99 * (len(found) - 1))],
        "seconds_to_live_most": found[-1],
        "stuck": cameras * rounds - len(found),
        "workers_restarted": restarts,
    }


def _fail(made: Supervisor, camera: str, proxy: Proxy, rounds: int, seed: int, found: list[float]) -> None:
    chance = np.random.default_rng(seed)
    for number in range(rounds):
        proxy.set(FAULTS[(seed + number) % len(FAULTS)])
        time.sleep(float(chance.uniform(1.0, 6.0)))
        proxy.set(None)
        began = time.monotonic()
        while (made.statuses[camera].seen_s or 0) < began or made.statuses[camera].state is not State.LIVE:
            if time.monotonic() - began > 60:
                return
            time.sleep(0.05)
        found.append((made.statuses[camera].seen_s or 0) - began)


def _clips(folder: Path, seconds: int) -> dict[str, Path]:
    """One in which nothing moves, and one in which something does for 5 % of the time."""
    count = seconds * PER_SECOND
    start = count // 2
    return {
        "still": _clip(folder / "still.mp4", SIZE, count, moving=range(0)),
        "moving": _clip(folder / "moving.mp4", SIZE, count, moving=range(start, start + count // 20)),
    }


def _clip(path: Path, size: tuple[int, int], count: int, moving: range) -> Path:
    chance = np.random.default_rng(0)
    small = chance.integers(60, 180, (size[0] // 40, size[1] // 40, 3)).astype(np.uint8)
    scene = np.kron(small, np.ones((40, 40, 1), np.uint8))[: size[0], : size[1]]
    noisy = [np.clip(scene + chance.normal(0, 2.5, scene.shape), 0, 255).astype(np.uint8) for _ in range(5)]

    def pictures() -> Iterator[Any]:
        for n in range(count):
            picture = noisy[n % 5]
            if n in moving:
                picture = picture.copy()
                x, y = 20 + (n - moving.start) * (size[1] - 200) // len(moving), size[0] // 2 - 60
                coat = chance.integers(0, 256, (12, 16, 3), np.uint8)
                picture[y : y + 120, x : x + 160] = coat.repeat(10, 0).repeat(10, 1)
            yield picture

    return h264(path, pictures(), PER_SECOND, GOP, scene.shape[:2], preset="veryfast", megabits=MEGABITS)


@contextmanager
def _watching(addresses: list[str], folder: Path) -> Iterator[Supervisor]:
    cameras = tuple(CameraConfig(f"camera-{n}", address) for n, address in enumerate(addresses))
    maker = CameraWatches(load(data=folder, model_threads=1))
    groups = tuple(
        Group(cameras[n : n + 8], maker, folder / "spool.sqlite", 50_000_000) for n in range(0, len(cameras), 8)
    )
    made, stop = Supervisor(groups), threading.Event()
    thread = threading.Thread(target=made.run, args=(stop,))
    thread.start()
    try:
        _until(lambda: len(made.statuses) == len(cameras), made)
        yield made
    finally:
        stop.set()
        thread.join()


def _ours(address: str, count: int, seconds: float, folder: Path) -> tuple[float, float]:
    """Seconds of processor time for each second of each camera, and megabytes for each camera."""
    with _watching([address] * count, folder) as made:
        _until_live(made)
        before, began = sum(_spent_s(pid) for pid in made.pids), time.monotonic()
        time.sleep(seconds)
        spent = (sum(_spent_s(pid) for pid in made.pids) - before) / (time.monotonic() - began)
        memory = sum(_resident_mb(pid) for pid in made.pids)
    return spent / count, memory / count


def _peer(address: str, seconds: float) -> float | None:
    """The same for one of OpenCV's; None where that is not installed."""
    if subprocess.run([sys.executable, "-c", "import cv2"], capture_output=True, check=False).returncode:
        return None
    process = subprocess.Popen([sys.executable, "-c", PEER, address])
    try:
        time.sleep(3.0)
        before, began = _spent_s(process.pid), time.monotonic()
        time.sleep(seconds)
        return (_spent_s(process.pid) - before) / (time.monotonic() - began)
    finally:
        process.kill()
        process.wait()


def _spent_s(pid: int | None) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _resident_mb(pid: int | None) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1000 for line in lines if line.startswith("VmRSS"))


def _until_live(made: Supervisor) -> None:
    _until(lambda: made.all_hopeless or all(s.state is State.LIVE for s in made.statuses.values()), made)
    if made.all_hopeless:
        raise RuntimeError(f"no camera can be read: {_told(made)}")


def _until(true: Callable[[], bool], made: Supervisor) -> None:
    deadline = time.monotonic() + 240  # less than a test has; a busy box needs minutes to open the models
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(f"the cameras are not live: {_told(made)}")
        time.sleep(0.1)


def _told(made: Supervisor) -> str:
    states = [f"{s.camera} {s.state} after {s.connections} connections {s.problem}" for s in made.statuses.values()]
    return f"{'; '.join(states)}; {made.restarts} restarts"


def one_stream(*, short: bool) -> dict[str, Any]:
    """Frames of one 848 x 480 clip, decoding and all, for which two seconds of processor time are enough.

    Every frame whole, as if there were no watcher; and every frame as it is watched. Processor time, not the clock's:
    others work on these cores.
    """
    clip = Path(os.environ.get("HOMEWARD_SHARED", "../shared")) / "data/clips/resqpet_cctv/cam_05.mp4"
    if not clip.exists():
        return {"skipped": f"{clip} is not there"}
    detector = Registry([]).detector("homeward-detector-1", 1)
    rates: dict[str, list[float]] = {"every_frame_whole": [], "watched": []}
    for _ in range(1 if short else 5):
        watching = watch_with(detector)()
        for name, look in (("every_frame_whole", lambda f: detector.detect([f.picture])), ("watched", watching.look)):
            began, count = time.process_time(), 0
            for frame in recorded(str(clip), per_second=1000):
                look(frame)
                count += 1
            rates[name].append(2 * count / (time.process_time() - began))
    found = {f"{name}_per_second_of_two_cores": statistics.median(values) for name, values in rates.items()}
    return found | {f"{name}_times_the_briefs_five": statistics.median(values) / 5 for name, values in rates.items()}


def soak(*, short: bool, minutes: float = 60.0) -> dict[str, Any]:
    """Growth of memory over an hour of four cameras: the last tenth against the second one."""
    minutes = 0.3 if short else minutes
    with tempfile.TemporaryDirectory() as folder:
        clip = _clip(Path(folder) / "small.mp4", (360, 640), 60 * PER_SECOND, moving=range(700, 800))
        with rtsp(small=clip) as port, _watching([f"rtsp://127.0.0.1:{port}/small"] * 4, Path(folder)) as made:
            _until_live(made)
            samples = []
            for _ in range(60):
                time.sleep(minutes)
                samples.append(sum(_resident_mb(pid) for pid in made.pids))
            connections = sum(status.connections for status in made.totals())
    early, late = statistics.median(samples[6:12]), statistics.median(samples[-6:])
    return {"minutes": minutes, "connections": float(connections), "megabytes": late, "growth": late / early - 1}
