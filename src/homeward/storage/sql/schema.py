"""The schema's history: Alembic revisions, applied when a database is opened."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from homeward.errors import StorageTooNew

FOLDER = Path(__file__).parent / "migrations"


def migrate(connection: Connection, revision: str = "head") -> None:
    """Bring the database of ``connection`` to ``revision``, within its transaction.

    Raises:
        StorageTooNew: it is at a revision that this version does not know.
    """
    config = Config()
    config.set_main_option("script_location", str(FOLDER))
    now = MigrationContext.configure(connection).get_current_revision()
    known = {step.revision for step in ScriptDirectory.from_config(config).walk_revisions()}
    if now is not None and now not in known:
        raise StorageTooNew(
            f"The data folder was written by a newer version of Homeward (revision {now}).",
            hint="Start the newer version, or restore a backup made by this one.",
        )
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
