"""Migrate: what a data folder holds, to where there is more room."""

import sys
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from homeward.cli.common import AsJson, Data, check_data, complain, note, settings, show_json, tell

if TYPE_CHECKING:
    from homeward.settings import Settings
    from homeward.storage.photos.move import Moved
    from homeward.storage.sql.move import Moved as MovedRows

group = App(name="migrate", help="Move what a data folder holds to where there is more room.")


def register(app: App) -> None:
    """Add the commands."""
    app.command(group)


@group.default
def rows(
    *,
    source: Annotated[Literal["sqlite"], Parameter(name="--from")],  # noqa: ARG001 - there is one way, and it is named
    target: Annotated[Literal["postgres"], Parameter(name="--to")],  # noqa: ARG001
    cancel: Annotated[bool, Parameter(negative="")] = False,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Move all rows of the data folder to the PostgreSQL database of HOMEWARD_DATABASE_URL, and compare each one.

    Stop the server first. Broken off, it goes on where it was when given again. Photos and models stay in the folder;
    the file of rows stays as it is, closed to servers.

    Parameters
    ----------
    source
        Where the rows are.
    target
        Where they go; the database must be empty.
    cancel
        Go on with the file: open it to servers again.
    """
    chosen = settings(data)
    if cancel:
        _cancel(chosen)
        note(f"{chosen.data} is in use again; what came into the database since the move is only there")
        return
    moved = _move(chosen)
    if json:
        show_json({"rows": moved.rows})
        return
    counts = ", ".join(f"{n} {name}" for name, n in moved.rows.items() if n)
    tell(f"{moved.total} rows moved, each one compared: {counts}")


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

    from homeward.app import open_database, photos_place
    from homeward.storage.lock import DataFolderLock
    from homeward.storage.photos.place import FOLDER, move_photos

    chosen = settings(data)
    check_data(chosen)
    with DataFolderLock(chosen.data).waited(complain), closing(open_database(chosen)) as database:
        moved = move_photos(photos_place(chosen), None if to == FOLDER else to, database, _progress)
    for damaged in moved.damaged:
        note(f"damaged, stays where it was: {damaged}")
    _show(moved, to, json=json)


def _progress(done: int) -> None:
    note(f"{done} photos")


def _show(moved: "Moved", to: str, *, json: bool) -> None:
    if json:
        counts = {"copied": moved.copied, "already": moved.already, "gone": moved.gone}
        show_json(counts | {"damaged": list(moved.damaged), "to": to})
        return
    tell(f"{moved.copied} photos copied to {to}, {moved.already} were there already, {len(moved.damaged)} damaged")
    tell(f"Set HOMEWARD_PHOTOS_URL={to} from now on." if to != "folder" else "Set no HOMEWARD_PHOTOS_URL from now on.")


def _cancel(chosen: "Settings") -> None:
    from homeward.app import DATABASE_FILE
    from homeward.storage.lock import DataFolderLock
    from homeward.storage.sql import SqlDatabase
    from homeward.storage.sql.closed import reopen

    _check_there(chosen)
    with DataFolderLock(chosen.data).waited(complain):
        rows = SqlDatabase.open(chosen.data / DATABASE_FILE)
        try:
            reopen(rows)
        finally:
            rows.close()


def _move(chosen: "Settings") -> "MovedRows":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from homeward.app import move_rows
    from homeward.storage.lock import DataFolderLock

    _check_there(chosen)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with DataFolderLock(chosen.data).waited(complain), Progress(*columns, console=Console(file=sys.stderr)) as progress:
        task = progress.add_task("", visible=False)

        def tell(name: str, done: int, total: int) -> None:
            progress.update(task, description=name, completed=done, total=total, visible=True)

        return move_rows(chosen, tell)


def _check_there(chosen: "Settings") -> None:
    from homeward.app import DATABASE_FILE
    from homeward.errors import NotFound

    if not (chosen.data / DATABASE_FILE).exists():
        raise NotFound(
            f"There is no data of Homeward in {chosen.data}.", field="data", hint="Name the folder with --data."
        )
