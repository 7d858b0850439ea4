"""The operator's desk: deeds, complaints, blocks, where reports came from, opinions of volunteers, petitions."""

import sqlalchemy as sa
from alembic import op

from homeward.storage.sql.types import Moment

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "deeds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("key_id", "who", "act", "subject", "why")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deeds")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_deeds_subject", "deeds", ["subject"])
    op.create_table(
        "complaints",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("id", "report_id", "kind", "text")),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("caller", sa.Text()),
        sa.Column("decided_at", Moment()),
        _report("complaints", "report_id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaints")),
    )
    op.create_index("ix_complaints_report_id", "complaints", ["report_id"])
    op.create_table(
        "blocks",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text()),
        sa.Column("caller", sa.Text()),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("until", Moment()),
        sa.Column("lifted_at", Moment()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blocks")),
    )
    op.create_index("ix_blocks_account_id", "blocks", ["account_id"])
    op.create_index("ix_blocks_caller", "blocks", ["caller"])
    op.create_table(
        "senders",
        sa.Column("report_id", sa.Text(), nullable=False),
        sa.Column("caller", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        _report("senders", "report_id"),
        sa.PrimaryKeyConstraint("report_id", name=op.f("pk_senders")),
    )
    _judged_and_asked()


def _judged_and_asked() -> None:
    op.create_table(
        "opinions",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("lost_id", "encounter_id", "judge", "found_id")),
        sa.Column("opinion", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        _report("opinions", "lost_id"),
        _report("opinions", "found_id"),
        sa.PrimaryKeyConstraint("lost_id", "encounter_id", "judge", name=op.f("pk_opinions")),
    )
    op.create_index("ix_opinions_found_id", "opinions", ["found_id"])
    op.create_index("ix_opinions_judge", "opinions", ["judge"])
    op.create_table(
        "petitions",
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("id", "kind", "text", "contact", "about", "language")
        ),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("due_at", Moment(), nullable=False),
        sa.Column("answer", sa.Text()),
        sa.Column("answered_at", Moment()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_petitions")),
    )


def _report(table: str, column: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], ["reports.id"], name=op.f(f"fk_{table}_{column}"), ondelete="CASCADE")
