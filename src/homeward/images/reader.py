"""Uploads: untrusted bytes in, an upright, sized, re-encoded picture without metadata out. Limits before decoding."""

import hashlib
import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from homeward.domain.ids import ContentHash
from homeward.errors import PhotoKindUnsupported, PhotoTooLarge, PhotoUnreadable
from homeward.images.boxes import AVIF_BRANDS, HEIC_BRANDS, brands, check_lists
from homeward.images.colours import in_srgb
from homeward.images.parts import check_parts
from homeward.images.scans import count_scans
from homeward.ports import SafePhoto

KINDS = ("JPEG", "PNG", "WEBP")  # a phone's multi-picture MPO opens as JPEG
JPEGS = ("JPEG", "MPO")
MIN_SIDE_PX = 16
MAX_SIDE_PX = 20_000
MAX_WHOLE_PIXELS = 25_000_000  # of kinds that cannot shrink while they are decoded; a phone's HEIC has 24.5 million
MAX_HEAVY_PIXELS = 12_600_000  # of kinds whose decoders keep the picture several times; a phone's have 4080 x 3072
HEAVY = ("WEBP", "AVIF")
MAX_SCANS = 64  # a progressive JPEG has about ten; thousands of tiny ones decode for minutes
MAX_SCANNED_PIXELS = 400_000_000  # scans times pixels: about a second
QUALITY = 90
NEARLY = 15 / 16  # of the side that is kept: a phone's 4032 pixels are decoded as 2016, in a quarter of the time
DECODERS = threading.BoundedSemaphore(2)  # big pictures at once in one process


class PillowReader:
    """`homeward.ports.ImageReader` with Pillow."""

    def __init__(self, max_bytes: int, max_pixels: int, max_side_px: int = 2048) -> None:
        """Limits of the file, of the picture, and of what is kept."""
        self._max_bytes = max_bytes
        self._max_pixels = max_pixels
        self._max_side_px = max_side_px

    def read(self, data: bytes) -> SafePhoto:
        """Check, decode, turn upright, shrink, re-encode."""
        self._check_size(data)
        check_parts(data)
        with DECODERS, _refused():
            picture = Image.fromarray(np.asarray(self._decoded(data)))  # pixels only: no EXIF, no comment
            file = io.BytesIO()
            picture.save(file, "JPEG", quality=QUALITY, subsampling="4:2:0")
        jpeg = file.getvalue()
        return SafePhoto(np.asarray(picture), jpeg, ContentHash(hashlib.sha256(jpeg).hexdigest()))

    def _check_size(self, data: bytes) -> None:
        if not data:
            raise PhotoUnreadable("The photo is empty.", field="photo", hint="Choose another file.")
        if len(data) > self._max_bytes:
            most = self._max_bytes / 1e6
            raise PhotoTooLarge(
                f"The photo has {len(data) / 1e6:.1f} MB; {most:g} MB is the most.",
                field="photo",
                hint="Send a smaller copy.",
                most_mb=most,
            )

    def _decoded(self, data: bytes) -> Image.Image:
        with Image.open(io.BytesIO(data), formats=_formats(data)) as picture:
            self._check_pixels(picture, data)
            if picture.format in JPEGS:
                picture.draft("RGB", self._least(picture.size))  # decodes at a half, quarter or eighth
            picture.load()
            picture.thumbnail((self._max_side_px, self._max_side_px), Image.Resampling.BILINEAR, reducing_gap=2.0)
            return _rgb(in_srgb(ImageOps.exif_transpose(picture)))  # when small: each makes a copy

    def _least(self, size: tuple[int, int]) -> tuple[int, int]:
        """The smallest size that a JPEG of ``size`` may be decoded at."""
        share = NEARLY * self._max_side_px / max(size)
        return max(1, int(size[0] * share)), max(1, int(size[1] * share))

    def _check_pixels(self, picture: Image.Image, data: bytes) -> None:
        width, height = picture.size
        scans = count_scans(data) if picture.format in JPEGS else 1
        most = self._most_pixels(picture, scans)
        if width * height > most or max(width, height) > MAX_SIDE_PX:
            raise PhotoTooLarge(
                f"The picture has {width} x {height} pixels; {most / 1e6:g} megapixels and {MAX_SIDE_PX} a side "
                f"are the most for {'progressive ' if scans > 1 else ''}{picture.format}.",
                field="photo",
                hint="Send a smaller copy.",
                most_megapixels=most / 1e6,
            )
        if scans > MAX_SCANS or scans * width * height > MAX_SCANNED_PIXELS:
            raise PhotoUnreadable(
                f"The JPEG is made of {scans} scans, too many.", field="photo", hint="Save it anew and send that."
            )
        if min(width, height) < MIN_SIDE_PX:
            raise PhotoUnreadable(
                f"The picture has only {width} x {height} pixels.", field="photo", hint="Send a larger one."
            )

    def _most_pixels(self, picture: Image.Image, scans: int) -> int:
        """A JPEG of one scan shrinks while it is decoded; of several, all coefficients are held at full size."""
        if picture.format in JPEGS and scans <= 1:
            return self._max_pixels
        return min(self._max_pixels, MAX_HEAVY_PIXELS if picture.format in HEAVY else MAX_WHOLE_PIXELS)


@contextmanager
def _refused() -> Iterator[None]:
    """A decoder's troubles in our words. Decoders raise nearly anything on broken files."""
    try:
        yield
    except (PhotoTooLarge, PhotoUnreadable, PhotoKindUnsupported):
        raise
    except UnidentifiedImageError:
        raise PhotoKindUnsupported(
            "The file is not a JPEG, PNG, WebP, AVIF or HEIC picture.", field="photo", hint="Send a photo."
        ) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PhotoTooLarge("The picture has too many pixels.", field="photo", hint="Send a smaller copy.") from None
    except Exception as error:
        raise PhotoUnreadable(
            "The picture is broken or cut off.", field="photo", hint="Send the file again, or another photo."
        ) from error


def _formats(data: bytes) -> tuple[str, ...]:
    """What the file may be; AVIF only with lists of usual length, HEIC only where the extra can read it."""
    own = brands(data)
    if own & AVIF_BRANDS:
        check_lists(data)
        return ("AVIF",)
    if own & HEIC_BRANDS:
        try:
            from pillow_heif import register_heif_opener
        except ImportError:
            raise PhotoKindUnsupported(
                "HEIC pictures cannot be read here.",
                field="photo",
                hint="Send a JPEG; the operator can install homeward[heic].",
            ) from None
        register_heif_opener(thumbnails=False)
        return ("HEIF",)
    return KINDS


def _rgb(picture: Image.Image) -> Image.Image:
    """Eight-bit RGB; what was transparent becomes white."""
    if picture.mode in {"I", "F"} or picture.mode.startswith("I;16"):
        pixels = np.asarray(picture, np.float32)
        return Image.fromarray((pixels / max(float(pixels.max()), 1.0) * 255).astype(np.uint8)).convert("RGB")
    if picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info:
        layer = picture.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(white, layer).convert("RGB")
    return picture.convert("RGB")
