"""Column types: moments as whole microseconds, boxes and reasons as JSON text, vectors as 32-bit floats."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import BigInteger, Dialect, Integer, LargeBinary, Text
from sqlalchemy.types import TypeDecorator, TypeEngine, UserDefinedType

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
FLOAT = np.dtype("<f4")

Number = BigInteger().with_variant(Integer(), "sqlite")
"""A number that is issued; SQLite issues numbers of 64 bits under the name INTEGER only."""


def to_us(moment: datetime) -> int:
    """Whole microseconds since 1970, UTC; exact, unlike a float of seconds."""
    return (moment - EPOCH) // MICROSECOND


def from_us(value: int) -> datetime:
    """The moment, aware, in UTC."""
    return EPOCH + value * MICROSECOND


class Moment(TypeDecorator[datetime]):
    """An aware moment, stored as microseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        """To the database."""
        return None if value is None else to_us(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """From the database."""
        return None if value is None else from_us(int(value))


class Json(TypeDecorator[Any]):
    """A small JSON value as text, so that every database keeps it alike."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """To the database."""
        return None if value is None else json.dumps(value, separators=(",", ":"))

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Any:  # noqa: ARG002
        """From the database."""
        return None if value is None else json.loads(value)


class PgVector(UserDefinedType[str]):
    """pgvector's `vector`, in its text form; of any length."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The name of the type."""
        return "vector"


class Floats(TypeDecorator[bytes]):
    """A vector as bytes of little-endian 32-bit floats; on PostgreSQL it lies in a `vector`, which counts with it."""

    impl = LargeBinary
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The type of the database."""
        return dialect.type_descriptor(PgVector() if dialect.name == "postgresql" else LargeBinary())

    def process_bind_param(self, value: bytes | None, dialect: Dialect) -> Any:
        """To the database."""
        return vector_text(value) if value is not None and dialect.name == "postgresql" else value

    def process_result_value(self, value: Any | None, dialect: Dialect) -> bytes | None:
        """From the database."""
        return text_vector(value) if value is not None and dialect.name == "postgresql" else value


def vector_text(floats: bytes) -> str:
    """As pgvector reads it; each number comes back as it was."""
    return "[" + ",".join(map(repr, np.frombuffer(floats, FLOAT).tolist())) + "]"


def text_vector(shown: str) -> bytes:
    """As pgvector shows it."""
    return np.fromstring(shown[1:-1], FLOAT, sep=",").tobytes()
