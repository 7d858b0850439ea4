"""Counts the scans of a JPEG from its markers; never decodes. Each scan costs a decoder a pass over all pixels."""

import re

from homeward.images.parts import MAX_PARTS, too_many

MARKER = re.compile(rb"\xff[\xc0-\xcf\xd8-\xfe]")  # neither a stuffed FF00 nor a restart marker
SCAN, END = 0xDA, 0xD9
WITHOUT_LENGTH = (0xD8, END)


def count_scans(jpeg: bytes) -> int:
    """Scans of the first picture in ``jpeg``; what follows its end (a phone's video, a second picture) is not read.

    Raises:
        PhotoUnreadable: there are a thousand other segments too.
    """
    scans, segments, position = 0, 0, 0
    while (marker := MARKER.search(jpeg, position)) is not None:
        kind = marker[0][1]
        if kind == END:
            break
        scans += kind == SCAN
        segments += 1
        if segments > 2 * MAX_PARTS:  # those before the picture, and as many within it
            raise too_many("segments")
        length = 0 if kind in WITHOUT_LENGTH else int.from_bytes(jpeg[marker.end() : marker.end() + 2])
        position = marker.end() + length
    return scans
