"""Rows of handovers and of the messages in them."""

from dataclasses import dataclass, fields

from sqlalchemy import Connection, or_, select

from homeward.domain.handovers import Handover, Message, NewMessage
from homeward.domain.ids import HandoverId, MessageId, ReportId
from homeward.domain.reports import Shelf
from homeward.storage.sql import rows
from homeward.storage.sql.dialect import changing, insert
from homeward.storage.sql.tables import handovers, messages

COLUMNS = [field.name for field in fields(Handover)]


@dataclass(frozen=True, slots=True)
class SqlHandovers:
    """`homeward.ports.Handovers` on one connection."""

    connection: Connection

    def save(self, handover: Handover) -> None:
        """Insert or update."""
        values = {name: getattr(handover, name) for name in COLUMNS}
        statement = insert(self.connection, handovers).values(values)
        self.connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=rows.changed(values)))

    def get(self, handover_id: HandoverId) -> Handover | None:
        """The handover, or None."""
        statement = changing(self.connection, select(handovers).where(handovers.c.id == handover_id))
        row = self.connection.execute(statement).mappings().first()
        return _handover(row) if row else None

    def of_report(self, report_id: ReportId) -> list[Handover]:
        """Those that a report takes part in, oldest first."""
        mine = or_(handovers.c.lost_id == report_id, handovers.c.found_id == report_id)
        statement = select(handovers).where(mine).order_by(handovers.c.created_at, handovers.c.id)
        return [_handover(row) for row in self.connection.execute(changing(self.connection, statement)).mappings()]

    def add_message(self, message: NewMessage) -> MessageId:
        """Keep a message."""
        statement = insert(self.connection, messages).values(
            handover_id=message.handover_id,
            author=message.author.value,
            created_at=message.created_at,
            text=message.text,
            lat=message.place.lat if message.place else None,
            lon=message.place.lon if message.place else None,
            picture=message.picture,
        )
        return MessageId(self.connection.execute(statement.returning(messages.c.id)).scalar_one())

    def messages(self, handover_id: HandoverId) -> list[Message]:
        """Oldest first."""
        shown = [column for column in messages.columns if column.name != "picture"]
        statement = select(*shown, messages.c.picture.is_not(None).label("has_picture"))
        mine = statement.where(messages.c.handover_id == handover_id).order_by(messages.c.id)
        return [_message(row) for row in self.connection.execute(mine).mappings()]

    def picture(self, message_id: MessageId) -> bytes | None:
        """The picture of a message."""
        statement = select(messages.c.picture).where(messages.c.id == message_id)
        return self.connection.execute(statement).scalar_one_or_none()


def _handover(row: rows.Row) -> Handover:
    return Handover(
        id=HandoverId(row["id"]),
        lost_id=ReportId(row["lost_id"]),
        found_id=ReportId(row["found_id"]),
        created_at=row["created_at"],
        owner_agrees=row["owner_agrees"],
        finder_agrees=row["finder_agrees"],
        ended_at=row["ended_at"],
    )


def _message(row: rows.Row) -> Message:
    return Message(
        id=MessageId(row["id"]),
        handover_id=HandoverId(row["handover_id"]),
        author=Shelf(row["author"]),
        created_at=row["created_at"],
        text=row["text"],
        place=rows.point(row["lat"], row["lon"]),
        has_picture=row["has_picture"],
    )
