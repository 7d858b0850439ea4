"""The schema's history: Alembic revisions, applied when a database is opened."""

from functools import cache
from pathlib import Path

import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from homeward.errors import StorageTooNew

FOLDER = Path(__file__).parent / "migrations"
log = structlog.get_logger(__name__)


def migrate(connection: Connection, revision: str = "head") -> None:
    """Bring the database of ``connection`` to ``revision``, within its transaction.

    Raises:
        StorageTooNew: it is at a revision that this version does not know.
    """
    now = current(connection)
    if now is not None and not knows(now):
        raise StorageTooNew(
            f"The data was written by a newer version of Homeward (revision {now}).",
            hint="Start the newer version, or restore a backup made by this one.",
        )
    if now == (head() if revision == "head" else revision):
        return
    if now is not None and revision == "head":
        log.info("bringing tables up to date", revision=now, to=head())
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def current(connection: Connection) -> str | None:
    """The revision of the database; None where there are no tables."""
    return MigrationContext.configure(connection).get_current_revision()


def head() -> str | None:
    """The latest revision that this version knows."""
    return _revisions().get_current_head()


def knows(revision: str) -> bool:
    """Whether this version knows the revision."""
    return revision in {step.revision for step in _revisions().walk_revisions()}


@cache
def _revisions() -> ScriptDirectory:
    """Read once: every command opens a database."""
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    return config
