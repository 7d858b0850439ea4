"""The tables of the operator's desk."""

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text

from homeward.storage.sql.tables import metadata
from homeward.storage.sql.types import Moment


def _report_id(name: str = "report_id", *, primary: bool = False) -> Column[str]:
    return Column(name, Text, ForeignKey("reports.id", ondelete="CASCADE"), nullable=False, primary_key=primary)


deeds = Table(
    "deeds",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("why", Text, nullable=False),
    Index("ix_deeds_subject", "subject"),
    sqlite_autoincrement=True,
)

complaints = Table(
    "complaints",
    metadata,
    Column("id", Text, primary_key=True),
    _report_id(),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("caller", Text),
    Column("decided_at", Moment),
    Index("ix_complaints_report_id", "report_id"),
)

blocks = Table(
    "blocks",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account_id", Text),
    Column("caller", Text),
    Column("why", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("until", Moment),
    Column("lifted_at", Moment),
    Index("ix_blocks_account_id", "account_id"),
    Index("ix_blocks_caller", "caller"),
)

senders = Table(
    "senders",
    metadata,
    _report_id(primary=True),
    Column("caller", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
)

opinions = Table(
    "opinions",
    metadata,
    _report_id("lost_id", primary=True),
    Column("encounter_id", Text, primary_key=True),
    Column("judge", Text, primary_key=True),
    _report_id("found_id"),
    Column("opinion", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_opinions_found_id", "found_id"),
    Index("ix_opinions_judge", "judge"),
)

petitions = Table(
    "petitions",
    metadata,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("contact", Text, nullable=False),
    Column("about", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("answer", Text),
    Column("answered_at", Moment),
)
