"""Rows that are on their way elsewhere, or went there: nobody may work with them here."""

import json

from homeward.errors import Conflict
from homeward.ports import Database, UnitOfWork

CLOSED = "closed"
"""The fact of a file whose rows went elsewhere, or of a database into which they come."""


def check_open(work: UnitOfWork) -> None:
    """Refuse to work with rows that are on their way.

    Raises:
        Conflict: they are; what to do is in the hint.
    """
    check_not_closed(work.facts.get(CLOSED))


def check_not_closed(closed: str | None) -> None:
    """The same of the fact itself, where it is read in another way.

    Raises:
        Conflict: as above.
    """
    if closed is None:
        return
    state = json.loads(closed)
    again = "homeward migrate --from sqlite --to postgres"
    if "into" in state:
        hint = f"Set HOMEWARD_DATABASE_URL. To go on with the file after all: {again} --cancel"
        raise Conflict(f"The rows of this data folder went to PostgreSQL at {state['into']}.", field="data", hint=hint)
    hint = f"Finish it: {again}. Or drop the database, and make it anew."
    raise Conflict("Rows are still on their way into this database.", field="database_url", hint=hint)


def reopen(database: Database) -> None:
    """Let it be worked with again.

    Raises:
        Conflict: it was open all the time.
    """
    with database.write() as work:
        if work.facts.get(CLOSED) is None:
            raise Conflict("The rows of this data folder were not moved; its file is in use.", field="cancel")
        work.facts.set(CLOSED, None)
