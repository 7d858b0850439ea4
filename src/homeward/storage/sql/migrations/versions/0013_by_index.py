"""What is asked for all the time, and what hangs on a report or a camera that changes, is found by an index."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

INDEXES = {
    "ix_reports_shelf_created_at_id": ("reports", ["shelf", "created_at", "id"], None),
    "ix_reports_told": ("reports", ["created_at", "id"], "source = 'person'"),
    "ix_outbox_due_at": ("outbox", ["due_at"], "due_at IS NOT NULL"),
    "ix_outbox_delivered_at": ("outbox", ["delivered_at"], None),
    "ix_outbox_found_id": ("outbox", ["found_id"], None),
    "ix_keys_camera_id": ("keys", ["camera_id"], None),
    "ix_audit_seen_at": ("audit", ["seen_at"], None),
}


def upgrade() -> None:
    """Add the indexes; that of due alerts leaves out what was delivered from now on."""
    op.drop_index("ix_outbox_due_at", "outbox")
    for name, (table, columns, which) in INDEXES.items():
        where = sa.text(which) if which else None
        op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
