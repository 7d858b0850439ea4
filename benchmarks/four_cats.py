"""Four cats before cameras: each one's photo is reported lost, then phone clips of them are played over RTSP.

For how many owners is the first match a sighting of the own cat? Looks decide: all cameras stand in one street.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import httpx2

from benchmarks.served import START, Served
from homeward.client import Client
from tests.ports import free_port
from tests.watcher.streams import rtsp

CATS = {"Loki.jpg": ("loki",), "Nobel.jpg": ("nobel", "nobel2"), "doubao.jpg": ("doubao",), "lvdou.jpg": ("lvdou",)}
STREET = (57.6, 39.85)
PLAYED_WITHIN_S = 240.0
ROUNDS = 2  # a camera is looked at for longer than three seconds


@dataclass(frozen=True, slots=True)
class Found:
    """What an owner sees: cameras of the matches, best first, with degree and distance of the first."""

    photo: str
    cameras: tuple[str, ...]
    degree: float
    l2_distance: float

    @property
    def is_right(self) -> bool:
        """Whether the first match is the own cat."""
        return bool(self.cameras) and self.cameras[0] in CATS[self.photo]


def measure(shared: Path) -> tuple[list[Found], dict[str, int]]:
    """What each owner found, and how many sightings each camera sent."""
    clips = shared / "data/clips/four_cats"
    with tempfile.TemporaryDirectory() as folder, Served(Path(folder)) as server:
        secret = (Path(folder) / "data" / "operator.key").read_text().strip()
        with Client(server.url, secret) as admin:
            lost = {photo: _report(server, clips / "profile" / photo) for photo in CATS}
            videos = {clip.stem: clip for clip in sorted((clips / "video").glob("*.mp4"))}
            with rtsp(**videos) as port:
                _watch(server.url, Path(folder), [f"rtsp://127.0.0.1:{port}/{name}" for name in videos])
            found = [_found(admin, photo, report) for photo, report in lost.items()]
            sent = {name: len(admin.get(f"/cameras/{name}/sightings")["items"]) for name in videos}
            return found, sent


def _report(server: Served, photo: Path) -> str:
    form = {"shelf": "lost", "species": "cat", "lat": str(STREET[0]), "lon": str(STREET[1])}
    answer = server.post_report(form, photo.read_bytes())
    answer.raise_for_status()
    return str(answer.json()["id"])


def _watch(url: str, folder: Path, streams: list[str]) -> None:
    """One watch of all streams, on the server's machine, until each was played to its end."""
    port, file = free_port(), folder / "cameras.toml"
    tables = [
        f'[[camera]]\nid = "{each.rpartition("/")[2]}"\nsource = "{each}"\n'
        f"lat = {STREET[0]}\nlon = {STREET[1] + n / 1000}\n"
        for n, each in enumerate(streams)
    ]
    file.write_text("\n".join([f'server = "{url}"', *tables]))
    command = [sys.executable, "-c", START, "watch", str(file), "--data", str(folder / "data"), "--port", str(port)]
    with (folder / "watch.log").open("w") as log:
        watch = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + PLAYED_WITHIN_S
        while not _is_played(port):
            if watch.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the cameras were not seen:\n{(folder / 'watch.log').read_text()[-3000:]}")
            time.sleep(0.2)
    finally:
        watch.send_signal(signal.SIGTERM)
        watch.wait(60)


def _is_played(port: int) -> bool:
    try:
        items = httpx2.get(f"http://127.0.0.1:{port}/status").json()["items"]
    except httpx2.HTTPError:
        return False
    return all(item["connections"] > ROUNDS for item in items)


def _found(admin: Client, photo: str, report: str) -> Found:
    items = admin.matches(report, limit=50)["items"]
    first = items[0] if items else {"degree": 0.0, "l2_distance": 0.0}
    return Found(photo, tuple(item["camera"]["id"] for item in items), first["degree"], first["l2_distance"])


def table(found: list[Found], sent: dict[str, int]) -> str:
    """For people."""
    lines = [
        f"  {each.photo:<12} first match: {(*each.cameras, 'none')[0]:<8} degree {each.degree:.2f}  "
        f"L2 {each.l2_distance:.2f}  {'right' if each.is_right else 'wrong'}"
        for each in found
    ]
    right = sum(each.is_right for each in found)
    sightings = ", ".join(f"{name} {count}" for name, count in sent.items())
    lines.append(f"{right} of {len(found)} owners see their cat first; sightings: {sightings}")
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path(os.environ.get("HOMEWARD_SHARED", "../shared")))
    shared = parser.parse_args().shared
    if not shared.is_dir():
        sys.exit(f"no clips at {shared}; name the folder with --shared or HOMEWARD_SHARED")
    print(table(*measure(shared)))


if __name__ == "__main__":
    main()
