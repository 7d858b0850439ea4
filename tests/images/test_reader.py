import hashlib
import io
import os
import resource
import subprocess
import sys
import zlib

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
    "avif": saved(picture(1), "AVIF"),
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


@pytest.mark.parametrize(
    ("taken", "kept"),
    [
        ((4032, 3024), (2016, 1512)),
        ((3024, 4032), (1512, 2016)),
        ((8064, 6048), (2016, 1512)),
        ((3800, 100), (2048, 54)),
    ],
)
def test_a_phones_photo_is_decoded_at_the_half_or_quarter_that_is_nearly_what_is_kept(taken, kept):
    safe = READER.read(saved(Image.new("RGB", taken), "JPEG"))

    assert safe.picture.shape == (kept[1], kept[0], 3)


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp", "avif"])
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


def segment(kind, data=b""):
    return bytes([0xFF, kind]) + (len(data) + 2).to_bytes(2) + data


def png_chunk(kind, data=b""):
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)


def with_parts(kind, part, count):
    """The file with ``part`` many times behind its head."""
    data = KINDS[kind]
    head = 2 if kind == "jpeg" else 33
    return data[:head] + part * count + data[head:]


BLOCKS = segment(0xED, b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0\0\0\0\0" * 100)
TABLES = segment(0xDB, (b"\0" + b"\1" * 64) * 100)
TOO_MANY = {
    "application segments": ("jpeg", segment(0xE9), 1001),
    "comments": ("jpeg", segment(0xFE), 1001),
    "lengths of nothing": ("jpeg", b"\xff\xe9\0\0", 1001),
    "blocks": ("jpeg", BLOCKS, 11),
    "tables": ("jpeg", TABLES, 11),
    "colours": ("jpeg", segment(0xC0, bytes(6 + 3 * 1001)), 1),
    "zeros between": ("jpeg", segment(0xFE) + b"\0" * 200_000, 1),
    "padding": ("jpeg", b"\xff", 200_000),
    "ends that Pillow passes over": ("jpeg", b"\xff\xd9", 200_000),
    "segments behind a marker without length": ("jpeg", b"\xff\xf0" + segment(0xE9) * 1001, 1),
    "chunks": ("png", png_chunk(b"teXt"), 1001),
    "pieces": ("png", png_chunk(b"IDAT"), 20_001),
}


@pytest.mark.parametrize("case", TOO_MANY)
def test_a_file_of_countless_tiny_parts_is_refused_before_it_is_opened(case, monkeypatch):
    monkeypatch.setattr(Image, "open", None)

    with pytest.raises(PhotoUnreadable, match="too many parts") as refused:
        READER.read(with_parts(*TOO_MANY[case]))

    assert refused.value.field == "photo"
    assert refused.value.hint


def box(kind, data=b""):
    return (8 + len(data)).to_bytes(4) + kind + data


@pytest.mark.parametrize(
    "part",
    [
        box(b"meta", bytes(100_001)),
        box(b"meta", bytes(50_001)) * 2,
        b"\0\0\0\1moov" + (100_016).to_bytes(8) + bytes(100_000),
        box(b"free") * 1000,
        b"\0\0\0\0meta" + bytes(100_000),
    ],
    ids=["list", "lists", "long list", "boxes", "list without an end"],
)
def test_an_avif_that_lists_more_than_a_picture_has_is_refused_before_it_is_opened(part, monkeypatch):
    head = KINDS["avif"][: int.from_bytes(KINDS["avif"][:4])]
    monkeypatch.setattr(Image, "open", None)

    with pytest.raises(PhotoUnreadable, match="too many parts"):
        READER.read(head + part)


def test_countless_segments_within_a_picture_are_refused():
    with pytest.raises(PhotoUnreadable, match="too many segments"):
        READER.read(KINDS["jpeg"][:-2] + segment(0xFE) * 2001 + KINDS["jpeg"][-2:])


@pytest.mark.parametrize(
    ("kind", "part", "count"),
    [
        ("jpeg", segment(0xE2, b"ICC"), 300),
        ("jpeg", segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + b"x" * 60_000), 100),
        ("jpeg", BLOCKS, 5),
        ("jpeg", b"\xff" * 3, 1000),
        ("png", png_chunk(b"teXt", b"a" * 100), 500),
    ],
)
def test_a_file_with_many_parts_of_what_cameras_and_editors_write_is_taken(kind, part, count):
    assert READER.read(with_parts(kind, part, count)).picture.shape == (240, 240, 3)


def test_a_png_in_pieces_of_a_kilobyte_is_taken():
    file = io.BytesIO()
    picture(1).save(file, "PNG", compress_level=0)
    whole = file.getvalue()
    start = whole.index(b"IDAT") - 4
    inner = zlib.compress(b"".join(b"\0" + row.tobytes() for row in np.asarray(picture(1))), 0)
    pieces = b"".join(png_chunk(b"IDAT", inner[at : at + 64]) for at in range(0, len(inner), 64))

    assert READER.read(whole[:start] + pieces + png_chunk(b"IEND")).picture.shape == (240, 240, 3)


def test_scans_within_a_thumbnail_or_behind_a_restart_marker_are_counted_once():
    exif = b"Exif\0\0" + KINDS["progressive"]

    assert count_scans(jpeg(picture(1), exif=exif, restart_marker_blocks=1)) == 1


@pytest.mark.parametrize(
    ("size", "kind", "how"),
    [
        ((7000, 4000), "JPEG", {"progressive": True}),
        ((4400, 3000), "WEBP", {"method": 0}),
        ((4400, 3000), "AVIF", {"speed": 10}),
        ((6000, 4200), "PNG", {}),
    ],
)
def test_kinds_that_cannot_shrink_while_decoded_have_a_lower_limit_and_say_so(size, kind, how):
    with pytest.raises(PhotoTooLarge, match=kind) as refused:
        READER.read(saved(Image.new("RGB", size), kind, **how))

    assert refused.value.field == "photo"
    assert refused.value.hint


def test_the_full_size_photo_of_a_phone_is_taken_as_heic():
    pillow_heif = pytest.importorskip("pillow_heif", reason="wants the extra heic")
    file = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (5712, 4284))).save(file, quality=10, enc_params={"preset": "ultrafast"})

    assert READER.read(file.getvalue()).picture.shape == (1536, 2048, 3)


def test_avif_is_known_though_its_file_begins_as_any_still_picture():
    own = KINDS["avif"]

    assert READER.read(own[:8] + b"mif1" + own[12:]).picture.shape == (240, 240, 3)


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
    "webp": ("RGBA", 12.6, "WEBP", {"quality": 5, "method": 0}),
    "avif": ("RGBA", 12.6, "AVIF", {"quality": 5, "speed": 10}),
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
assert 1920 <= max(reader.read(data).picture.shape) <= 2048
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
