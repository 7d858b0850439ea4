import hashlib
import io
import os
import resource
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from homeward.domain.boxes import Box
from homeward.errors import HomewardError, PhotoKindUnsupported, PhotoTooLarge, PhotoUnreadable
from homeward.images.reader import PillowReader
from homeward.images.renderer import PillowRenderer
from homeward.images.scans import count_scans
from homeward.ports import View
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


@pytest.mark.parametrize("harm", [lambda kept: kept[:500], lambda kept: b"\0" * len(kept)], ids=["cut", "zeros"])
@pytest.mark.parametrize(
    "look",
    [
        lambda kept: PillowRenderer().pixels(kept),
        lambda kept: PillowRenderer().render(kept, max_side_px=100),
        lambda kept: PillowRenderer().beside(View(kept), View(kept), height_px=100),
    ],
    ids=["pixels", "render", "beside"],
)
def test_a_kept_picture_that_was_damaged_is_said(harm, look):
    kept = jpeg(picture(1))
    look(kept)

    with pytest.raises(PhotoUnreadable, match="damaged"):
        look(harm(kept))


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


def test_scans_that_each_pass_over_a_huge_picture_are_refused():
    flat = jpeg(Image.new("RGB", (5800, 4300)), progressive=True)
    last = flat.rindex(b"\xff\xda")

    with pytest.raises(PhotoUnreadable, match="scans"):
        READER.read(flat[:-2] + flat[last:-2] * 30 + flat[-2:])


def test_the_video_behind_a_motion_photo_is_not_taken_for_scans():
    video = np.random.default_rng(1).bytes(200_000) + b"\xff\xda\x00\x02" * 100

    assert READER.read(KINDS["jpeg"] + video).picture.shape == (240, 240, 3)


@pytest.mark.parametrize(("kind", "scans"), [("jpeg", 1), ("grey", 1), ("progressive", 10)])
def test_scans_are_counted(kind, scans):
    assert count_scans(KINDS[kind]) == scans


def test_scans_within_a_thumbnail_or_behind_a_restart_marker_are_counted_once():
    exif = b"Exif\0\0" + KINDS["progressive"]

    assert count_scans(jpeg(picture(1), exif=exif, restart_marker_blocks=1)) == 1


@pytest.mark.parametrize(
    ("size", "kind", "how"),
    [((7000, 4000), "JPEG", {"progressive": True}), ((4400, 3000), "WEBP", {"method": 0}), ((6000, 4200), "PNG", {})],
)
def test_kinds_that_cannot_shrink_while_decoded_have_a_lower_limit_and_say_so(size, kind, how):
    with pytest.raises(PhotoTooLarge, match=kind) as refused:
        READER.read(saved(Image.new("RGB", size), kind, **how))

    assert refused.value.field == "photo"
    assert refused.value.hint


def test_the_full_size_photo_of_a_phone_is_taken_as_heic():
    pillow_heif = pytest.importorskip("pillow_heif", reason="wants the extra heic")
    file = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (5712, 4284))).save(file, quality=10)

    assert READER.read(file.getvalue()).picture.shape == (1536, 2048, 3)


def test_heic_without_the_extra_is_refused_with_its_name(monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)

    with pytest.raises(PhotoKindUnsupported) as refused:
        READER.read(b"\0\0\0\x18ftypheic" + bytes(40))

    assert "homeward[heic]" in refused.value.hint


@pytest.mark.parametrize("data", [b"hello", b"GIF89a" + bytes(40), b"<svg/>", b"%PDF-1.7", bytes(100)])
def test_other_kinds_of_files_are_refused(data):
    with pytest.raises(PhotoKindUnsupported) as refused:
        READER.read(data)

    assert refused.value.field == "photo"


@pytest.mark.parametrize("size", [(15, 200), (20_001, 16)])
def test_a_picture_too_thin_or_too_long_is_refused(size):
    with pytest.raises((PhotoUnreadable, PhotoTooLarge)):
        READER.read(saved(Image.new("RGB", size), "PNG"))


def test_what_was_transparent_becomes_white():
    clear = Image.new("RGBA", (40, 40), (255, 0, 0, 0))

    assert READER.read(saved(clear, "PNG")).picture.min() > 250


def test_a_phones_several_pictures_in_one_file_give_the_first():
    file = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(file, "MPO", save_all=True, append_images=[Image.new("RGB", (64, 48))])

    assert READER.read(file.getvalue()).picture[20, 20, 0] > 200


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


LARGEST = {
    "png": ("RGB", 25, "PNG", {"compress_level": 3}),
    "png of colours and alpha": ("RGBA", 25, "PNG", {"compress_level": 3}),
    "turned png": ("RGB", 25, "PNG", {"compress_level": 3, "exif": b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0"}),
    "webp": ("RGBA", 12, "WEBP", {"quality": 5, "method": 0}),
    "jpeg": ("RGB", 50, "JPEG", {}),
    "progressive jpeg": ("RGB", 25, "JPEG", {"progressive": True, "subsampling": "4:4:4"}),
}  # fmt: skip


@pytest.mark.parametrize("kind", LARGEST)
def test_the_largest_picture_that_is_taken_stays_within_256_megabytes_and_two_seconds(kind, tmp_path):
    mode, megapixels, pillow_kind, how = LARGEST[kind]
    width = int((megapixels * 1e6 * 4 / 3) ** 0.5)
    grey = Image.linear_gradient("L").resize((width, width * 3 // 4))
    big = grey.convert(mode)
    if mode == "RGBA":
        big.putalpha(grey)
    path = tmp_path / "largest"
    big.save(path, pillow_kind, **how)
    script = f"""
import time
from pathlib import Path
from PIL import Image
from homeward.images.reader import PillowReader
Image.init()
data = Path({str(path)!r}).read_bytes()
reader = PillowReader(20_000_000, 50_000_000)
before = int(open("/proc/self/statm").read().split()[1]) * 4
open("/proc/self/clear_refs", "w").write("5")
started = time.process_time()
assert max(reader.read(data).picture.shape) == 2048
took = time.process_time() - started
peak = [int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")][0]
print(peak - before, took)
"""
    if not os.access("/proc/self/clear_refs", os.W_OK):
        pytest.skip("this system does not tell a process's peak memory")
    answer = subprocess.run([sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, check=True)
    grown_kb, took_s = answer.stdout.split()

    assert int(grown_kb) < 256_000
    assert float(took_s) < 2


def test_a_blurred_face_cannot_be_read_back():
    renderer, own = PillowRenderer(), READER.read(photo(1)).jpeg
    blurred = renderer.pixels(renderer.render(own, max_side_px=240, blurred=[Box(0, 0, 120, 120)]))
    clear = renderer.pixels(renderer.render(own, max_side_px=240))

    assert np.abs(blurred[10:110, 10:110].astype(int) - clear[10:110, 10:110]).mean() > 10
    assert np.abs(blurred[140:, 140:].astype(int) - clear[140:, 140:]).mean() < 5


def test_a_crop_is_cut_and_shrunk():
    renderer, own = PillowRenderer(), READER.read(photo(1)).jpeg

    assert renderer.pixels(renderer.render(own, max_side_px=50, crop=Box(0, 0, 100, 200))).shape == (50, 25, 3)
