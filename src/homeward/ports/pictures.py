"""Pictures, as ports: read an upload, draw from it, keep it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from homeward.domain.animals import Picture
from homeward.domain.boxes import Box
from homeward.domain.ids import ContentHash


@dataclass(frozen=True, slots=True)
class SafePhoto:
    """An upload made harmless: upright pixels, re-encoded JPEG bytes without EXIF, its SHA-256."""

    picture: Picture
    jpeg: bytes
    content_hash: ContentHash


class ImageReader(Protocol):
    """Untrusted bytes in, a safe picture out."""

    def read(self, data: bytes) -> SafePhoto:
        """Check, decode, turn upright, shrink, re-encode.

        Raises:
            PhotoTooLarge: too many bytes or pixels (told before decoding).
            PhotoKindUnsupported: not one of the allowed kinds.
            PhotoUnreadable: broken.
        """
        ...


@dataclass(frozen=True, slots=True)
class View:
    """A part of a kept JPEG: ``crop`` of it (else the whole), with the ``blurred`` boxes made unrecognisable."""

    jpeg: bytes
    crop: Box | None = None
    blurred: tuple[Box, ...] = ()


class ImageRenderer(Protocol):
    """A kept JPEG in, the pixels or a smaller JPEG out."""

    def pixels(self, jpeg: bytes) -> Picture:
        """Decode a JPEG that a reader made.

        Raises:
            PhotoUnreadable: it was damaged since.
        """
        ...

    def render(self, jpeg: bytes, *, max_side_px: int, crop: Box | None = None, blurred: Sequence[Box] = ()) -> bytes:
        """A JPEG of ``crop`` (else the whole) with the ``blurred`` boxes made unrecognisable, then shrunk."""
        ...

    def beside(self, left: View, right: View, *, height_px: int) -> bytes:
        """A JPEG of two views side by side, both ``height_px`` high and at most as wide."""
        ...


class PhotoStorage(Protocol):
    """Picture files by content hash. Every call may raise `PhotoStoreUnavailable` where they lie elsewhere."""

    def put(self, content_hash: ContentHash, jpeg: bytes) -> None:
        """Write and sync; when it returns, the file outlives a power cut. Twice is harmless, and makes it young again.

        Raises:
            StorageFull: the disk took no more; nothing is left behind.
        """
        ...

    def has(self, content_hash: ContentHash) -> bool:
        """Whether it is there."""
        ...

    def get(self, content_hash: ContentHash) -> bytes:
        """The bytes.

        Raises:
            NotFound: no such file.
        """
        ...

    def remove(self, content_hash: ContentHash) -> None:
        """Delete; absent is fine."""
        ...

    def hashes(self) -> Iterator[tuple[ContentHash, datetime]]:
        """All files and when each was last written, in no order."""
        ...

    def link(self, content_hash: ContentHash, valid_s: int) -> str | None:
        """An address that gives the bytes to whoever has it, for ``valid_s`` seconds; None where there is none."""
        ...
