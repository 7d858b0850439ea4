"""The doctor's checks: each says ok, warn or fail, what it found, and how to mend it."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from homeward.errors import HomewardError
from homeward.settings import Settings, strange_names

LEAST_FREE_BYTES = 500_000_000
OTHERS = 0o077
ANSWERS_S = 5.0
MAKES_IT = "homeward serve makes it; where data should be, correct --data or HOMEWARD_DATA"
SLOW_S = 1.0  # an owner waits for two or three of them


@dataclass(frozen=True)
class Check:
    """One finding."""

    name: str
    state: str
    finding: str
    mend: str = ""


def examine(chosen: Settings) -> list["Check"]:
    """All checks, in the order in which one would mend things; a trouble that ends several of them is told once."""
    groups = (_folder, _files, _messengers, _database, _elsewhere, _models, _service)
    told: dict[str, Check] = {}
    checks = [check for group in groups for check in _safely(group, chosen)]
    return [check for check in checks if check.state != "fail" or told.setdefault(check.finding, check) is check]


def _safely(group: Callable[[Settings], Iterator[Check]], chosen: Settings) -> Iterator[Check]:
    """What stops the look itself is a finding too."""
    try:
        yield from group(chosen)
    except HomewardError as error:
        yield Check(group.__name__.strip("_"), "fail", error.message, error.hint or "See what was found above")
    except (OSError, sqlite3.Error) as error:
        yield _hindered(group.__name__.strip("_"), error, chosen.data, "See what was found above")
    except Exception as error:  # noqa: BLE001 - a doctor who faints helps nobody
        yield Check(group.__name__.strip("_"), "fail", f"{type(error).__name__}: {error}", "See what was found above")


def _hindered(name: str, error: OSError | sqlite3.Error, folder: Path, mend: str) -> Check:
    """What the machine refuses has a mend of its own; ``mend`` is for all else."""
    from homeward.storage.refused import refused

    found = refused(error, folder)
    if found is None:
        return Check(name, "fail", str(error), mend)
    return Check(name, "fail", found.message, found.hint or mend)


def _folder(chosen: Settings) -> Iterator[Check]:
    from homeward.storage.lock import DataFolderLock

    folder = chosen.data
    if not folder.exists():
        yield _missing(folder)
        return
    yield from _room(folder)
    yield from _owned(folder)
    if folder.stat().st_mode & OTHERS:
        yield Check("private", "warn", "others on this machine may look into the folder", f"chmod -R go-rwx {folder}")
    yield _running(DataFolderLock.serving_url(folder))


def _room(folder: Path) -> Iterator[Check]:
    """Whether it can be written to, and for how long; that a disk is full says both."""
    from homeward.storage.refused import FULL

    try:
        _try_to_write(folder / ".probe")
    except OSError as error:
        yield _hindered("writable", error, folder, f"Let the user who serves write to {folder}")
        if error.errno in FULL:
            return
    free = shutil.disk_usage(folder).free
    state = "ok" if free > LEAST_FREE_BYTES else "fail"
    yield Check("free space", state, f"{free / 1e9:.1f} GB", "" if state == "ok" else "Free some space on this disk")


def _missing(folder: Path) -> Check:
    above = next(each for each in folder.absolute().parents if each.exists())
    if not os.access(above, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids):
        from homeward.storage.refused import cannot_make

        error = cannot_make(folder)
        return Check("data folder", "fail", error.message, error.hint or "")
    return Check("data folder", "warn", f"{folder} is not there yet", MAKES_IT)


def _owned(folder: Path) -> Iterator[Check]:
    """A file that root left there by hand, or a copy made as another user, ends the server at its start."""
    from homeward.storage.owner import first_closed, name_of, user_of

    closed = first_closed(folder)
    if closed is not None:
        user, other = name_of(user_of(folder)), name_of(closed.lstat().st_uid)
        found = f"{closed} belongs to {other} and is closed to {user}, who works in the folder"
        yield Check("owner", "fail", found, f"chown -R {user.removeprefix('#')} {folder}")


def _try_to_write(probe: Path) -> None:
    with probe.open("wb") as file:
        try:
            file.write(b"x")
        finally:
            probe.unlink()


def _running(url: str | None) -> Check:
    """Several may serve from one folder where the rows are elsewhere: the one that wrote its address may be gone."""
    import httpx2

    if url is None:
        return Check("server", "ok", "none is running")
    try:
        httpx2.get(f"{url}/livez", timeout=ANSWERS_S).raise_for_status()
    except httpx2.HTTPError as error:
        mend = "Look at its log; where several serve, this one may have ended, and the others do its work"
        return Check("server", "warn", f"{url} does not answer ({type(error).__name__})", mend)
    return Check("server", "ok", f"serves on {url}")


def _files(chosen: Settings) -> Iterator[Check]:
    """What the settings name, as serving would open it; and names that are no settings."""
    strange = [f"{name} ({meant}?)" if meant else name for name, meant in strange_names().items()]
    if strange:
        mend = "Mistyped? docs/reference/settings.md has all names"
        yield Check("environment", "warn", f"no settings: {', '.join(strange)}", mend)
    if chosen.districts is not None:
        from homeward.districts import GeoJsonDistricts

        count = len(GeoJsonDistricts(chosen.districts).names)
        yield Check("districts", "ok" if count else "warn", f"{count} in {chosen.districts}")
    if chosen.map_file is not None:
        from homeward.basemap import checked

        yield Check("map", "ok", f"{checked(chosen.map_file)}")


def _messengers(chosen: Settings) -> Iterator[Check]:
    from homeward.app.messengers import check_messengers

    names = check_messengers(chosen)
    yield Check("messengers", "ok", ", ".join(names) or "none set; people look at the page")


def _database(chosen: Settings) -> Iterator[Check]:
    from contextlib import closing

    from homeward.app import database_url
    from homeward.storage.sql.closed import CLOSED
    from homeward.storage.sql.facts import peek

    url = database_url(chosen)
    if url is not None:
        from homeward.cli.postgres_checks import examine_postgres

        yield from examine_postgres(url)
        return
    path = chosen.data / "homeward.sqlite"
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as rows:
            if rows.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is None:
                yield Check("tables", "warn", "there are none yet", "homeward serve makes them")
                return
            whole = rows.execute("PRAGMA quick_check").fetchone()[0]
            reports = rows.execute("SELECT count(*) FROM reports").fetchone()[0]
            waiting = rows.execute("SELECT count(*) FROM jobs").fetchone()[0]
            version = rows.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error as error:
        yield _hindered("database", error, chosen.data, "Restore the latest backup: homeward restore")
        return
    mend = "" if whole == "ok" else "Restore the latest backup: homeward restore"
    yield Check("database", "ok" if whole == "ok" else "fail", f"{whole}, {reports} reports", mend)
    yield _tables(version[0] if version else None)
    if peek(path, CLOSED) is not None:
        mend = "Set HOMEWARD_DATABASE_URL, or homeward migrate --from sqlite --to postgres --cancel"
        yield Check("moved", "fail", "the rows of this folder are on their way to PostgreSQL, or went there", mend)
    yield Check("waiting", "ok" if waiting < 100 else "warn", f"{waiting} reports wait to be matched",
                "" if waiting < 100 else "See the log for model errors")  # fmt: skip


def _tables(version: str | None) -> Check:
    from homeward.storage.sql.schema import head, knows

    wanted = head()
    if version == wanted:
        return Check("tables", "ok", f"revision {version}")
    if version is not None and not knows(version):
        mend = "Install the version of Homeward that wrote it"
        return Check("tables", "fail", f"revision {version} is of a newer version; this one knows {wanted}", mend)
    mend = "homeward serve brings it up to date"
    return Check("tables", "warn", f"revision {version or 'unknown'}, not {wanted}", mend)


def _elsewhere(chosen: Settings) -> Iterator[Check]:
    from homeward.cli.elsewhere_checks import examine_elsewhere

    return examine_elsewhere(chosen)


def _models(chosen: Settings) -> Iterator[Check]:
    from homeward.app import registry

    models, in_use = registry(chosen), _in_use(chosen)
    if in_use != chosen.embedder:
        mend = f"homeward reindex --model {chosen.embedder}, or set HOMEWARD_EMBEDDER={in_use}"
        yield Check("model setting", "warn", f"asks for {chosen.embedder}, the data folder uses {in_use}", mend)
    for kind, name in (("detector", chosen.detector), ("embedder", in_use)):
        yield _tried(f"{kind} {name}", lambda name=name: models.check_golden(name))  # type: ignore[misc]


def _in_use(chosen: Settings) -> str:
    """The embedder in use; the settings' one where the rows, which have a check of their own, cannot be asked."""
    from homeward.app import embedder_in_use

    try:
        return embedder_in_use(chosen)
    except HomewardError:
        return chosen.embedder


def _service(chosen: Settings) -> Iterator[Check]:
    from homeward.app import service_used
    from homeward.models.registry import Registry
    from homeward.models.remote.check import seconds_a_picture

    service = service_used(chosen)
    if service is None:
        return
    models = Registry([chosen.models_folder])
    for name in (chosen.detector, _in_use(chosen)):
        card = models.card(name)
        try:
            lag_s = seconds_a_picture(card, service, lambda name=name: models.network(name)[1])  # type: ignore[misc]
        except HomewardError as error:
            found = f"{error.message} The local network works instead."
            yield Check(f"model service, {name}", "warn", found, error.hint or "Start homeward models serve there.")
            continue
        lags = lag_s > SLOW_S
        mend = "Give it more cores, a GPU, or another process; its /metrics tell how long calls wait" if lags else ""
        yield Check(f"model service, {name}", "warn" if lags else "ok", f"a picture takes {lag_s:.2f} s there", mend)


def _tried(name: str, ask: Callable[[], bool]) -> Check:
    try:
        has_golden = ask()
    except HomewardError as error:
        return Check(name, "fail", error.message, error.hint or "Install Homeward or the model again")
    finding = "gives its golden numbers" if has_golden else "opens; its card has no golden numbers"
    return Check(name, "ok" if has_golden else "warn", finding)
