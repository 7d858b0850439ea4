"""Counts the parts of a JPEG or PNG before Pillow opens it; never decodes.

Pillow takes each in turn in Python: millions of tiny ones cost ten seconds and 660 MB. Those of WebP and HEIC are taken
by C: 20 MB of them within 0.2 s and 15 MB.
"""

import struct

from homeward.errors import PhotoUnreadable

JPEG_START, PNG_START = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
MAX_PARTS = 1000  # of a JPEG before its picture, or of a PNG beside its picture; a phone's have some dozens
MAX_DATA_PARTS = 20_000  # of a PNG's picture: 20 MB in pieces of 1 kB
MAX_FILLING = 100_000  # bytes between a JPEG's segments, which Pillow reads one by one
SCAN, TABLES, PHOTOSHOP = 0xDA, 0xDB, 0xED
FRAMES = {*range(0xC0, 0xD0), 0xDE} - {0xC4, 0xC8, 0xCC}
BARE = {0x00, 0xFF, 0xC8, *range(0xD0, 0xDA), *range(0xF0, 0xFE)}  # nothing follows, or Pillow passes over them
WITHIN = {TABLES: 65, **dict.fromkeys(FRAMES, 3)}  # bytes of a table of a quantizer, of a colour of a frame
BLOCK = b"8BIM"
DATA, END = {b"IDAT", b"fdAT"}, b"IEND"


def check_parts(data: bytes) -> None:
    """Refuse a file of too many parts.

    Raises:
        PhotoUnreadable: it has more than any camera makes.
    """
    if data.startswith(JPEG_START):
        _check_jpeg(data)
    elif data.startswith(PNG_START):
        _check_png(data)


def too_many(what: str) -> PhotoUnreadable:
    """The refusal."""
    return PhotoUnreadable(
        f"The picture is made of too many {what}.", field="photo", hint="Save it anew and send that."
    )


def _check_jpeg(data: bytes) -> None:
    """Markers as Pillow takes them, up to the first scan."""
    position, parts, filling = 2, 0, 0
    while (at := data.find(b"\xff", position)) != -1 and at + 4 <= len(data):
        kind, start = data[at + 1], at + 4
        filling += at - position
        if kind == SCAN:
            return
        if kind in BARE:
            filling += 1
            position = at + 1 if kind == 0xFF else at + 2
        else:
            position = max(start, at + 2 + int.from_bytes(data[at + 2 : start]))
            parts += 1 + _within(data, kind, start, position)
        if parts > MAX_PARTS or filling > MAX_FILLING:
            raise too_many("parts")


def _within(data: bytes, kind: int, start: int, end: int) -> int:
    """Parts of a segment that Pillow takes one by one too."""
    if kind == PHOTOSHOP:
        return data.count(BLOCK, start, end)
    return (end - start) // WITHIN[kind] if kind in WITHIN else 0


def _check_png(data: bytes) -> None:
    position, parts, data_parts = len(PNG_START), 0, 0
    while position + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, position)
        if kind == END:
            return
        data_parts += kind in DATA
        parts += kind not in DATA
        if parts > MAX_PARTS or data_parts > MAX_DATA_PARTS:
            raise too_many("parts")
        position += 12 + length
