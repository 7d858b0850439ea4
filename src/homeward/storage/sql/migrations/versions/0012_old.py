"""What has grown old is found by an index, not by reading every report."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

INDEXES = {
    "ix_reports_sighted": (["happened_at", "created_at"], "source = 'camera'"),
    "ix_reports_ended": (["closed_at", "created_at"], "status <> 'open'"),
    "ix_reports_asked": (["created_at"], "status = 'open' AND source = 'person'"),
}


def upgrade() -> None:
    """Add the indexes."""
    for name, (columns, which) in INDEXES.items():
        where = sa.text(which)
        op.create_index(name, "reports", columns, sqlite_where=where, postgresql_where=where)
