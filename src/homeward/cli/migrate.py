"""Migrate: what a data folder holds, to where there is more room."""

import sys
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from homeward.cli.common import AsJson, Data, settings, show_json

if TYPE_CHECKING:
    from homeward.storage.photos.move import Moved

group = App(name="migrate", help="Move what a data folder holds to where there is more room.")


def register(app: App) -> None:
    """Add the commands."""
    app.command(group)


@group.command
def photos(
    *,
    to: Annotated[str, Parameter(help="s3://, gs:// or az:// and bucket/prefix; or `folder`.")],
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Copy all photos to an object store or back into the folder, compare each, then use them there.

    The server must not run. Broken off, it goes on where it stopped when it is given again. Nothing is removed from
    where the photos were. HOMEWARD_PHOTOS_ENDPOINT and HOMEWARD_PHOTOS_KEY count for the object store.
    """
    from contextlib import closing

    from homeward.app import DATABASE_FILE, photos_place
    from homeward.storage.lock import DataFolderLock
    from homeward.storage.photos.place import FOLDER, move_photos
    from homeward.storage.sql import SqlDatabase

    chosen = settings(data)
    with DataFolderLock(chosen.data), closing(SqlDatabase.open(chosen.data / DATABASE_FILE)) as database:
        moved = move_photos(photos_place(chosen), None if to == FOLDER else to, database, _progress)
    for damaged in moved.damaged:
        print(f"damaged, stays where it was: {damaged}", file=sys.stderr)
    _show(moved, to, json=json)


def _progress(done: int) -> None:
    print(f"{done} photos", file=sys.stderr)


def _show(moved: "Moved", to: str, *, json: bool) -> None:
    if json:
        counts = {"copied": moved.copied, "already": moved.already, "gone": moved.gone}
        show_json(counts | {"damaged": list(moved.damaged), "to": to})
        return
    print(f"{moved.copied} photos copied to {to}, {moved.already} were there already, {len(moved.damaged)} damaged")
    print(f"Set HOMEWARD_PHOTOS_URL={to} from now on." if to != "folder" else "Set no HOMEWARD_PHOTOS_URL from now on.")
