"""What is asked for all the time, and what hangs on a report or a camera that changes, is found by an index.

Addresses of e-mail are compared in small letters, as people write them either way.
"""

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

SMALL_LETTERS = """
UPDATE accounts SET address = lower(address) WHERE messenger = 'email' AND address <> lower(address) AND NOT EXISTS (
  SELECT 1 FROM accounts AS other
  WHERE other.messenger = 'email' AND lower(other.address) = lower(accounts.address) AND other.id <> accounts.id)
"""


def upgrade() -> None:
    """Add the indexes; that of due alerts leaves out what was delivered from now on."""
    op.execute(SMALL_LETTERS)
    op.drop_index("ix_outbox_due_at", "outbox")
    for name, (table, columns, which) in INDEXES.items():
        where = sa.text(which) if which else None
        op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
