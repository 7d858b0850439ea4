"""Cameras and keys."""

from typing import Literal

from cyclopts import App

from homeward.cli.common import AsJson, Data, client, show_json, table


def register(app: App) -> None:
    """Add the commands."""
    cameras = App(name="cameras", help="Cameras that send sightings.")
    cameras.command(list_cameras, name="list")
    cameras.command(add_camera, name="add")
    keys = App(name="keys", help="API keys for cameras, bots and operators.")
    keys.command(list_keys, name="list")
    keys.command(create_key, name="create")
    keys.command(revoke_key, name="revoke")
    app.command(cameras)
    app.command(keys)


def list_cameras(*, data: Data = None, json: AsJson = False) -> None:
    """Show all cameras and whether they live."""
    with client(data) as server:
        items = server.get("/cameras")["items"]
    if json:
        show_json({"items": items, "next": None})
        return
    rows = [
        [item["id"], item["name"], item["place"]["district"] or "", item["state"], item["last_heartbeat_at"] or "never"]
        for item in items
    ]
    table(["Id", "Name", "District", "State", "Last heard"], rows)


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
    with client(data) as server:
        camera = server.post("/cameras", {"name": name, "lat": lat, "lon": lon, "id": camera_id})
    show_json(camera) if json else print(camera["id"])


def list_keys(*, data: Data = None, json: AsJson = False) -> None:
    """Show all keys, without their secrets."""
    with client(data) as server:
        items = server.get("/keys")["items"]
    if json:
        show_json({"items": items, "next": None})
        return
    rows = [
        [item["id"], item["name"], item["scope"], item["camera_id"] or "", item["revoked_at"] or ""] for item in items
    ]
    table(["Id", "Name", "Scope", "Camera", "Revoked"], rows)


def create_key(
    *,
    name: str,
    scope: Literal["sightings", "bot", "admin"],
    camera: str | None = None,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Make a key; it is shown this once.

    Parameters
    ----------
    name
        Who will use it.
    scope
        sightings (one camera), bot (acts for accounts), admin (everything).
    camera
        Id of the camera, for sightings.
    """
    with client(data) as server:
        key = server.post("/keys", {"name": name, "scope": scope, "camera_id": camera})
    show_json(key) if json else print(key["secret"])


def revoke_key(key_id: str, *, data: Data = None) -> None:
    """From now on the key opens nothing.

    Parameters
    ----------
    key_id
        Id of the key, as `homeward keys list` shows it.
    """
    with client(data) as server:
        server.delete(f"/keys/{key_id}")
