"""Colours: a picture in those of its own profile in, in those that screens and models expect (sRGB) out."""

import io
from functools import lru_cache

from PIL import Image, ImageCms

MOST_BYTES = 16_384  # a phone's profile has 600; far larger ones are printers'


def in_srgb(picture: Image.Image) -> Image.Image:
    """The picture; where it carries the profile of a camera or phone, with its colours as they are meant.

    Phones film a red cat in a wider space (Display P3), and taken for sRGB its numbers mean a paler one.
    """
    profile = picture.info.get("icc_profile")
    if picture.mode != "RGB" or not profile or not _is_plain(profile):
        return picture
    transform = _transform(profile)
    if transform is None:
        return picture
    return ImageCms.applyTransform(picture, transform) or picture


def _is_plain(profile: bytes) -> bool:
    """Whether it is a camera's, phone's or screen's, of three primaries and their curves: all else is not even read."""
    kind, of_what, over = profile[12:16], profile[16:20], profile[20:24]
    has_tables = any(table in profile for table in (b"A2B0", b"D2B0", b"B2A0"))
    is_of_a_screen = kind in {b"mntr", b"scnr"} and of_what == b"RGB " and over == b"XYZ "
    return len(profile) <= MOST_BYTES and is_of_a_screen and not has_tables


@lru_cache(maxsize=16)
def _transform(profile: bytes) -> ImageCms.ImageCmsTransform | None:
    """None where it is sRGB already, or makes no sense."""
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "sRGB" in ImageCms.getProfileDescription(own):
            return None
        # threads share it: without the memory of its last pixel
        flags = ImageCms.Flags.NOCACHE
        return ImageCms.buildTransform(own, ImageCms.createProfile("sRGB"), "RGB", "RGB", flags=flags)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
