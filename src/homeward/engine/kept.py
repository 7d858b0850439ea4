"""Kept: a stored photo in, its pixels out. One that is gone or damaged is said and stops nothing."""

import structlog

from homeward.domain.animals import Picture
from homeward.domain.reports import Photo
from homeward.engine.wiring import Ports
from homeward.errors import NotFound, PhotoUnreadable

log = structlog.get_logger(__name__)


def kept_pixels(ports: Ports, photo: Photo) -> Picture | None:
    """The pixels of ``photo``; None where its file is missing or cannot be decoded.

    Raises:
        PhotoStoreUnavailable: the store does not answer now.
    """
    try:
        return ports.renderer.pixels(ports.photos.get(photo.content_hash))
    except (NotFound, PhotoUnreadable) as error:
        log.warning("a photo is passed over", content_hash=photo.content_hash, problem=error.message)
        return None
