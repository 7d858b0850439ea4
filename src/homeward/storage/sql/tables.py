"""The tables. Deleting a report takes everything that hangs on it along."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from homeward.storage.sql.types import Floats, Json, Moment, Number

WAITING = text("body IS NOT NULL")

# Which reports grow old how. As plain text, since a database takes a partial index only where it reads the same words.
SIGHTED = text("source = 'camera'")
ENDED = text("status <> 'open'")
ASKED = text("status = 'open' AND source = 'person'")
TOLD = text("source = 'person'")
DUE = text("due_at IS NOT NULL")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _report_id(name: str = "report_id", *, primary: bool = False) -> Column[str]:
    return Column(name, Text, ForeignKey("reports.id", ondelete="CASCADE"), nullable=False, primary_key=primary)


reports = Table(
    "reports",
    metadata,
    Column("id", Text, primary_key=True),
    Column("shelf", Text, CheckConstraint("shelf IN ('lost', 'found')", name="shelf"), nullable=False),
    Column("account_id", Text, nullable=False),
    Column("species", Text, nullable=False),
    Column("species_confidence", Float, nullable=False),
    Column("happened_at", Moment, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("encounter_id", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("lat", Float),
    Column("lon", Float),
    Column("district", Text),
    Column("home_lat", Float),
    Column("home_lon", Float),
    Column("held", Text),
    Column("name", Text),
    Column("description", Text),
    Column("contact", Text),
    Column("about", Text),
    Column("camera_id", Text, ForeignKey("cameras.id")),
    Column("track_id", Text),
    Column("clock_corrected", Boolean, nullable=False),
    Column("last_seen_at", Moment),
    Column("closed_at", Moment),
    Column("reopened_at", Moment),
    Column("consent_version", Text, nullable=False),
    Column("token_version", Integer, nullable=False),
    Column("address", Text),
    Column("muted_until", Moment),
    Column("listed", Boolean, nullable=False, server_default="0"),
    Column("secret_mark", Text),
    Index("ix_reports_created_at_id", "created_at", "id"),
    Index("ix_reports_shelf_created_at_id", "shelf", "created_at", "id"),
    Index("ix_reports_told", "created_at", "id", sqlite_where=TOLD, postgresql_where=TOLD),
    Index("ix_reports_account_id", "account_id"),
    Index("ix_reports_listed", "listed", "status", "created_at"),
    Index("ix_reports_encounter_id", "encounter_id"),
    Index("ix_reports_camera_id_created_at_id", "camera_id", "created_at", "id"),
    Index("ix_reports_sighted", "happened_at", "created_at", sqlite_where=SIGHTED, postgresql_where=SIGHTED),
    Index("ix_reports_ended", "closed_at", "created_at", sqlite_where=ENDED, postgresql_where=ENDED),
    Index("ix_reports_asked", "created_at", sqlite_where=ASKED, postgresql_where=ASKED),
)

tallies = Table(
    "tallies",
    metadata,
    Column("species", Text, primary_key=True),
    Column("lat_cell", Integer, primary_key=True),
    Column("lon_cell", Integer, primary_key=True),
    Column("day", Integer, primary_key=True),
    Column("animals", Integer, nullable=False),
    Index("ix_tallies_day_species", "day", "species"),
)

photos = Table(
    "photos",
    metadata,
    Column("id", Text, primary_key=True),
    _report_id(),
    Column("content_hash", Text, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("people", Json, nullable=False),
    Column("chosen", Integer, nullable=False),
    Column("looked_at", Boolean, nullable=False, server_default="1"),
    Index("ix_photos_report_id", "report_id"),
    Index("ix_photos_content_hash", "content_hash"),
)

crops = Table(
    "crops",
    metadata,
    Column("id", Number, primary_key=True),
    Column("photo_id", Text, ForeignKey("photos.id", ondelete="CASCADE"), nullable=False),
    _report_id(),
    Column("animal", Integer, nullable=False),
    Column("part", Text, nullable=False),
    Column("box", Json, nullable=False),
    Column("species", Text, nullable=False),
    Column("confidence", Float, nullable=False),
    Index("ix_crops_report_id", "report_id"),
    Index("ix_crops_photo_id", "photo_id"),
    sqlite_autoincrement=True,
)

embeddings = Table(
    "embeddings",
    metadata,
    Column("id", Number, primary_key=True),
    Column("crop_id", Number, ForeignKey("crops.id", ondelete="CASCADE"), nullable=False),
    Column("model", Text, nullable=False),
    Column("vector", Floats, nullable=False),
    UniqueConstraint("crop_id", "model"),
    sqlite_autoincrement=True,
)

changes = Table(
    "changes",
    metadata,
    Column("seq", Number, primary_key=True),
    Column("shelf", Text, nullable=False),
    Column("embedding_id", Number, nullable=False),
    Column("removed", Boolean, nullable=False),
    sqlite_autoincrement=True,
)

cameras = Table(
    "cameras",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("lat", Float, nullable=False),
    Column("lon", Float, nullable=False),
    Column("district", Text),
    Column("created_at", Moment, nullable=False),
    Column("last_heartbeat_at", Moment),
    Column("counters", Json, nullable=False, server_default="{}"),
    Column("paused", Boolean, nullable=False, server_default="0"),
    Column("state", Text, nullable=False),
)

matches = Table(
    "matches",
    metadata,
    _report_id("lost_id", primary=True),
    _report_id("found_id", primary=True),
    Column("encounter_id", Text, nullable=False),
    Column("l2_distance", Float, nullable=False),
    Column("degree", Float, nullable=False),
    Column("part", Text, nullable=False),
    Column("lost_crop_id", Number, nullable=False),
    Column("found_crop_id", Number, nullable=False),
    Column("compared_pairs", Integer, nullable=False),
    Column("distance_km", Float),
    Column("days", Float, nullable=False),
    Column("reasons", Json, nullable=False),
    Column("model", Text, nullable=False),
    Column("calibration", Text, nullable=False),
    Column("computed_at", Moment, nullable=False),
    Column("verdict", Text),
    Column("verdict_at", Moment),
    Index("ix_matches_lost_id_degree", "lost_id", "degree"),
    Index("ix_matches_found_id", "found_id"),
    Index(
        "ix_matches_judged",
        "lost_id",
        sqlite_where=text("verdict IS NOT NULL"),
        postgresql_where=text("verdict IS NOT NULL"),
    ),
)

jobs = Table(
    "jobs",
    metadata,
    Column("id", Number, primary_key=True),
    _report_id(),
    Column("created_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("error", Text),
    Column("owner", BigInteger),
    UniqueConstraint("report_id"),
    Index("ix_jobs_due_at", "due_at"),
    sqlite_autoincrement=True,
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Number, primary_key=True),
    Column("key", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("account_id", Text, nullable=False),
    _report_id("lost_id"),
    _report_id("found_id"),
    Column("encounter_id", Text, nullable=False),
    Column("degree", Float, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("due_at", Moment),
    Column("attempts", Integer, nullable=False),
    Column("delivered_at", Moment),
    Column("error", Text),
    Column("handover_id", Text),
    Column("message_id", Number),
    UniqueConstraint("key"),
    Index("ix_outbox_due_at", "due_at", sqlite_where=DUE, postgresql_where=DUE),
    Index("ix_outbox_delivered_at", "delivered_at"),
    Index("ix_outbox_lost_id", "lost_id"),
    Index("ix_outbox_found_id", "found_id"),
    Index("ix_outbox_account_id", "account_id"),
    sqlite_autoincrement=True,
)

accounts = Table(
    "accounts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("messenger", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("utc_offset_min", Integer),
    Column("quiet", Boolean, nullable=False),
    Column("reachable", Boolean, nullable=False),
    Column("step", Text, nullable=False),
    Column("dialog", Json, nullable=False),
    UniqueConstraint("messenger", "address"),
)

devices = Table(
    "devices",
    metadata,
    Column("id", Number, primary_key=True),
    Column("account_id", Text, nullable=False),
    Column("endpoint", Text, nullable=False),
    Column("p256dh", Text, nullable=False),
    Column("auth", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("account_id", "endpoint"),
    sqlite_autoincrement=True,
)

inbox = Table(
    "inbox",
    metadata,
    Column("seq", Number, primary_key=True),
    Column("messenger", Text, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("address", Text, nullable=False),
    Column("body", Text),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("messenger", "number"),
    Index("ix_inbox_waiting", "seq", sqlite_where=WAITING, postgresql_where=WAITING),
    Index("ix_inbox_created_at", "created_at"),
    sqlite_autoincrement=True,
)

handovers = Table(
    "handovers",
    metadata,
    Column("id", Text, primary_key=True),
    _report_id("lost_id"),
    _report_id("found_id"),
    Column("created_at", Moment, nullable=False),
    Column("owner_agrees", Boolean),
    Column("finder_agrees", Boolean),
    Column("ended_at", Moment),
    UniqueConstraint("lost_id", "found_id"),
    Index("ix_handovers_found_id", "found_id"),
)

messages = Table(
    "messages",
    metadata,
    Column("id", Number, primary_key=True),
    Column("handover_id", Text, ForeignKey("handovers.id", ondelete="CASCADE"), nullable=False),
    Column("author", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("text", Text),
    Column("lat", Float),
    Column("lon", Float),
    Column("picture", LargeBinary),
    Index("ix_messages_handover_id", "handover_id"),
    sqlite_autoincrement=True,
)

keys = Table(
    "keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("secret_sha256", Text, nullable=False),
    Column("camera_id", Text, ForeignKey("cameras.id")),
    Column("created_at", Moment, nullable=False),
    Column("revoked_at", Moment),
    Index("ix_keys_camera_id", "camera_id"),
)

secrets = Table(
    "secrets",
    metadata,
    Column("id", Number, primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
)

answers = Table(
    "answers",
    metadata,
    Column("caller", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("body_sha256", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
    Index("ix_answers_created_at", "created_at"),
)

facts = Table(
    "facts",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Number, primary_key=True),
    Column("photo_id", Text, ForeignKey("photos.id", ondelete="CASCADE"), nullable=False),
    Column("viewer", Text, nullable=False),
    Column("size", Text, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Index("ix_audit_photo_id", "photo_id"),
    Index("ix_audit_seen_at", "seen_at"),
)
