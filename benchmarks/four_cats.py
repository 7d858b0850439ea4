"""Four cats before cameras: each one's photo is reported lost, phone clips of them are played as cameras.

For how many owners is the first match a sighting of the own cat? Looks decide: all cameras stand in one street.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.served import START, Served
from homeward.client import Client

CATS = {"Loki.jpg": ("loki",), "Nobel.jpg": ("nobel", "nobel2"), "doubao.jpg": ("doubao",), "lvdou.jpg": ("lvdou",)}
STREET = (57.6, 39.85)


def measure(shared: Path) -> list[tuple[str, str | None, float, float, int]]:
    """For each owner: photo, camera of the first match, its degree and distance, sightings in all."""
    clips = shared / "data/clips/four_cats"
    with tempfile.TemporaryDirectory() as folder, Served(Path(folder)) as server:
        secret = (Path(folder) / "data" / "operator.key").read_text().strip()
        with Client(server.url, secret) as admin:
            for number, clip in enumerate(sorted((clips / "video").glob("*.mp4"))):
                _play(admin, server.url, clip, number, Path(folder))
            sightings = len(admin.get("/reports", shelf="found")["items"])
            return [_first(admin, server, clips / "profile" / photo, sightings) for photo in CATS]


def _play(admin: Client, url: str, clip: Path, number: int, folder: Path) -> None:
    """The clip as a camera of its own name."""
    lat, lon = STREET[0], STREET[1] + 0.001 * number
    admin.post("/cameras", {"name": clip.stem, "lat": lat, "lon": lon, "id": clip.stem})
    key = admin.post("/keys", {"name": clip.stem, "scope": "sightings", "camera_id": clip.stem})["secret"]
    command = [sys.executable, "-c", START, "watch", str(clip), "--camera", clip.stem, "--server", url]
    env = {**os.environ, "HOMEWARD_CAMERA_KEY": key}
    subprocess.run([*command, "--data", str(folder / clip.stem)], env=env, check=True, capture_output=True)


def _first(admin: Client, server: Served, photo: Path, sightings: int) -> tuple[str, str | None, float, float, int]:
    form = {"shelf": "lost", "species": "cat", "lat": str(STREET[0]), "lon": str(STREET[1])}
    answer = server.post_report(form, photo.read_bytes())
    answer.raise_for_status()
    items = admin.matches(answer.json()["id"], limit=10)["items"]
    if not items:
        return photo.name, None, 0.0, 0.0, sightings
    best = items[0]
    return photo.name, best["camera"]["id"], best["degree"], best["l2_distance"], sightings


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path(os.environ.get("HOMEWARD_SHARED", "../shared")))
    shared = parser.parse_args().shared
    if not shared.is_dir():
        sys.exit(f"no clips at {shared}; name the folder with --shared or HOMEWARD_SHARED")
    found = measure(shared)
    for photo, camera, degree, l2, _ in found:
        mark = "right" if camera in CATS[photo] else "wrong"
        print(f"  {photo:<12} first match: {camera or 'none':<8} degree {degree:.2f}  L2 {l2:.2f}  {mark}")
    right = sum(camera in CATS[photo] for photo, camera, *_ in found)
    print(f"{right} of {len(found)} owners see their cat first, out of {found[0][-1]} sightings")


if __name__ == "__main__":
    main()
