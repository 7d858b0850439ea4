"""Rows of accounts on messengers."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, delete, func, select

from homeward.domain.accounts import Account
from homeward.domain.ids import AccountId
from homeward.storage.sql import rows
from homeward.storage.sql.dialect import changing, insert
from homeward.storage.sql.tables import accounts

COLUMNS = [column.name for column in accounts.columns]


@dataclass(frozen=True, slots=True)
class SqlAccounts:
    """`homeward.ports.Accounts` on one connection."""

    connection: Connection

    def save(self, account: Account) -> None:
        """Insert or update."""
        values = {name: getattr(account, name) for name in COLUMNS}
        statement = insert(self.connection, accounts).values(values)
        self.connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=rows.changed(values)))

    def get(self, account_id: AccountId) -> Account | None:
        """The account, or None."""
        return self._one(accounts.c.id == account_id)

    def at(self, messenger: str, address: str) -> Account | None:
        """Who is there on the messenger, or None."""
        return self._one(accounts.c.messenger == messenger, accounts.c.address == address)

    def remove(self, account_id: AccountId) -> None:
        """Delete."""
        self.connection.execute(delete(accounts).where(accounts.c.id == account_id))

    def steps(self, messenger: str) -> dict[str, int]:
        """How many accounts stand at which step of their dialog."""
        statement = select(accounts.c.step, func.count()).where(accounts.c.messenger == messenger)
        return {row[0]: row[1] for row in self.connection.execute(statement.group_by(accounts.c.step))}

    def _one(self, *conditions: ColumnElement[bool]) -> Account | None:
        statement = changing(self.connection, select(accounts).where(*conditions))
        row = self.connection.execute(statement).mappings().first()
        return _account(row) if row else None


def _account(row: rows.Row) -> Account:
    created_at: datetime = row["created_at"]
    return Account(
        id=AccountId(row["id"]),
        messenger=row["messenger"],
        address=row["address"],
        language=row["language"],
        created_at=created_at,
        utc_offset_min=row["utc_offset_min"],
        quiet=row["quiet"],
        reachable=row["reachable"],
        step=row["step"],
        dialog=row["dialog"],
    )
