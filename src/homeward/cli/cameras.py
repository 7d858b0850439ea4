"""Cameras and keys."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Parameter
from cyclopts.validators import Number

from homeward.cli.common import AsJson, Data, client, key_in, note, show_json, table, words
from homeward.errors import BadSettings, InvalidInput

if TYPE_CHECKING:
    from homeward.client import Client

NEWEST, PAGE = 100, 500
SILENT = timedelta(seconds=90)  # three heartbeats

Server = Annotated[str | None, Parameter(help="Address of the server; default: the one of the data folder.")]
KeyFile = Annotated[Path | None, Parameter(help="With --server: a file that holds the camera's key.")]


def register(app: App) -> None:
    """Add the commands."""
    cameras = App(name="cameras", help="Cameras that send sightings.")
    cameras.command(list_cameras, name="list")
    cameras.command(add_camera, name="add")
    cameras.command(pause, name="pause")
    cameras.command(resume, name="resume")
    cameras.command(sightings, name="sightings")
    cameras.command(erase_sighting, name="erase-sighting")
    keys = App(name="keys", help="API keys for cameras, bots and operators.")
    keys.command(list_keys, name="list")
    keys.command(create_key, name="create")
    keys.command(revoke_key, name="revoke")
    app.command(cameras)
    app.command(keys)


def list_cameras(*, data: Data = None, json: AsJson = False) -> None:
    """Show all cameras and whether they live."""
    with client(data, is_asked=True) as server:
        items = server.get("/cameras")["items"]
    if json:
        show_json({"items": items, "next": None})
        return
    rows = [
        [
            item["id"],
            item["name"],
            item["place"]["district"] or "",
            words("paused" if item["paused"] else _state(item["state"], item["last_heartbeat_at"])),
            item["last_heartbeat_at"] or words("never"),
        ]
        for item in items
    ]
    table(["Id", "Name", "District", "State", "Last heard"], rows)


def _state(told: str, heard_at: str | None) -> str:
    """What the camera said last, unless it has said nothing for too long."""
    if heard_at is None:
        return told
    return told if datetime.now(UTC) - datetime.fromisoformat(heard_at) < SILENT else "silent"


def add_camera(
    name: str,
    *,
    lat: float,
    lon: float,
    camera_id: str | None = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Register a camera.

    Parameters
    ----------
    name
        What people call the place.
    lat
        Latitude.
    lon
        Longitude.
    camera_id
        Its id; made up where none is given.
    """
    from homeward.domain.places import Point

    try:
        Point(lat, lon)
    except ValueError as error:
        raise InvalidInput(f"{error}.", field="lat or lon", hint="For example: --lat 57.63 --lon 39.87") from error
    with client(data) as server:
        camera = server.post("/cameras", {"name": name, "lat": lat, "lon": lon, "id": camera_id})
    show_json(camera) if json else print(camera["id"])


def pause(camera_id: str, *, server: Server = None, key_file: KeyFile = None, data: Data = None) -> None:
    """From now on nothing is looked at or taken; what waits in the camera's box is thrown away.

    Parameters
    ----------
    camera_id
        Id of the camera.
    """
    with _owner(server, key_file, data) as client_:
        client_.patch(f"/cameras/{camera_id}", {"paused": True})


def resume(camera_id: str, *, server: Server = None, key_file: KeyFile = None, data: Data = None) -> None:
    """Let a paused camera go on.

    Parameters
    ----------
    camera_id
        Id of the camera.
    """
    with _owner(server, key_file, data) as client_:
        client_.patch(f"/cameras/{camera_id}", {"paused": False})


def sightings(
    camera_id: str,
    *,
    days: Annotated[float | None, Parameter(validator=Number(gt=0, lte=3650))] = None,
    limit: Annotated[int | None, Parameter(validator=Number(gt=0))] = None,
    photos: Path | None = None,
    server: Server = None,
    key_file: KeyFile = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Show what a camera sent, newest first.

    Parameters
    ----------
    camera_id
        Id of the camera.
    days
        Only what it sent within so many days.
    limit
        How many at most. Default: 100; with --days all.
    photos
        Also write the pictures into this folder.
    """
    with _owner(server, key_file, data) as client_:
        items = _sent(client_, camera_id, days, limit)
        if photos is not None:
            photos.mkdir(parents=True, exist_ok=True)
            for item in items:
                if item["photo"]:
                    (photos / f"{item['id']}.jpg").write_bytes(client_.fetch(item["photo"]["full"]))
    if json:
        show_json({"items": items, "next": None})
        return
    rows = [[item["id"], item["happened_at"], words(item["species"]), words(item["status"])] for item in items]
    table(["Id", "Seen", "Species", "Status"], rows)


def _sent(client_: "Client", camera_id: str, days: float | None, limit: int | None) -> list[dict[str, Any]]:
    """What a camera sent, page by page."""
    since = None if days is None else (datetime.now(UTC) - timedelta(days=days)).isoformat()
    most = limit or (NEWEST if days is None else sys.maxsize)
    items: list[dict[str, Any]] = []
    cursor = None
    while len(items) < most:
        asked = {"limit": min(PAGE, most - len(items)), "since": since, "cursor": cursor}
        page = client_.get(f"/cameras/{camera_id}/sightings", **asked)
        items += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    return items


def erase_sighting(
    camera_id: str, report_id: str, *, server: Server = None, key_file: KeyFile = None, data: Data = None
) -> None:
    """Erase one thing that a camera sent: picture, vectors, place and time, for good.

    Parameters
    ----------
    camera_id
        Id of the camera.
    report_id
        Id of the sighting, as `homeward cameras sightings` shows it.
    """
    with _owner(server, key_file, data) as client_:
        client_.delete(f"/cameras/{camera_id}/sightings/{report_id}")


@contextmanager
def _owner(server: str | None, key_file: Path | None, data: Path | None) -> "Iterator[Client]":
    """With a camera's own key from afar, else as the operator of the data folder.

    Raises:
        BadSettings: the server's address is none, or there is no key.
    """
    if server is None:
        with client(data, is_asked=True) as found:
            yield found
        return
    from homeward.client import Client
    from homeward.watcher.config import server_from

    address = server_from(server)
    if key_file is None:
        raise BadSettings("A server far away wants the camera's key.", field="key_file", hint="Add --key-file.")
    with Client(address, key_in(key_file)) as found:
        yield found


def list_keys(
    *,
    every: Annotated[bool, Parameter(name="--all", negative="", help="Those that were revoked too.")] = False,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Show the keys that open something, without their secrets."""
    with client(data, is_asked=True) as server:
        items = [item for item in server.get("/keys")["items"] if every or item["revoked_at"] is None]
    if json:
        show_json({"items": items, "next": None})
        return
    columns = {"Id": "id", "Name": "name", "Scope": "scope", "Camera": "camera_id"}
    columns |= {"Revoked": "revoked_at"} if every else {}
    table([*columns], [[words(item[key] or "") for key in columns.values()] for item in items])


def create_key(
    *,
    name: str,
    scope: Literal["sightings", "bot", "volunteer", "admin"],
    camera: str | None = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Make a key; it is shown this once, and for people of the desk a link that signs them in.

    Parameters
    ----------
    name
        Who will use it.
    scope
        sightings (one camera), bot (acts for accounts), volunteer (judges pairs at the desk), admin (everything).
    camera
        Id of the camera, for sightings.
    """
    with client(data, is_asked=True) as server:
        key = server.post("/keys", {"name": name, "scope": scope, "camera_id": camera})
    if json:
        show_json(key)
        return
    print(key["secret"])
    if key["link"]:
        note(f"To sign in at the desk: {key['link']}")


def revoke_key(key_id: str, *, data: Data = None) -> None:
    """From now on the key opens nothing.

    Parameters
    ----------
    key_id
        Id of the key, as `homeward keys list` shows it.
    """
    with client(data, is_asked=True) as server:
        server.delete(f"/keys/{key_id}")
