import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

from homeward.images.reader import PillowReader

RED_CAT = (200, 110, 50)
P3 = {b"rXYZ": (0.51512, 0.24120, -0.00105), b"gXYZ": (0.29198, 0.69225, 0.04189), b"bXYZ": (0.15710, 0.06657, 0.78407)}
READER = PillowReader(20_000_000, 50_000_000)


@pytest.fixture(scope="module")
def wide():
    """Display P3, as phones have it: sRGB with other primaries and another name."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    (count,) = struct.unpack(">I", data[128:132])
    for number in range(count):
        tag, at, _ = struct.unpack(">4sII", data[132 + 12 * number : 144 + 12 * number])
        if tag in P3:
            data[at + 8 : at + 20] = struct.pack(">3i", *(round(value * 65536) for value in P3[tag]))
    return bytes(data).replace("sRGB".encode("utf-16-be"), "wide".encode("utf-16-be"))


def saved(colour, profile, kind="PNG"):
    file = io.BytesIO()
    Image.new("RGB", (64, 64), colour).save(file, kind, icc_profile=profile)
    return file.getvalue()


def in_wide(colour, wide):
    own = ImageCms.ImageCmsProfile(io.BytesIO(wide))
    picture = ImageCms.profileToProfile(Image.new("RGB", (1, 1), colour), ImageCms.createProfile("sRGB"), own)
    return picture.getpixel((0, 0))


def middle(data):
    return READER.read(data).picture[32, 32].astype(int)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_phones_wide_colours_are_kept_as_they_are_meant(wide, kind):
    numbers = in_wide(RED_CAT, wide)
    assert np.abs(np.subtract(numbers, RED_CAT)).max() > 8

    assert np.abs(middle(saved(numbers, wide, kind)) - RED_CAT).max() <= 4


def test_a_profile_that_says_nothing_new_or_makes_no_sense_changes_nothing(wide):
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    broken = [b"", b"no profile", wide[:200], wide[:128] + b"\xff" * 300, wide + bytes(20_000), bytes(len(wide))]

    for profile in (srgb, *broken):
        assert np.abs(middle(saved(RED_CAT, profile)) - RED_CAT).max() <= 2
