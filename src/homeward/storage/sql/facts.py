"""Rows of facts about the whole data folder: a name and a text."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, delete, select

from homeward.storage.sql.dialect import alone, insert, together
from homeward.storage.sql.tables import facts


@dataclass(frozen=True, slots=True)
class SqlFacts:
    """`homeward.ports.Facts` on one connection."""

    connection: Connection

    def get(self, name: str) -> str | None:
        """The text, or None."""
        return self.connection.execute(select(facts.c.value).where(facts.c.name == name)).scalar_one_or_none()

    def keep(self, name: str) -> str | None:
        """The text, which nobody changes before this transaction ends."""
        together(self.connection, f"fact:{name}")
        return self.get(name)

    def set(self, name: str, value: str | None) -> None:
        """Write; None deletes."""
        alone(self.connection, f"fact:{name}")
        if value is None:
            self.connection.execute(delete(facts).where(facts.c.name == name))
            return
        statement = insert(self.connection, facts).values(name=name, value=value)
        self.connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": value}))


def peek(path: Path, name: str) -> str | None:
    """A fact of a database file that another process may have open; None where there is no file or no such fact."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as rows:
            found = rows.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
    except sqlite3.Error:
        return None
    return str(found[0]) if found else None
