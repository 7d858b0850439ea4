import io
from fractions import Fraction

import av
import numpy as np
import pytest
from av.video.reformatter import Colorspace
from PIL import Image

from homeward.bot.video import frame_at, sharpest_moments
from homeward.images.shape import UNSAID
from homeward.watcher.capture import recorded


@pytest.fixture
def upright():
    picture = np.full((320, 240, 3), 60, np.uint8)
    picture[20:100, 20:80] = 220
    return picture


def filmed(picture, degrees=0, pixel=None):
    """A clip as a phone films it that is held so: on its side, with a word about it."""
    file = io.BytesIO()
    lying = np.ascontiguousarray(np.rot90(picture, -degrees // 90))
    with av.open(file, "w", format="mp4") as video:
        stream = video.add_stream("libx264", rate=5)
        stream.height, stream.width = lying.shape[:2]
        stream.pix_fmt, stream.options = "yuv420p", {"crf": "10"}
        stream.set_display_rotation(degrees)
        if pixel is not None:
            stream.codec_context.sample_aspect_ratio = pixel
        for _ in range(6):
            video.mux(stream.encode(av.VideoFrame.from_ndarray(lying, format="rgb24")))
        video.mux(stream.encode())
    return file.getvalue()


@pytest.mark.parametrize("degrees", [0, 90, 180, -90])
def test_a_video_is_shown_upright_however_the_phone_was_held(upright, degrees, tmp_path):
    data = filmed(upright, degrees)
    (tmp_path / "clip.mp4").write_bytes(data)

    (at_s,) = sharpest_moments(data, 1)
    shown = np.asarray(Image.open(io.BytesIO(frame_at(data, at_s))))
    (watched, *_) = recorded(str(tmp_path / "clip.mp4"), per_second=5)

    for picture in (shown, watched.picture):
        assert picture.shape == upright.shape
        assert np.abs(picture.astype(int) - upright).mean() < 5


def test_a_video_with_wide_pixels_is_stretched(upright):
    data = filmed(upright, pixel=Fraction(2))

    shown = Image.open(io.BytesIO(frame_at(data, 0.0)))

    assert shown.size == (480, 320)


@pytest.mark.parametrize(("height", "matrix"), [(720, Colorspace.ITU709), (480, Colorspace.ITU601)])
def test_colours_of_a_stream_that_says_nothing_of_them_go_by_its_size(height, matrix):
    colour, file = (200, 60, 40), io.BytesIO()
    picture = av.VideoFrame.from_ndarray(np.full((height, 640, 3), colour, np.uint8), format="rgb24")
    with av.open(file, "w", format="mp4") as video:
        stream = video.add_stream("libx264", rate=5)
        stream.height, stream.width, stream.pix_fmt = height, 640, "yuv420p"
        frame = picture.reformat(format="yuv420p", dst_colorspace=matrix)
        frame.colorspace = UNSAID
        video.mux([*stream.encode(frame), *stream.encode()])

    shown = np.asarray(Image.open(io.BytesIO(frame_at(file.getvalue(), 0.0))))

    assert np.abs(shown[height // 2, 320].astype(int) - colour).max() < 6
