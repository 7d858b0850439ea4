"""Rows about callers: API keys, signing secrets, answers by idempotency key, looks at photos."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from homeward.domain.ids import CameraId, KeyId, PhotoId, ReportId
from homeward.ports import Answer, ApiKey
from homeward.storage.sql import rows
from homeward.storage.sql.dialect import insert
from homeward.storage.sql.tables import answers, audit, keys, photos, secrets


@dataclass(frozen=True, slots=True)
class SqlKeys:
    """`homeward.ports.Keys` on one connection."""

    connection: Connection

    def add(self, key: ApiKey) -> None:
        """Insert."""
        self.connection.execute(
            insert(self.connection, keys).values(
                id=key.id,
                name=key.name,
                scope=key.scope,
                secret_sha256=key.secret_sha256,
                camera_id=key.camera_id,
                created_at=key.created_at,
                revoked_at=key.revoked_at,
            )
        )

    def get(self, key_id: KeyId) -> ApiKey | None:
        """The key, or None."""
        row = self.connection.execute(select(keys).where(keys.c.id == key_id)).mappings().first()
        return _key(row) if row else None

    def all(self) -> list[ApiKey]:
        """All, newest first."""
        found = self.connection.execute(select(keys).order_by(keys.c.created_at.desc(), keys.c.id)).mappings()
        return [_key(row) for row in found]

    def revoke(self, key_id: KeyId, when: datetime) -> None:
        """From now on it opens nothing."""
        self.connection.execute(update(keys).where(keys.c.id == key_id).values(revoked_at=when))

    def secrets(self, purpose: str) -> list[str]:
        """Signing secrets of ``purpose``, newest first."""
        statement = select(secrets.c.value).where(secrets.c.purpose == purpose).order_by(secrets.c.id.desc())
        return list(self.connection.execute(statement).scalars())

    def add_secret(self, purpose: str, value: str, when: datetime) -> None:
        """Add a newer one."""
        self.connection.execute(insert(self.connection, secrets).values(purpose=purpose, value=value, created_at=when))


@dataclass(frozen=True, slots=True)
class SqlAnswers:
    """`homeward.ports.Answers` on one connection."""

    connection: Connection

    def get(self, caller: str, key: str) -> Answer | None:
        """The answer given before, or None."""
        statement = select(answers).where(answers.c.caller == caller, answers.c.key == key)
        row = self.connection.execute(statement).mappings().first()
        return Answer(row["body_sha256"], row["status"], row["body"]) if row else None

    def add(self, caller: str, key: str, answer: Answer, when: datetime) -> bool:
        """Store; False where the key is taken."""
        statement = insert(self.connection, answers).values(
            caller=caller,
            key=key,
            body_sha256=answer.body_sha256,
            status=answer.status,
            body=answer.body,
            created_at=when,
        )
        added = statement.on_conflict_do_nothing().returning(answers.c.key)
        return self.connection.execute(added).first() is not None

    def forget_before(self, when: datetime) -> None:
        """Delete old ones."""
        self.connection.execute(delete(answers).where(answers.c.created_at < when))


@dataclass(frozen=True, slots=True)
class SqlAudit:
    """`homeward.ports.Audit` on one connection."""

    connection: Connection

    def add(self, photo_id: PhotoId, viewer: str, size: str, when: datetime) -> None:
        """Note a look."""
        self.connection.execute(
            insert(self.connection, audit).values(photo_id=photo_id, viewer=viewer, size=size, seen_at=when)
        )

    def of_report(self, report_id: ReportId) -> list[tuple[PhotoId, str, str, datetime]]:
        """Looks at a report's photos, oldest first."""
        statement = (
            select(audit.c.photo_id, audit.c.viewer, audit.c.size, audit.c.seen_at)
            .join(photos, photos.c.id == audit.c.photo_id)
            .where(photos.c.report_id == report_id)
            .order_by(audit.c.id)
        )
        return [(PhotoId(photo), viewer, size, at) for photo, viewer, size, at in self.connection.execute(statement)]

    def forget_before(self, when: datetime) -> None:
        """Delete old notes."""
        self.connection.execute(delete(audit).where(audit.c.seen_at < when))


def _key(row: rows.Row) -> ApiKey:
    return ApiKey(
        id=KeyId(row["id"]),
        name=row["name"],
        scope=row["scope"],
        secret_sha256=row["secret_sha256"],
        camera_id=CameraId(row["camera_id"]) if row["camera_id"] else None,
        created_at=row["created_at"],
        revoked_at=row["revoked_at"],
    )
