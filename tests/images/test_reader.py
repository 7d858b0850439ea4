import hashlib
import io
import resource
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from homeward.domain.boxes import Box
from homeward.errors import HomewardError, PhotoTooLarge, PhotoUnreadable
from homeward.images.reader import PillowReader
from homeward.images.renderer import PillowRenderer
from tests.conftest import jpeg, photo, picture

READER = PillowReader(20_000_000, 50_000_000)


def saved(image, kind, **how):
    file = io.BytesIO()
    image.save(file, kind, **how)
    return file.getvalue()


KINDS = {
    "jpeg": jpeg(picture(1)),
    "progressive": jpeg(picture(1), progressive=True),
    "cmyk": jpeg(picture(1).convert("CMYK")),
    "grey": jpeg(picture(1).convert("L")),
    "png": saved(picture(1), "PNG"),
    "palette": saved(picture(1).convert("P"), "PNG"),
    "alpha": saved(picture(1).convert("RGBA"), "PNG"),
    "grey alpha": saved(picture(1).convert("LA"), "PNG"),
    "16 bit": saved(Image.fromarray(np.arange(240 * 240, dtype=np.uint16).reshape(240, 240)), "PNG"),
    "webp": saved(picture(1), "WEBP"),
    "animated": saved(picture(1), "WEBP", save_all=True, append_images=[picture(2)]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_becomes_an_upright_rgb_jpeg_named_by_its_hash(kind):
    safe = READER.read(KINDS[kind])

    assert safe.picture.shape == (240, 240, 3)
    assert safe.picture.dtype == np.uint8
    assert safe.content_hash == hashlib.sha256(safe.jpeg).hexdigest()
    assert PillowRenderer().pixels(safe.jpeg).shape == (240, 240, 3)


def test_heic_from_a_phone_is_read():
    pillow_heif = pytest.importorskip("pillow_heif", reason="wants the extra heic")
    file = io.BytesIO()
    pillow_heif.from_pillow(picture(1)).save(file)

    assert READER.read(file.getvalue()).picture.shape == (240, 240, 3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photo_is_turned_upright(orientation):
    upright = Image.new("RGB", (200, 100), "red")
    upright.paste("blue", (0, 0, 100, 100))
    undo = {2: [0], 3: [3], 4: [1], 5: [5], 6: [2], 7: [6], 8: [4]}.get(orientation, [])
    stored = upright
    for step in undo:
        stored = stored.transpose(Image.Transpose(step))
    exif = Image.Exif()
    exif[0x0112] = orientation

    safe = READER.read(jpeg(stored, exif=exif, quality=95))

    assert safe.picture.shape == (100, 200, 3)
    assert safe.picture[50, 20, 2] > 200
    assert safe.picture[50, 180, 0] > 200


def test_nothing_of_exif_and_gps_is_left():
    exif = Image.Exif()
    exif[0x010F] = "Secret Camera"
    exif.get_ifd(0x8825)[2] = (57.0, 36.0, 0.0)

    safe = READER.read(jpeg(picture(1), exif=exif, comment=b"home address"))

    assert b"Secret" not in safe.jpeg
    assert b"home address" not in safe.jpeg
    assert not Image.open(io.BytesIO(safe.jpeg)).getexif()


def test_a_large_photo_is_shrunk():
    safe = READER.read(jpeg(picture(1, size=4200)))

    assert max(safe.picture.shape) == 2048


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.floats(0, 1), place=st.floats(0, 0.999), flip=st.integers(1, 255))
def test_a_broken_file_gives_a_picture_or_one_of_our_errors(kind, cut, place, flip):
    data = bytearray(KINDS[kind])
    data[int(place * len(data))] ^= flip
    try:
        READER.read(bytes(data[: max(1, int(cut * len(data)))]))
    except HomewardError as error:
        assert error.field == "photo"  # noqa: PT017 - not raising is fine too


def test_a_jpeg_of_thousands_of_scans_is_refused():
    data = KINDS["progressive"]
    many = data[:-2] + b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00\x00" * 200 + data[-2:]

    with pytest.raises(PhotoUnreadable):
        READER.read(many)


def test_too_many_bytes_are_refused_before_anything_is_looked_at():
    with pytest.raises(PhotoTooLarge):
        PillowReader(10, 10).read(b"x" * 11)


def test_a_picture_of_900_megapixels_is_refused_within_256_megabytes():
    script = """
import resource
from homeward.errors import PhotoTooLarge
from homeward.images.reader import PillowReader
from tests.doors.test_hostile import png_of
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
try:
    PillowReader(20_000_000, 50_000_000).read(png_of(30_000, 30_000))
except PhotoTooLarge:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert int(answer.stdout) < 256_000
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > 0


def test_the_largest_picture_that_is_taken_stays_within_256_megabytes():
    script = """
import io, resource
from PIL import Image
from homeward.images.reader import PillowReader
file = io.BytesIO()
Image.new("RGB", (5800, 4100), "teal").save(file, "PNG", compress_level=1)
data = file.getvalue()
del file
reader = PillowReader(20_000_000, 50_000_000)
before = int(open("/proc/self/statm").read().split()[1]) * 4
open("/proc/self/clear_refs", "w").write("5")
reader.read(data)
peak = [int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")][0]
print(peak - before)
"""
    answer = subprocess.run([sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, check=False)
    if answer.returncode:
        pytest.skip("this system does not tell a process's peak memory")

    assert int(answer.stdout) < 256_000


def test_a_blurred_face_cannot_be_read_back():
    renderer, own = PillowRenderer(), READER.read(photo(1)).jpeg
    blurred = renderer.pixels(renderer.render(own, max_side_px=240, blurred=[Box(0, 0, 120, 120)]))
    clear = renderer.pixels(renderer.render(own, max_side_px=240))

    assert np.abs(blurred[10:110, 10:110].astype(int) - clear[10:110, 10:110]).mean() > 10
    assert np.abs(blurred[140:, 140:].astype(int) - clear[140:, 140:]).mean() < 5


def test_a_crop_is_cut_and_shrunk():
    renderer, own = PillowRenderer(), READER.read(photo(1)).jpeg

    assert renderer.pixels(renderer.render(own, max_side_px=50, crop=Box(0, 0, 100, 200))).shape == (50, 25, 3)
