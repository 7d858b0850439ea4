"""Rows of browsers that take news by web push."""

from dataclasses import dataclass, fields

from sqlalchemy import Connection, delete, select

from homeward.domain.devices import Device
from homeward.domain.ids import AccountId
from homeward.storage.sql import rows
from homeward.storage.sql.dialect import insert
from homeward.storage.sql.tables import devices

COLUMNS = [field.name for field in fields(Device)]


@dataclass(frozen=True, slots=True)
class SqlDevices:
    """`homeward.ports.Devices` on one connection."""

    connection: Connection

    def save(self, device: Device) -> None:
        """Insert, or put anew; as the newest of its account."""
        self.remove(device.account_id, device.endpoint)
        new = insert(self.connection, devices).values({name: getattr(device, name) for name in COLUMNS})
        self.connection.execute(new.on_conflict_do_nothing(index_elements=["account_id", "endpoint"]))

    def of_account(self, account_id: AccountId) -> list[Device]:
        """Oldest first."""
        mine = select(devices).where(devices.c.account_id == account_id).order_by(devices.c.id)
        return [_device(row) for row in self.connection.execute(mine).mappings()]

    def remove(self, account_id: AccountId, endpoint: str) -> None:
        """Delete one."""
        one = (devices.c.account_id == account_id, devices.c.endpoint == endpoint)
        self.connection.execute(delete(devices).where(*one))

    def forget(self, account_id: AccountId) -> None:
        """Delete all of an account."""
        self.connection.execute(delete(devices).where(devices.c.account_id == account_id))

    def move(self, former: AccountId, account_id: AccountId) -> None:
        """Those of one account become another's, which is the same person."""
        moved = self.of_account(former)
        self.forget(former)
        for device in moved:
            self.save(Device(account_id, *(getattr(device, name) for name in COLUMNS[1:])))


def _device(row: rows.Row) -> Device:
    return Device(
        account_id=AccountId(row["account_id"]),
        endpoint=row["endpoint"],
        p256dh=row["p256dh"],
        auth=row["auth"],
        language=row["language"],
        created_at=row["created_at"],
    )
