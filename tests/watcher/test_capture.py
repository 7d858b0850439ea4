from datetime import UTC, datetime, timedelta
from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import ExifTags, Image

from homeward.domain.addresses import without_secrets
from homeward.errors import InvalidInput
from homeward.images.shape import Shape
from homeward.watcher.capture import LONGEST_GAP_S, NO_VIDEO, CameraUnreadable, recorded
from homeward.watcher.stream import Stream
from tests.conftest import picture

from .scenes import SIZE, with_animal, yard
from .streams import h264, spoil


def clip(path, pictures, per_second=25):
    with av.open(str(path), "w") as file:
        stream = file.add_stream("mpeg4", rate=per_second)
        stream.width, stream.height, stream.pix_fmt = SIZE[1], SIZE[0], "yuv420p"
        for shown in pictures:
            file.mux(stream.encode(av.VideoFrame.from_ndarray(shown, format="rgb24")))
        file.mux(stream.encode())
    return path


def test_a_clip_gives_as_many_frames_a_second_as_are_wanted_with_their_times(tmp_path):
    path = clip(tmp_path / "a.mp4", [with_animal(yard(n), 4 * n) for n in range(50)])

    found = list(recorded(str(path), per_second=5.0))

    assert [frame.time_s for frame in found] == pytest.approx([0.2 * n for n in range(10)])
    assert found[3].picture.shape == (*SIZE, 3)
    assert (found[3].at - found[0].at).total_seconds() == pytest.approx(0.6)
    assert len(list(recorded(str(path), per_second=1000))) == 50


def test_recordings_that_were_joined_are_seen_to_their_end_on_one_clock(tmp_path):
    part = h264(tmp_path / "part.ts", [yard(n % 5) for n in range(50)]).read_bytes()
    (tmp_path / "joined.ts").write_bytes(part * 3)

    found = list(recorded(str(tmp_path / "joined.ts"), per_second=5.0))

    assert [frame.time_s for frame in found] == pytest.approx([0.2 * n for n in range(30)], abs=0.05)
    assert len(list(recorded(str(tmp_path / "joined.ts"), per_second=1000))) == 150


@pytest.mark.parametrize("name", ["a.ts", "a.mkv"])
def test_a_recording_begins_at_its_first_picture_whatever_its_recorders_clock_said(tmp_path, name):
    path = h264(tmp_path / "whole.mp4", [yard(n % 5) for n in range(50)])
    with av.open(str(path)) as whole, av.open(str(tmp_path / name), "w") as part:
        stream = part.add_stream_from_template(whole.streams.video[0])
        for packet in whole.demux(video=0):
            if packet.size:
                packet.pts, packet.dts = (at + int(20 * 3600 / packet.time_base) for at in (packet.pts, packet.dts))
                packet.stream = stream
                part.mux(packet)

    found = list(recorded(str(tmp_path / name), per_second=5.0))

    assert [frame.time_s for frame in found] == pytest.approx([0.2 * n for n in range(10)])
    assert found[-1].at < datetime.now(UTC) + timedelta(seconds=60)


def test_of_a_recording_with_a_thumbnail_the_video_is_watched(tmp_path):
    with av.open(str(tmp_path / "a.mkv"), "w") as file:
        small, large = (file.add_stream(codec, rate=25) for codec in ("mjpeg", "mpeg4"))
        for stream, part, pixels in ((small, 2, "yuvj420p"), (large, 1, "yuv420p")):
            stream.width, stream.height, stream.pix_fmt = SIZE[1] // part, SIZE[0] // part, pixels
        thumbnail = np.ascontiguousarray(yard()[::2, ::2])
        file.mux(small.encode(av.VideoFrame.from_ndarray(thumbnail, format="rgb24")))
        for number in range(50):
            file.mux(large.encode(av.VideoFrame.from_ndarray(yard(number % 5), format="rgb24")))
        for stream in (small, large):
            file.mux(stream.encode())

    assert len(list(recorded(str(tmp_path / "a.mkv"), per_second=1000))) == 50


def test_a_recording_without_a_clock_runs_at_the_rate_of_its_pictures(tmp_path):
    path = h264(tmp_path / "raw.h264", [yard(n % 5) for n in range(50)], per_second=10)

    found = list(recorded(str(path), per_second=5.0))

    assert [frame.time_s for frame in found] == pytest.approx([0.2 * n for n in range(25)])


def test_what_cannot_be_decoded_is_passed_over_and_the_recording_seen_to_its_end(tmp_path):
    path = spoil(h264(tmp_path / "a.mp4", [yard(n % 5) for n in range(100)]), range(30, 45))

    found = list(recorded(str(path), per_second=1000))

    assert len(found) >= 80
    assert found[-1].time_s == pytest.approx(99 / 25)


def test_a_recording_of_which_nothing_can_be_decoded_any_more_is_said_after_what_could(tmp_path):
    path = spoil(h264(tmp_path / "a.mp4", [yard(n % 5) for n in range(160)]), range(20, 160))
    found = []

    with pytest.raises(CameraUnreadable) as raised:
        found.extend(recorded(str(path), per_second=1000))
    assert raised.value.hint == NO_VIDEO
    assert len(found) >= 10


def test_at_its_own_speed_a_recording_takes_as_long_as_it_took_but_nobody_waits_an_hour(tmp_path, monkeypatch):
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = SIZE[1], SIZE[0], "yuv420p"
        for number in range(20):
            shown = av.VideoFrame.from_ndarray(yard(number), format="rgb24")
            shown.pts = number if number < 10 else number + 36_000
            file.mux(stream.encode(shown))
        file.mux(stream.encode())
    waits = []
    monkeypatch.setattr("time.sleep", waits.append)

    found = list(recorded(str(path), per_second=1000, realtime=True))

    assert found[-1].time_s == pytest.approx(3601.9, abs=0.01)
    assert waits[9] <= 0.9
    assert waits[-1] == pytest.approx(0.9 + LONGEST_GAP_S + 0.9, abs=0.5)


def test_a_folder_of_pictures_is_read_by_name(tmp_path):
    for name in ("b.jpg", "a.png", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    picture(1).save(tmp_path / "b.jpg")
    picture(2).save(tmp_path / "a.png")

    first, second = recorded(str(tmp_path), per_second=5.0)

    assert np.array_equal(first.picture, np.asarray(picture(2)))
    assert second.time_s == 1.0
    (tmp_path / "aa.jpg").write_bytes(b"no picture")
    assert len(list(recorded(str(tmp_path), per_second=5.0))) == 2
    for name in ("a.png", "b.jpg"):
        (tmp_path / name).unlink()
    with pytest.raises(CameraUnreadable, match="None of the files"):
        list(recorded(str(tmp_path), per_second=5.0))


def test_pictures_of_a_folder_are_turned_upright(tmp_path):
    turned = Image.Exif()
    turned[ExifTags.Base.Orientation] = 6
    picture(1).save(tmp_path / "a.png", exif=turned)

    (found,) = recorded(str(tmp_path), per_second=5.0)

    assert np.array_equal(found.picture, np.rot90(np.asarray(picture(1)), -1))


@pytest.mark.parametrize("content", [b"", b"just words\n" * 50, b"\x00" * 5000])
def encoded(path, pictures, pixel=None):
    """H.264 of ``pictures``, which says how wide a ``pixel`` is where that is given."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=25)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt, stream.options = "yuv420p", {"crf": "10"}
        if pixel is not None:
            stream.codec_context.sample_aspect_ratio = pixel
        for shown in pictures:
            file.mux(stream.encode(av.VideoFrame.from_ndarray(shown, format="rgb24")))
        file.mux(stream.encode())
    return str(path)


def test_pixels_that_are_wider_than_high_are_made_square_where_the_stream_says_so(tmp_path):
    whole = with_animal(yard(), 200)
    squeezed = np.asarray(Image.fromarray(whole).resize((SIZE[1] // 2, SIZE[0])))
    said = encoded(tmp_path / "said.mp4", [squeezed] * 3, pixel=Fraction(2))
    unsaid = encoded(tmp_path / "unsaid.mp4", [squeezed] * 3)
    nonsense = encoded(tmp_path / "nonsense.mp4", [squeezed] * 3, pixel=Fraction(40))

    (frame, *_) = recorded(said, per_second=25)
    (as_sent, *_) = recorded(unsaid, per_second=25)
    (told, *_) = recorded(unsaid, per_second=25, shape=Shape(aspect=SIZE[1] / SIZE[0]))
    (odd, *_) = recorded(nonsense, per_second=25)

    for shown in (frame, told):
        assert shown.size == (SIZE[1], SIZE[0])
        assert shown.picture.shape == whole.shape
        assert shown.grey.shape == (180 // 8 * 8, 320)
        assert np.abs(shown.picture.astype(int) - whole).mean() < 6
    assert as_sent.size == odd.size == (SIZE[1] // 2, SIZE[0])


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_camera_that_hangs_on_its_side_or_head_is_turned_upright(tmp_path, turn):
    upright = with_animal(yard(), 20, 30)
    hanging = np.ascontiguousarray(np.rot90(upright, turn // 90))  # to the left, so that it wants a turn to the right
    path = encoded(tmp_path / "a.mp4", [hanging] * 3)
    folder = tmp_path / "pictures"
    folder.mkdir()
    Image.fromarray(hanging).save(folder / "1.png")

    (frame, *_) = recorded(path, per_second=25, shape=Shape(turn))
    (still,) = recorded(str(folder), per_second=25, shape=Shape(turn))

    assert frame.size == (SIZE[1], SIZE[0])
    assert frame.picture.shape == upright.shape
    assert frame.grey.shape == still.grey.shape == (176, 320)
    assert np.abs(frame.picture.astype(int) - upright).mean() < 6
    assert np.array_equal(still.picture, upright)


@pytest.mark.parametrize("content", [b"", b"just words\n" * 50, b"\x00" * 5000])
def test_what_is_no_video_is_said_in_one_line(tmp_path, content):
    path = tmp_path / "x.mp4"
    path.write_bytes(content)

    with pytest.raises(CameraUnreadable, match=r"x\.mp4") as told:
        list(recorded(str(path), per_second=5.0))
    assert told.value.hint == NO_VIDEO


def test_a_clip_that_was_not_copied_to_its_end_is_said(tmp_path):
    whole = clip(tmp_path / "whole.mp4", [yard(n) for n in range(10)]).read_bytes()
    (tmp_path / "half.mp4").write_bytes(whole[: len(whole) // 2])

    with pytest.raises(CameraUnreadable, match=r"half\.mp4") as told:
        list(recorded(str(tmp_path / "half.mp4"), per_second=5.0))
    assert told.value.hint == NO_VIDEO


def test_what_is_not_there_or_holds_nothing_is_said(tmp_path):
    with pytest.raises(InvalidInput):
        list(recorded(str(tmp_path / "nothing.mp4"), per_second=5.0))
    with pytest.raises(CameraUnreadable):
        list(recorded(str(tmp_path), per_second=5.0))


def test_no_password_is_ever_told():
    address = "rtsp://admin:hunter2@127.0.0.1:1/stream?token=s3cret"

    assert without_secrets(address) == "rtsp://127.0.0.1:1/stream"
    in_path = "rtsp://10.0.0.5/user=admin&password=s3cret&channel=1&stream=0.sdp"
    assert without_secrets(in_path) == "rtsp://10.0.0.5/user=...&password=...&channel=...&stream=..."
    with pytest.raises(CameraUnreadable) as raised:
        list(Stream(address).frames())
    told = f"{raised.value.message} {raised.value.hint}"
    assert "hunter2" not in told
    assert "s3cret" not in told
    assert "127.0.0.1:1" in told
