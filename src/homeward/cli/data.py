"""The data folder: import, export, backup, restore, doctor."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import App, Parameter

from homeward.cli.common import AsJson, Data, client, complain, note, settings, show_json, table, tell, words

if TYPE_CHECKING:
    from homeward.settings import Settings

GOES_ON = "The import broke off; started again, it goes on where it stopped."


def register(app: App) -> None:
    """Add the commands."""
    app.command(import_reports, name="import")
    app.command(export_reports, name="export")
    for command in (backup, restore, doctor):
        app.command(command)


def import_reports(
    source: Path,
    *,
    shelf: Literal["lost", "found"] = "found",
    species: Literal["auto", "cat", "dog"] = "auto",
    each_photo: Annotated[bool, Parameter(negative="", help="One report for each photo of a folder.")] = False,
    keep_without_animal: Annotated[bool, Parameter(negative="")] = False,
    data: Data = None,
    json: AsJson = False,
) -> int:
    """Import reports: JSON Lines, CSV, or a folder of photos. Started again, it goes on where it stopped.

    Parameters
    ----------
    source
        A .jsonl or .csv file whose `photos` are paths beside it, or a folder with a folder of photos per animal; each
        photo that lies loose in it is an animal of its own.
    shelf
        Where reports go that name no shelf.
    species
        For reports that name none.
    keep_without_animal
        Keep photos on which no animal is seen; needs a species.
    """
    from homeward.cli.transfer import read_source, send_all, told_before
    from homeward.errors import InvalidInput

    defaults = {"shelf": shelf, "species": species, "keep_without_animal": keep_without_animal}
    entries = read_source(source, each_photo=each_photo)
    if not entries:
        raise InvalidInput(f"There is nothing to import in {source}.", field="source", hint="Photos, .jsonl or .csv?")
    for line in told_before(source, entries, each_photo=each_photo):
        complain(line)
    with client(data, looking=True) as server, _goes_on_when_started_again():
        result = send_all(server, entries, defaults)
    if json:
        counts = {"imported": result.imported, "already": result.already, "over": result.over}
        show_json({**counts, "failed": result.failures})
    else:
        over = f", not looked for any more and left out {result.over}" if result.over else ""
        tell(f"imported {result.imported}, there already {result.already}{over}, failed {len(result.failures)}")
    if result.broken_off_by is not None:
        complain(GOES_ON)
        raise result.broken_off_by
    return 1 if result.failures else 0


@contextmanager
def _goes_on_when_started_again() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        complain(GOES_ON)
        raise


def export_reports(
    target: Path,
    *,
    shelf: Literal["lost", "found"] | None = None,
    photos: Annotated[bool, Parameter(help="Write the photos into a folder beside the file.")] = True,
    data: Data = None,
) -> None:
    """Export all reports as JSON Lines or CSV, by the file's ending; `import` takes back those that are still open.

    People that the detector saw are blurred on the photos; `backup` keeps the originals.

    Parameters
    ----------
    target
        A new .jsonl or .csv file.
    shelf
        Only this shelf.
    """
    from homeward.cli.transfer import write_all

    with client(data, is_asked=True) as server:
        count = write_all(server, target, shelf=shelf, with_photos=photos)
    tell(f"{count} reports in {target}")


def backup(
    target: Path,
    *,
    photos: Annotated[
        bool | None, Parameter(help="Bring the photos along; default: unless they are in a store.")
    ] = None,
    data: Data = None,
    json: AsJson = False,
) -> int:
    """Write one consistent moment of the data folder to a .tar file; works while it serves. Not for PostgreSQL.

    Photos in an object store stay there, named by the backup: let the bucket keep versions, or say --photos. Where
    photos are missing or damaged it is written without them, and the exit code is 1: older backups may have them.

    Parameters
    ----------
    target
        A new file.
    """
    from homeward.app import photos_place
    from homeward.storage.backup import backup as run

    chosen = _with_rows(data)
    place = photos_place(chosen)
    with_photos = place.url is None if photos is None else photos
    summary = run(chosen.data, target, place, with_photos=with_photos)
    _show(summary, target, json=json)
    if not (summary.missing or summary.damaged):
        return 0
    complain("This backup lacks photos. Keep the older ones: they may have them.")
    where = place.url or place.folder
    note(f"  Restore one with --data into a new folder, then copy what {where} lacks from there.")
    return 1


def restore(source: Path, *, data: Data = None, json: AsJson = False) -> None:
    """Unpack a backup into an empty data folder; its photos go into the object store of the settings, if there is one.

    Not for PostgreSQL: psql and pg_restore bring rows back.

    Parameters
    ----------
    source
        A backup.
    """
    from homeward.app import photos_place
    from homeward.storage.backup import restore as run

    chosen = _with_rows(data)
    _show(run(source, chosen.data, photos_place(chosen)), chosen.data, json=json)


def doctor(*, data: Data = None, json: AsJson = False) -> int:
    """Check settings, folder, database, photos and models; say what is wrong and how to mend it."""
    from homeward.cli.checks import examine
    from homeward.settings import load

    found = examine(load(data=data))
    if json:
        show_json({"checks": [vars(check) for check in found]})
    else:
        rows = [[words(said) for said in (c.state, c.name, c.finding, c.mend)] for c in found]
        table(["", "Check", "Finding", "What to do"], rows)
    return 1 if any(check.state == "fail" for check in found) else 0


def _with_rows(data: Path | None) -> "Settings":
    """The settings; a backup of the data folder is whole only where the rows are in it.

    Raises:
        Conflict: they are in PostgreSQL.
    """
    from homeward.app import database_url
    from homeward.errors import Conflict

    chosen = settings(data)
    if database_url(chosen) is not None:
        hint = f"pg_dump saves rows and keys; then copy {chosen.data}/photos and models: docs/how-to/postgresql.md"
        raise Conflict("The rows are in PostgreSQL; the folder alone is half of a backup.", field="data", hint=hint)
    return chosen


def _show(summary: Any, path: Path, *, json: bool) -> None:
    if json:
        counts = {"reports": summary.reports, "photos": summary.photos, "missing": summary.missing}
        show_json(counts | {"elsewhere": summary.elsewhere, "damaged": list(summary.damaged)})
        return
    tell(f"{summary.reports} reports and {summary.photos} photos in {path}")
    if summary.elsewhere:
        tell(f"the photos stay in {summary.elsewhere}")
    if summary.missing:
        tell(f"{summary.missing} photos that rows name were not there")
    if summary.damaged:
        tell(f"{len(summary.damaged)} photos are damaged and were left out: {', '.join(summary.damaged)}")
