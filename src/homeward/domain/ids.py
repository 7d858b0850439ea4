"""Names for the ids, so that one kind is never passed where another is meant."""

import secrets
from typing import NewType

AccountId = NewType("AccountId", str)
ReportId = NewType("ReportId", str)
PhotoId = NewType("PhotoId", str)
CropId = NewType("CropId", int)
EmbeddingId = NewType("EmbeddingId", int)
EncounterId = NewType("EncounterId", str)
CameraId = NewType("CameraId", str)
KeyId = NewType("KeyId", str)
JobId = NewType("JobId", int)
AlertId = NewType("AlertId", int)
HandoverId = NewType("HandoverId", str)
MessageId = NewType("MessageId", int)
ModelName = NewType("ModelName", str)
ContentHash = NewType("ContentHash", str)

_ALPHABET = b"0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u to misread
_LETTERS = _ALPHABET * 8  # for each value of a byte, every letter as often


def new_token(length: int = 20) -> str:
    """A random word of ``length`` characters, 5 bits each, from the system's secure source."""
    return secrets.token_bytes(length).translate(_LETTERS).decode()
