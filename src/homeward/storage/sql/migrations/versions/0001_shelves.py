"""Reports, photos, crops, vectors, matches, queues, cameras and keys."""

import sqlalchemy as sa
from alembic import op

from homeward.storage.sql.types import Floats, Json, Moment, Number

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "cameras",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("lat", sa.Float(), nullable=False),
        sa.Column("lon", sa.Float(), nullable=False),
        sa.Column("district", sa.Text(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("last_heartbeat_at", Moment(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cameras")),
    )
    op.create_table(
        "changes",
        sa.Column("seq", Number, nullable=False),
        sa.Column("shelf", sa.Text(), nullable=False),
        sa.Column("embedding_id", Number, nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_changes")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "secrets",
        sa.Column("id", Number, nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_secrets")),
    )
    op.create_table(
        "encounters",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("camera_id", sa.Text(), nullable=False),
        sa.Column("species", sa.Text(), nullable=False),
        sa.Column("first_at", Moment(), nullable=False),
        sa.Column("last_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["camera_id"], ["cameras.id"], name=op.f("fk_encounters_camera_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_encounters")),
    )
    op.create_index("ix_encounters_camera_id_last_at", "encounters", ["camera_id", "last_at"], unique=False)
    op.create_table(
        "keys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("secret_sha256", sa.Text(), nullable=False),
        sa.Column("camera_id", sa.Text(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("revoked_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["camera_id"], ["cameras.id"], name=op.f("fk_keys_camera_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_keys")),
    )
    op.create_table(
        "reports",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("shelf", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Text(), nullable=False),
        sa.Column("species", sa.Text(), nullable=False),
        sa.Column("species_confidence", sa.Float(), nullable=False),
        sa.Column("happened_at", Moment(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("encounter_id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("district", sa.Text(), nullable=True),
        sa.Column("home_lat", sa.Float(), nullable=True),
        sa.Column("home_lon", sa.Float(), nullable=True),
        sa.Column("held", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("contact", sa.Text(), nullable=True),
        sa.Column("about", sa.Text(), nullable=True),
        sa.Column("camera_id", sa.Text(), nullable=True),
        sa.Column("track_id", sa.Text(), nullable=True),
        sa.Column("clock_corrected", sa.Boolean(), nullable=False),
        sa.Column("last_seen_at", Moment(), nullable=True),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.Column("consent_version", sa.Text(), nullable=False),
        sa.Column("token_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["camera_id"], ["cameras.id"], name=op.f("fk_reports_camera_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reports")),
    )
    op.create_index("ix_reports_account_id", "reports", ["account_id"], unique=False)
    op.create_index("ix_reports_camera_id_happened_at", "reports", ["camera_id", "happened_at"], unique=False)
    op.create_index("ix_reports_created_at_id", "reports", ["created_at", "id"], unique=False)
    op.create_index("ix_reports_encounter_id", "reports", ["encounter_id"], unique=False)
    op.create_index("ix_reports_shelf_species_lat", "reports", ["shelf", "species", "lat"], unique=False)
    op.create_table(
        "jobs",
        sa.Column("id", Number, nullable=False),
        sa.Column("report_id", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("due_at", Moment(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_jobs_report_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("report_id", name=op.f("uq_jobs_report_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_jobs_due_at", "jobs", ["due_at"], unique=False)
    op.create_table(
        "matches",
        sa.Column("lost_id", sa.Text(), nullable=False),
        sa.Column("found_id", sa.Text(), nullable=False),
        sa.Column("encounter_id", sa.Text(), nullable=False),
        sa.Column("l2_distance", sa.Float(), nullable=False),
        sa.Column("degree", sa.Float(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("lost_crop_id", Number, nullable=False),
        sa.Column("found_crop_id", Number, nullable=False),
        sa.Column("compared_pairs", sa.Integer(), nullable=False),
        sa.Column("distance_km", sa.Float(), nullable=True),
        sa.Column("days", sa.Float(), nullable=False),
        sa.Column("reasons", Json(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("calibration", sa.Text(), nullable=False),
        sa.Column("computed_at", Moment(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.Column("verdict_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["found_id"], ["reports.id"], name=op.f("fk_matches_found_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["lost_id"], ["reports.id"], name=op.f("fk_matches_lost_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("lost_id", "found_id", name=op.f("pk_matches")),
    )
    op.create_index("ix_matches_found_id", "matches", ["found_id"], unique=False)
    op.create_index("ix_matches_lost_id_degree", "matches", ["lost_id", "degree"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", Number, nullable=False),
        sa.Column("lost_id", sa.Text(), nullable=False),
        sa.Column("found_id", sa.Text(), nullable=False),
        sa.Column("encounter_id", sa.Text(), nullable=False),
        sa.Column("degree", sa.Float(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("due_at", Moment(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("delivered_at", Moment(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["found_id"], ["reports.id"], name=op.f("fk_outbox_found_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["lost_id"], ["reports.id"], name=op.f("fk_outbox_lost_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("lost_id", "encounter_id", name=op.f("uq_outbox_lost_id_encounter_id")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_due_at", "outbox", ["due_at"], unique=False)
    op.create_table(
        "photos",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("report_id", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("people", Json(), nullable=False),
        sa.Column("chosen", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_photos_report_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_photos")),
    )
    op.create_index("ix_photos_content_hash", "photos", ["content_hash"], unique=False)
    op.create_index("ix_photos_report_id", "photos", ["report_id"], unique=False)
    op.create_table(
        "crops",
        sa.Column("id", Number, nullable=False),
        sa.Column("photo_id", sa.Text(), nullable=False),
        sa.Column("report_id", sa.Text(), nullable=False),
        sa.Column("animal", sa.Integer(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("box", Json(), nullable=False),
        sa.Column("species", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(["photo_id"], ["photos.id"], name=op.f("fk_crops_photo_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["report_id"], ["reports.id"], name=op.f("fk_crops_report_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_crops")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_crops_photo_id", "crops", ["photo_id"], unique=False)
    op.create_index("ix_crops_report_id", "crops", ["report_id"], unique=False)
    op.create_table(
        "embeddings",
        sa.Column("id", Number, nullable=False),
        sa.Column("crop_id", Number, nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("vector", Floats(), nullable=False),
        sa.ForeignKeyConstraint(["crop_id"], ["crops.id"], name=op.f("fk_embeddings_crop_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_embeddings")),
        sa.UniqueConstraint("crop_id", "model", name=op.f("uq_embeddings_crop_id_model")),
        sqlite_autoincrement=True,
    )
