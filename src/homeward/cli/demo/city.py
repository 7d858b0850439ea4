"""Fill an empty Homeward with the made-up town of Rybinka: cameras, lost and found pets, matches."""

import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from homeward.cli.common import language, percent, words
from homeward.cli.demo.pictures import Pet
from homeward.client import Client
from homeward.errors import Conflict, HomewardError
from homeward.storage.owner import LOCK_FILE

if TYPE_CHECKING:
    from homeward.app import App

DISTRICTS = Path(__file__).parent / "districts.geojson"
MARKER = "made-by-homeward-demo"
CAMERAS = (
    ("mill-bridge", "Mill bridge", 57.6121, 39.8713),
    ("station-square", "Station square", 57.6049, 39.8121),
    ("old-market", "Old market", 57.6007, 39.8512),
    ("pine-gate", "Pine park gate", 57.5772, 39.8894),
    ("school-yard", "School yard", 57.6243, 39.8467),
    ("ferry", "Ferry landing", 57.5969, 39.8931),
)
HOMES = ((57.6012, 39.8478), (57.6214, 39.8619), (57.5921, 39.8802), (57.6093, 39.8077), (57.5731, 39.8412))


def claim(folder: Path) -> None:
    """Make the demo's folder, or take the one of the last time; nothing of it goes yet.

    Raises:
        Conflict: there is a folder that the demo did not make.
    """
    if folder.exists() and not (folder / MARKER).exists() and any(folder.iterdir()):
        hint = "Name another folder with --data; the demo never touches your data."
        raise Conflict(f"{folder} was not made by the demo.", field="data", hint=hint)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARKER).touch()


def clear(folder: Path) -> None:
    """Throw away what the last demo left there; the caller holds the folder's lock, which stays."""
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name not in {MARKER, LOCK_FILE}:
            path.unlink()


def fill(running: "App", pets: list[Pet], *, are_real: bool) -> Callable[[str], None]:
    """File everything through the API; what to tell the person once it serves."""
    with Client.in_process(running.api, running.operator_key, language=language()) as server:
        keys = _cameras(server)
        filed = [_pet(running, server, keys, pet, number) for number, pet in enumerate(pets)]
    running.engine.run_due_jobs()
    lost = [report for report in filed if report]
    note = "Photos: your folder." if are_real else (
        "Photos: one CC0 photograph of a cat (scikit-image's chelsea), changed as another photo of the same cat\n"
        "would be, and disguised (recoloured, mirrored) to play the strangers. Use --photos DIR for real pets."
    )  # fmt: skip
    return lambda url: print(_words(url, running, lost, note), flush=True)


def _cameras(server: Client) -> dict[str, str]:
    keys = {}
    for camera_id, name, lat, lon in CAMERAS:
        server.post("/cameras", {"id": camera_id, "name": name, "lat": lat, "lon": lon})
        keys[camera_id] = server.post("/keys", {"name": name, "scope": "sightings", "camera_id": camera_id})["secret"]
    return keys


def _pet(running: "App", server: Client, keys: dict[str, str], pet: Pet, number: int) -> dict[str, Any] | None:
    """One pet's story: lost at home, found or seen by cameras near and far in the days after."""
    home = HOMES[number % len(HOMES)]
    lost_at = datetime.now(UTC) - timedelta(days=4 + number % 3, hours=number)
    for order, photo in enumerate(pet.found):
        seen_at = lost_at + timedelta(hours=5 + 17 * order)
        if order % 2 == 0:
            camera_id = CAMERAS[(number + order) % len(CAMERAS)][0]
            with Client.in_process(running.api, keys[camera_id]) as camera:
                _try(lambda p=photo, c=camera, t=seen_at: c.sighting(p, t.isoformat(), **pet.named))  # type: ignore[misc]
        else:
            at = {"lat": home[0] + 0.004 * order, "lon": home[1] - 0.006 * order, "happened_at": seen_at.isoformat()}
            _try(lambda p=photo, a=at: _report(server, "found", p, pet, held="held", **a))  # type: ignore[misc]
    if not pet.lost:
        return None
    return _try(
        lambda: _report(
            server, "lost", *pet.lost, pet=pet, name=pet.name, lat=home[0] + 0.001, lon=home[1], home_lat=home[0],
            home_lon=home[1], happened_at=lost_at.isoformat(), listed="true" if number % 2 == 0 else None,
        )
    )  # fmt: skip


def _report(server: Client, shelf: str, *photos: Any, pet: Pet | None = None, **fields: Any) -> dict[str, Any]:
    """File; where the detector sees nothing, the photo is kept whole, as a person would."""
    pictures = [photo for photo in photos if isinstance(photo, bytes)]
    known = next((photo for photo in photos if isinstance(photo, Pet)), pet)
    assert known is not None
    try:
        return server.report(shelf, pictures, **fields)
    except HomewardError as error:
        if error.code != "no_animal_found":
            raise
        return server.report(shelf, pictures, species=known.species, keep_without_animal=True, **fields)


def _try(make: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
    """A picture that cannot be used is left out; the demo goes on."""
    try:
        return make()
    except HomewardError:
        return None


def _words(url: str, running: "App", lost: list[dict[str, Any]], note: str) -> str:
    folder = running.settings.data
    lines = [
        "",
        f"Homeward serves the demo town of Rybinka on {url}  (Ctrl-C stops it)",
        f"  the interface:        {url}/api/docs",
        f"  the public board:     {url}/board",
        f"  the operator's desk:  {url}/desk  (the key is in {folder / 'operator.key'})",
        "",
        note,
        "",
        f"{len(lost)} pets are lost. Open the page of an owner:",
    ]
    for report in lost:
        best = report["matches"][0] if report["matches"] else None
        says = f"best match {percent(best['degree'])} ({best['degree_text']})" if best else "no match yet"
        lines.append(f"  {report['name'] or words(report['species']):<12} {words(says)}")
        lines.append(f"    {url}/lost/{report['id']}#{report['link'].split('#')[1]}")
    if lost:
        first = lost[0]
        token = first["link"].split("#token=")[1]
        command = as_typed()
        lines += [
            "",
            "Try, in another terminal:",
            f"  {command} matches {first['id']} --data {folder}",
            f"  {command} matches {first['id']} --data {folder} --max-km 3 --source camera",
            f"  {command} report found YOUR_PHOTO.jpg --lat 57.605 --lon 39.85 --data {folder}",
            f"  curl -H 'Authorization: Bearer {token}' '{url}/api/v1/lost/{first['id']}/matches?sort=distance_km'",
        ]
    return "\n".join([*map(words, lines), ""])


def as_typed() -> str:
    """This command as the person may type it again: in `.venv/bin` it is on nobody's path."""
    typed = sys.argv[0]
    return typed if Path(typed).name == "homeward" and shutil.which("homeward") is None else "homeward"
