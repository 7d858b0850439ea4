"""Import and export: reports as JSON Lines, CSV or folders of photos, in and out through the API."""

import csv
import hashlib
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from homeward.cli.common import note, words
from homeward.cli.spreadsheet import as_taken, rows_of, write
from homeward.client import Client
from homeward.domain.reports import Status
from homeward.errors import Conflict, HomewardError, InvalidInput, NotFound, PhotoNotReady
from homeward.storage.refused import told

SUFFIXES = {".jpg", ".jpeg", ".jfif", ".png", ".webp", ".avif", ".heic", ".heif"}
MACS_OWN = "__MACOSX"
SYSTEMS_OWN = {"thumbs.db", "desktop.ini"}
NAMED = 3
FIELDS = (
    "shelf",
    "species",
    "lat",
    "lon",
    "home_lat",
    "home_lon",
    "happened_at",
    "held",
    "name",
    "description",
    "contact",
)
FOR_ALL_ALIKE = {401, 503, 507}
MAX_PHOTOS = 10
PAGE = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """One report to import: where it stands in the source, its fields, its photos; or what is wrong with it.

    One that is over is not looked for any more, and is left out.
    """

    where: str
    fields: dict[str, str]
    photos: tuple[Path, ...]
    problem: str | None = None
    is_over: bool = False


@dataclass(slots=True)
class Result:
    """How an import went."""

    imported: int = 0
    already: int = 0
    over: int = 0
    failures: list[dict[str, str]] = field(default_factory=list)
    broken_off_by: HomewardError | None = None


def read_source(source: Path, *, each_photo: bool) -> list[Entry]:
    """All entries of a file or folder.

    Raises:
        InvalidInput: it is none of the kinds that can be read.
    """
    if source.is_dir():
        return list(_folders(source, each_photo=each_photo))
    if not source.exists():
        raise InvalidInput(f"{source} is not there.", field="source")
    try:
        if source.suffix.lower() == ".jsonl":
            return list(_lines(source))
        if source.suffix.lower() == ".csv":
            return [_entry(f"line {n}", row, source.parent) for n, row in rows_of(source)]
    except UnicodeDecodeError as error:
        hint = "Save it as UTF-8; Excel calls that CSV UTF-8."
        raise InvalidInput(f"{source.name} is not in UTF-8.", field="source", hint=hint) from error
    except csv.Error as error:
        raise InvalidInput(f"{source.name} cannot be read: {error}.", field="source") from error
    hint = "Save a spreadsheet as CSV UTF-8; unpack a ZIP."
    raise InvalidInput(f"{source.name} is neither a folder nor .jsonl nor .csv.", field="source", hint=hint)


def told_before(source: Path, entries: list[Entry], *, each_photo: bool) -> Iterator[str]:
    """What will be filed of ``source``, and what of a folder is not as one may think."""
    if source.is_dir():
        if not each_photo:
            yield from _grouped(source)
        yield from _left_out(source)
    filed = [entry for entry in entries if not (entry.problem or entry.is_over)]
    yield f"Reports to be filed: {len(filed)}, with photos: {sum(len(entry.photos) for entry in filed)}."


def _grouped(root: Path) -> Iterator[str]:
    loose = len(_pictures(root))
    if loose > 1:
        own = "Each becomes a report of its own; those of one animal belong into a folder within it."
        yield f"Photos that lie loose in {root}: {loose}. {own}"
    for folder in _folders_in(root):
        count = len(_pictures(folder))
        if count > MAX_PHOTOS:
            yield f"{folder.name} holds {count} photos; a report takes the first {MAX_PHOTOS}."


def _left_out(root: Path) -> Iterator[str]:
    folders = _folders_in(root)
    others = _no_pictures(root) + [f"{folder.name}/{name}" for folder in folders for name in _no_pictures(folder)]
    if others:
        named = ", ".join(map(_legible, others[:NAMED])) + (" ..." if len(others) > NAMED else "")
        yield f"Files left out, as their names do not end like those of photos: {len(others)} ({named})."
    for folder in folders:
        if any(_folders_in(folder)):
            instead = f"import {folder} by itself if they are one for each animal."
            yield f"Folders within {folder.name} are left out; {instead}"
    nameless = sum(not _is_text(folder.name) for folder in folders)
    if nameless:
        yield f"Folders whose names are not in UTF-8: {nameless}; their animals get no name."


def send_all(server: Client, entries: list[Entry], defaults: dict[str, Any]) -> Result:
    """File every entry once, however often it is called; bad ones are noted and the rest goes on.

    Where the server is gone or full, or its key opens nothing any more, all others would fail alike: it breaks off.
    """
    from rich.console import Console
    from rich.progress import track

    result, hints = Result(), {""}
    for entry in track(entries, words("importing"), console=Console(stderr=True), disable=not sys.stderr.isatty()):
        try:
            _send(server, entry, defaults, result)
        except (HomewardError, OSError, ValueError) as error:
            if isinstance(error, HomewardError) and error.status in FOR_ALL_ALIKE:
                result.broken_off_by = error
                break
            message, hint = _problem(error), getattr(error, "hint", None) or ""
            result.failures.append({"where": entry.where, "problem": message})
            print(f"{words(entry.where)}: {words(message)}", file=sys.stderr)
            if hint not in hints:  # thousands of rows may fail alike
                hints.add(hint)
                print(f"  {words(hint)}", file=sys.stderr)
    return result


def _problem(error: Exception) -> str:
    match error:
        case HomewardError():
            return error.message
        case OSError(filename=str(file), strerror=str(reason)):
            return f"{file} cannot be read: {reason}."
    return str(error)


def write_all(server: Client, target: Path, *, shelf: str | None, with_photos: bool) -> int:
    """Write all reports of people, or nothing; how many.

    Raises:
        Conflict: the target is there already.
        InvalidInput: its ending is neither .jsonl nor .csv.
        NotFound: there is no folder for it.
    """
    if target.exists():
        raise Conflict(f"{target} is there already.", field="target", hint="Name a new file.")
    if target.suffix not in {".jsonl", ".csv"}:
        raise InvalidInput("The file ends in .jsonl or .csv.", field="target")
    if not target.parent.is_dir():
        raise NotFound(f"There is no folder {target.parent}.", field="target", hint="Make it, or name another.")
    folder = target.with_suffix("") if with_photos else None
    with _whole(target, folder) as photos:
        rows = [_row(server, report["id"], photos) for report in _reports(server, shelf)]
        _write_rows(target, rows)
    return len(rows)


@dataclass(frozen=True, slots=True)
class _Photos:
    """The folder of an export's photos, and those of them that were not there before."""

    folder: Path
    new: list[Path] = field(default_factory=list)

    def put(self, name: str, jpeg: bytes) -> str:
        """Write a photo; its path beside the export."""
        file = self.folder / name
        with told(self.folder.parent):
            self.folder.mkdir(exist_ok=True)
            if not file.exists():
                self.new.append(file)
            file.write_bytes(jpeg)
        return f"{self.folder.name}/{name}"


@contextmanager
def _whole(target: Path, folder: Path | None) -> Iterator[_Photos | None]:
    """Where the export goes; one that breaks off leaves nothing of its own, and what was there before."""
    photos = _Photos(folder) if folder is not None else None
    was_there = folder is not None and folder.exists()
    try:
        yield photos
    except BaseException:
        for file in (target, *(photos.new if photos else ())):
            file.unlink(missing_ok=True)
        if folder is not None and folder.exists() and not was_there:
            with suppress(OSError):  # others may have put something there meanwhile
                folder.rmdir()
        raise


def _write_rows(target: Path, rows: Sequence[dict[str, Any]]) -> None:
    with told(target.parent):
        if target.suffix == ".jsonl":
            with target.open("w", encoding="utf-8") as file:
                file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        else:
            joined = ({**row, "photos": ";".join(row["photos"])} for row in rows)
            write(target, [*FIELDS, "status", "photos"], joined)


def _folders(root: Path, *, each_photo: bool) -> Iterator[Entry]:
    """A folder of photos per animal, or loose photos, each a report of its own."""
    loose = _pictures(root)
    for photo in loose:
        yield Entry(_legible(photo.name), {}, (photo,))
    for folder in _folders_in(root):
        photos = _pictures(folder)
        groups = [(photo,) for photo in photos] if each_photo else [tuple(photos[:MAX_PHOTOS])]
        for group in groups:
            if group:
                where = f"{folder.name}/{group[0].name}" if each_photo else folder.name
                yield Entry(_legible(where), {"name": folder.name[:100]} if _is_text(folder.name) else {}, group)


def _folders_in(root: Path) -> list[Path]:
    return [path for path in _seen(root) if path.is_dir()]


def _pictures(folder: Path) -> list[Path]:
    return [path for path in _seen(folder) if path.suffix.lower() in SUFFIXES]


def _no_pictures(folder: Path) -> list[str]:
    """Names of what may have been meant as a photo."""
    files = [path for path in _seen(folder) if path.suffix.lower() not in SUFFIXES and path.is_file()]
    return [path.name for path in files if path.name.lower() not in SYSTEMS_OWN]


def _seen(folder: Path) -> list[Path]:
    """What people put there: Macs add files named ._ and as a photo, and a folder to ZIPs."""
    return sorted(path for path in folder.iterdir() if not path.name.startswith(".") and path.name != MACS_OWN)


def _is_text(name: str) -> bool:
    """Whether a file's name is: ZIPs of old Windows leave its own code page behind."""
    return _legible(name) == name


def _legible(name: str) -> str:
    return os.fsencode(name).decode(errors="replace")


def _lines(source: Path) -> Iterator[Entry]:
    with source.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield _parsed(f"line {number}", line, source.parent)


def _parsed(where: str, line: str, folder: Path) -> Entry:
    try:
        row = json.loads(line)
    except ValueError:
        return Entry(where, {}, (), "is not JSON")
    return _entry(where, row, folder) if isinstance(row, dict) else Entry(where, {}, (), "is not a JSON object")


def _entry(where: str, row: dict[str | None, Any], folder: Path) -> Entry:
    named = row.get("photos") or []
    names = named.split(";") if isinstance(named, str) else named
    problem = _wrong(row, names)
    if problem is not None:
        return Entry(where, {}, (), problem)
    photos = tuple(_beside(folder, name.strip()) for name in names if name.strip())
    inside = folder.resolve()
    if any(not photo.resolve().is_relative_to(inside) for photo in photos):
        return Entry(where, {}, (), "a photo's path leads out of the source's folder")
    fields = as_taken({name: str(row[name]) for name in FIELDS if row.get(name) not in (None, "")})
    return Entry(where, fields, photos, is_over=(row.get("status") or Status.OPEN) != Status.OPEN)


def _wrong(row: dict[str | None, Any], names: Any) -> str | None:
    """What keeps a row from being looked at any further."""
    unknown = set(row) - {*FIELDS, "status", "photos", None}
    if unknown:
        return f"there is no field {min(map(str, unknown))}"
    if None in row:
        return f"the first line names no column for {row[None][0]!r}"
    if not (isinstance(names, list) and all(isinstance(name, str) and "\0" not in name for name in names)):
        return 'photos are not names of files: ["a.jpg", "b.jpg"]'
    nested = next((name for name in FIELDS if isinstance(row.get(name), dict | list)), None)
    return None if nested is None else f"{nested} is neither text nor a number"


def _beside(folder: Path, name: str) -> Path:
    """The file of that name; backslashes, as Windows writes them, lead into folders where no name holds them."""
    as_said, on_windows = folder / name, folder / name.replace("\\", "/")
    return on_windows if not as_said.exists() and on_windows.exists() else as_said


def _send(server: Client, entry: Entry, defaults: dict[str, Any], result: Result) -> None:
    if entry.problem:
        raise InvalidInput(entry.problem)
    if entry.is_over:
        result.over += 1
        return
    fields = {**defaults, **entry.fields}
    photos = [photo.read_bytes() for photo in entry.photos]
    digest = hashlib.sha256(json.dumps(fields, sort_keys=True, default=str).encode())
    for photo in photos:
        digest.update(hashlib.sha256(photo).digest())
    shelf = str(fields.pop("shelf"))
    is_new = server.report_once(shelf, photos, idempotency_key=f"import-{digest.hexdigest()}", **fields)
    result.imported += is_new
    result.already += not is_new


def _reports(server: Client, shelf: str | None) -> Iterator[dict[str, Any]]:
    cursor: str | None = None
    while True:
        page = server.get("/reports", shelf=shelf, limit=PAGE, cursor=cursor)
        yield from (report for report in page["items"] if report["source"] == "person")
        cursor = page["next"]
        if cursor is None:
            return


def _row(server: Client, report_id: str, photos: _Photos | None) -> dict[str, Any]:
    report = server.get(f"/reports/{report_id}")
    place, home = report["place"] or {}, report["home"] or {}
    row: dict[str, Any] = {name: report.get(name) for name in FIELDS}
    row |= {"lat": place.get("lat"), "lon": place.get("lon")}
    row |= {"home_lat": home.get("lat"), "home_lon": home.get("lon")}
    names: list[str] = []
    for photo in report["photos"] if photos else []:
        assert photos is not None
        try:
            names.append(photos.put(f"{photo['id']}.jpg", server.photo(photo["id"])))
        except (NotFound, PhotoNotReady) as error:
            why = "is not there" if isinstance(error, NotFound) else "waits to be looked at"
            note(f"{report_id}: photo {photo['id']} {why} and was left out")
    return {**row, "status": report["status"], "photos": names}
