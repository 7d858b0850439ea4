"""Accounts on messengers, what came in from them, handovers; alerts of every kind; addresses and muted reports."""

import sqlalchemy as sa
from alembic import op

from homeward.storage.sql.types import Json, Moment, Number

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the tables; the alerts that are there become alerts about matches."""
    op.add_column("reports", sa.Column("address", sa.Text()))
    op.add_column("reports", sa.Column("muted_until", Moment()))
    op.create_table(
        "accounts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("messenger", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("utc_offset_min", sa.Integer()),
        sa.Column("quiet", sa.Boolean(), nullable=False),
        sa.Column("reachable", sa.Boolean(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("dialog", Json(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
        sa.UniqueConstraint("messenger", "address", name=op.f("uq_accounts_messenger_address")),
    )
    op.create_table(
        "inbox",
        sa.Column("seq", Number, nullable=False),
        sa.Column("messenger", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("body", sa.Text()),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_inbox")),
        sa.UniqueConstraint("messenger", "number", name=op.f("uq_inbox_messenger_number")),
        sqlite_autoincrement=True,
    )
    waiting = sa.text("body IS NOT NULL")
    op.create_index("ix_inbox_waiting", "inbox", ["seq"], sqlite_where=waiting, postgresql_where=waiting)
    op.create_index("ix_inbox_created_at", "inbox", ["created_at"])
    op.create_table(
        "handovers",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("lost_id", sa.Text(), nullable=False),
        sa.Column("found_id", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("owner_agrees", sa.Boolean()),
        sa.Column("finder_agrees", sa.Boolean()),
        sa.Column("ended_at", Moment()),
        sa.ForeignKeyConstraint(["lost_id"], ["reports.id"], name=op.f("fk_handovers_lost_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["found_id"], ["reports.id"], name=op.f("fk_handovers_found_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handovers")),
        sa.UniqueConstraint("lost_id", "found_id", name=op.f("uq_handovers_lost_id_found_id")),
    )
    op.create_index("ix_handovers_found_id", "handovers", ["found_id"])
    op.create_table(
        "messages",
        sa.Column("id", Number, nullable=False),
        sa.Column("handover_id", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("text", sa.Text()),
        sa.Column("lat", sa.Float()),
        sa.Column("lon", sa.Float()),
        sa.Column("picture", sa.LargeBinary()),
        sa.ForeignKeyConstraint(
            ["handover_id"], ["handovers.id"], name=op.f("fk_messages_handover_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_messages_handover_id", "messages", ["handover_id"])
    if op.get_bind().dialect.name == "sqlite":
        op.rename_table("outbox", "old_outbox")
        op.drop_index("ix_outbox_due_at", "old_outbox")
    else:
        op.drop_table("outbox")  # on PostgreSQL nobody had one before this revision
    _outbox()
    if op.get_bind().dialect.name == "sqlite":
        _alerts_of_matches()


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", Number, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("lost_id", sa.Text(), nullable=False),
        sa.Column("found_id", sa.Text(), nullable=False),
        sa.Column("encounter_id", sa.Text(), nullable=False),
        sa.Column("degree", sa.Float(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("due_at", Moment()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("delivered_at", Moment()),
        sa.Column("error", sa.Text()),
        sa.Column("handover_id", sa.Text()),
        sa.Column("message_id", Number),
        sa.ForeignKeyConstraint(["lost_id"], ["reports.id"], name=op.f("fk_outbox_lost_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["found_id"], ["reports.id"], name=op.f("fk_outbox_found_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("key", name=op.f("uq_outbox_key")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_due_at", "outbox", ["due_at"])
    op.create_index("ix_outbox_lost_id", "outbox", ["lost_id"])
    op.create_index("ix_outbox_account_id", "outbox", ["account_id"])


def _alerts_of_matches() -> None:
    op.execute(
        "INSERT INTO outbox (id, key, kind, account_id, lost_id, found_id, encounter_id, degree, created_at, due_at,"
        " attempts, delivered_at, error)"
        " SELECT o.id, 'match:' || o.lost_id || ':' || o.encounter_id, 'match', r.account_id, o.lost_id, o.found_id,"
        " o.encounter_id, o.degree, o.created_at, o.due_at, o.attempts, o.delivered_at, o.error"
        " FROM old_outbox o JOIN reports r ON r.id = o.lost_id"
    )
    op.drop_table("old_outbox")
