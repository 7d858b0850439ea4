"""The mark that an owner keeps back."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the column."""
    op.add_column("reports", sa.Column("secret_mark", sa.Text()))
