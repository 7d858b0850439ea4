import contextlib
import http.server
import io
import itertools
import threading
import time
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from homeward.watcher.arrival import Arrived, Lateness
from homeward.watcher.camera import CameraWatch
from homeward.watcher.capture import CameraUnreadable
from homeward.watcher.config import CameraConfig, Schedule
from homeward.watcher.loop import TRIES, CameraLoop
from homeward.watcher.status import State
from homeward.watcher.stream import Stream

from .scenes import SIZE, Finder, with_animal, yard
from .streams import Proxy, h264, needs_rtsp, rtsp, served

LONG_S = 60.0
CHUNKS = 50


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """A still yard, and one through which an animal walks from the fourth second on; a key frame a second.

    Of the same yard one with a key frame every ten seconds, a small one, and one in which an animal sleeps, with a key
    frame every two and a half seconds.
    """
    needs_rtsp()
    folder = tmp_path_factory.mktemp("clips")
    still = [yard(n % 5) for n in range(25)]
    empty = [still[n % 25] for n in range(25 * 12)]
    walked = [with_animal(p, 20 + 4 * (n - 112), 200) if 112 <= n < 250 else p for n, p in enumerate(empty)]
    small = [picture[::2, ::2] for picture in empty]
    still = h264(folder / "still.mp4", empty)
    sleeps = [with_animal(picture, 200) for picture in empty]
    return {
        "slow": h264(folder / "slow.mp4", empty[:60], per_second=5, gop=10),
        "still": still,
        "walk": h264(folder / "walk.mp4", walked),
        "sparse": h264(folder / "sparse.mp4", empty, gop=250),
        "small": h264(folder / "small.mp4", small, size=(SIZE[0] // 2, SIZE[1] // 2)),
        "sleeps": h264(folder / "sleeps.mp4", sleeps, gop=62),
        "locked-still": still,
        "udp-still": still,
    }


@pytest.fixture(scope="module")
def port(clips):
    with rtsp(**clips) as found:
        yield found


def until(true, seconds=LONG_S):
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


class Running:
    """A camera's loop in a thread."""

    def __init__(self, address, watching=None, **parts):
        self.sights, self.stop = [], threading.Event()
        config = CameraConfig("yard", address, **{"timeout_s": 1.0, **parts})
        watching = watching or CameraWatch(Finder())
        self.loop = CameraLoop(config, watching, lambda _, sight: self.sights.append(sight), self.stop)
        self.thread = threading.Thread(target=self.loop.run, daemon=True)
        self.thread.start()

    @property
    def status(self):
        return self.loop.noted()

    def __enter__(self):
        return self

    def __exit__(self, _kind, error, _where):
        if error is not None:
            error.add_note(str(self.status))
        self.stop.set()
        self.thread.join(10)


def test_while_nothing_moves_only_key_frames_are_decoded(port):
    stream = Stream(f"rtsp://127.0.0.1:{port}/still")
    shown = list(itertools.islice(stream.frames(), 4))

    assert len(shown) == 4
    assert stream.packets > 3 * 20
    assert stream.decoded == 4
    assert stream.key_gap_s == pytest.approx(1.0, abs=0.3)


def test_a_camera_of_few_frames_a_second_is_seen_before_ffmpeg_has_guessed_its_rate(port):
    address = f"rtsp://127.0.0.1:{port}/slow"
    began = time.monotonic()
    with av.open(address, options={"rtsp_transport": "tcp"}, timeout=(LONG_S, LONG_S)):
        guessed_s = time.monotonic() - began

    began = time.monotonic()
    next(Stream(address, timeout_s=LONG_S).frames())

    assert time.monotonic() - began < 0.75 * guessed_s


def test_what_moves_is_seen_from_its_start_at_the_full_rate(port):
    with Running(f"rtsp://127.0.0.1:{port}/walk") as running:
        until(lambda: running.sights)
        until(lambda: running.status.state is not State.LIVE or running.status.frames > 25)
        status = running.status

    first = running.sights[0]
    assert first.crop.box.width == pytest.approx(60, abs=4)
    assert status.tracks == 1
    assert status.decoded < status.packets


def test_an_animal_that_lies_still_from_the_beginning_is_sent_once(port):
    with Running(f"rtsp://127.0.0.1:{port}/sleeps") as running:
        until(lambda: running.sights)
        until(lambda: running.status.connections > 1)
        status = running.status

    assert (len(running.sights), status.tracks) == (1, 1)
    assert status.decoded < 0.6 * status.packets


def test_seconds_count_from_the_cameras_first_frame_over_all_connections(port):
    class Noting(CameraWatch):
        def look(self, frame, *, is_alone=False):
            times.append(frame.time_s)
            return super().look(frame, is_alone=is_alone)

    times = []
    with Proxy(port) as proxy, Running(f"rtsp://127.0.0.1:{proxy.port}/still", Noting(Finder())) as running:
        until(lambda: len(times) > 2)
        proxy.set("cut")
        until(lambda: running.status.state is not State.LIVE)
        before = len(times)
        proxy.set(None)
        until(lambda: len(times) > before)

    assert times[0] == 0.0
    assert times[before] > times[before - 1]


def test_what_was_seen_is_sent_also_where_the_camera_dies_at_once(port):
    with Proxy(port) as proxy, Running(f"rtsp://127.0.0.1:{proxy.port}/sleeps") as running:
        until(lambda: any(track.seen > 2 for track in running.loop.watching._tracker.tracks))
        proxy.set("cut")
        until(lambda: running.sights)
        until(lambda: running.status.state is not State.LIVE)


def test_the_frames_before_the_key_frame_that_showed_it_are_looked_at_too(port):
    stream = Stream(f"rtsp://127.0.0.1:{port}/still")
    frames = stream.frames()
    alone = [next(frames) for _ in range(2)]
    stream.is_busy = True
    back = list(itertools.islice(frames, 6))

    assert back[0].time_s <= alone[0].time_s + 0.1
    gaps = [b.time_s - a.time_s for a, b in itertools.pairwise(back)]
    assert all(0.15 < gap < 0.3 for gap in gaps)


def test_with_key_frames_far_apart_every_frame_is_decoded_from_the_moment_that_this_is_known(port):
    stream = Stream(f"rtsp://127.0.0.1:{port}/sparse", late_s=1.0)
    shown = list(itertools.islice(stream.frames(), 10))

    assert stream.packets < 100  # the next key frame is the 250th
    gaps = [b.time_s - a.time_s for a, b in itertools.pairwise(shown[1:])]
    assert shown[1].time_s < shown[0].time_s + 0.3
    assert all(0.15 < gap < 0.3 for gap in gaps)


def test_the_substream_is_taken_where_key_frames_are_further_apart_than_the_window(port):
    main, small = (f"rtsp://127.0.0.1:{port}/{name}" for name in ("sparse", "small"))
    with Running(main, substream=small, window_s=1.0) as running:
        until(lambda: seen_size(running) == (SIZE[1], SIZE[0]))
        until(lambda: seen_size(running) == (SIZE[1] // 2, SIZE[0] // 2))
    with Running(f"rtsp://127.0.0.1:{port}/still", substream=small, window_s=3.0) as running:
        until(lambda: running.status.frames > 4)
        assert seen_size(running) == (SIZE[1], SIZE[0])


def test_a_stream_too_heavy_to_be_kept_is_looked_at_from_its_key_frames_on(port, monkeypatch):
    monkeypatch.setattr("homeward.watcher.stream.MOST_KEPT_BYTES", 5_000)
    with Running(f"rtsp://127.0.0.1:{port}/walk") as running:
        until(lambda: running.sights)

        assert running.status.problem == ""
        assert running.status.connections == 1


def test_a_camera_that_speaks_udp_alone_is_watched(port):
    with Running(f"rtsp://127.0.0.1:{port}/udp-still") as running:
        until(lambda: running.status.frames > 4)


def test_a_wrong_password_is_said_and_the_right_one_opens(port):
    locked = f"127.0.0.1:{port}/locked-still"
    with Running(f"rtsp://viewer:s3cret@{locked}") as running:
        until(lambda: running.status.is_hopeless)
        told = f"{running.status.problem} {running.status.hint}"
    with Running(f"rtsp://viewer:hunter2@{locked}") as running:
        until(lambda: running.status.state is State.LIVE)

    assert "password" in told
    assert "s3cret" not in told
    assert "viewer" not in told


def test_a_camera_is_watched_on_after_an_error_that_nobody_expected(port):
    class Stumbling(CameraWatch):
        def look(self, frame, *, is_alone=False):
            if self.counts.frames == 2:
                self.counts.frames += 1
                raise RuntimeError("rtsp://u:hunter2@10.0.0.5/1")
            return super().look(frame, is_alone=is_alone)

    problems = set()
    with Running(f"rtsp://127.0.0.1:{port}/still", Stumbling(Finder())) as running:
        until(lambda: problems.add(running.status.problem) or running.status.connections == 2)
        until(lambda: problems.add(running.status.problem) or running.status.frames > 4)
        assert running.status.state is State.LIVE

    (problem,) = problems - {""}
    assert "RuntimeError in test_stream.py" in problem
    assert "hunter2" not in problem


@pytest.mark.parametrize("fault", ["silent", "stopped", "cut", "trickle", "garbage"])
def test_a_stream_that_breaks_is_live_again_once_it_is_back(port, fault):
    with Proxy(port) as proxy, Running(f"rtsp://127.0.0.1:{proxy.port}/still") as running:
        until(lambda: running.status.state is State.LIVE)
        proxy.set(fault)
        until(lambda: running.status.state is not State.LIVE)
        connections = running.status.connections
        until(lambda: running.status.connections > connections + 1 or fault in {"trickle", "silent"})
        proxy.set(None)
        seen = running.status.seen_s
        until(lambda: running.status.state is State.LIVE and running.status.seen_s > seen)


def test_a_camera_that_says_nothing_yet_is_tried_until_it_does(port):
    faults = ("silent", "stopped", "trickle", "garbage")
    with ExitStack() as opened:
        proxies = [opened.enter_context(Proxy(port)) for _ in faults]
        for proxy, fault in zip(proxies, faults, strict=True):
            proxy.set(fault)
        cameras = [opened.enter_context(Running(f"rtsp://127.0.0.1:{proxy.port}/still")) for proxy in proxies]
        until(lambda: all(running.status.connections > TRIES + 1 or running.status.is_hopeless for running in cameras))
        told = [running.status for running in cameras]
        assert not any(status.is_hopeless for status in told)
        assert all("does not answer in time" in status.problem for status in told)

        for proxy in proxies:
            proxy.set(None)
        until(lambda: all(running.status.state is State.LIVE for running in cameras))


def test_a_web_server_that_says_nothing_is_tried_on():
    with Proxy(0) as proxy:
        proxy.set("silent")
        with pytest.raises(CameraUnreadable, match="does not answer in time") as told:
            list(Stream(f"http://127.0.0.1:{proxy.port}/video", timeout_s=0.5).frames())

    assert not told.value.is_hopeless


def test_a_camera_that_answers_with_a_web_page_or_is_unknown_is_said():
    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(401 if "secret" in self.path else 200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", "5200")
            self.end_headers()
            self.wfile.write(b"<html>please log in</html>" * 200)

        def log_message(self, *_):
            pass

    with served(Page) as port:
        address = f"http://u:hunter2@127.0.0.1:{port}"
        with pytest.raises(CameraUnreadable, match="cannot be read") as page:
            list(Stream(f"{address}/video").frames())
        with pytest.raises(CameraUnreadable, match="cannot be read") as locked:
            list(Stream(f"{address}/secret").frames())
    with pytest.raises(CameraUnreadable, match="not known") as unknown:
        list(Stream("rtsp://no-such-camera.invalid/1").frames())

    assert "web page" in page.value.hint
    assert "password" in locked.value.hint
    for raised in (page, locked, unknown):
        assert raised.value.is_hopeless
        assert "hunter2" not in f"{raised.value.message} {raised.value.hint}"


@pytest.mark.parametrize(("kind", "is_page"), [("text/html; charset=utf-8", True), ("video/mp2t", False)])
def test_a_web_page_of_unknown_length_is_told_from_a_camera_that_breaks_off(kind, is_page):
    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(b"<html>please log in</html>" * 200)

        def log_message(self, *_):
            pass

    with served(Answer) as port, pytest.raises(CameraUnreadable) as told:
        list(Stream(f"http://u:hunter2@127.0.0.1:{port}/video").frames())

    assert ("web page" in told.value.hint) == is_page
    assert told.value.is_hopeless == is_page
    assert "hunter2" not in f"{told.value.message} {told.value.hint}"


def test_a_clip_behind_an_address_is_no_camera(cat_clip):
    class Clip(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            data = cat_clip.read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(data)

        def log_message(self, *_):
            pass

    with served(Clip) as port, pytest.raises(CameraUnreadable, match="is a clip, not a camera") as told:
        list(Stream(f"http://127.0.0.1:{port}/clip.mp4").frames())
    assert told.value.is_hopeless


def test_outside_of_its_hours_a_camera_is_not_read_but_a_recording_is(port, clips):
    now = datetime.now().astimezone()
    closed, open_ = (
        Schedule((now + timedelta(hours=h)).time(), (now + timedelta(hours=h + 2)).time()) for h in (2, -1)
    )
    with Running(f"rtsp://127.0.0.1:{port}/still", schedule=closed) as running:
        until(lambda: running.status.state is State.PAUSED)
        assert running.status.connections == 0
    with Running(f"rtsp://127.0.0.1:{port}/still", schedule=open_) as running:
        until(lambda: running.status.state is State.LIVE)
    with Running(str(clips["still"]), schedule=closed) as running:
        until(lambda: running.status.state is State.ENDED)


def test_a_paused_camera_is_not_read(port):
    with Running(f"rtsp://127.0.0.1:{port}/still") as running:
        until(lambda: running.status.state is State.LIVE)
        running.loop.is_paused = True
        until(lambda: running.status.state is State.PAUSED)
        frames = running.status.frames
        running.loop.is_paused = False
        until(lambda: running.status.frames > frames)


class Playlist(http.server.BaseHTTPRequestHandler):
    """HLS, as web cameras serve it: whole segments of two seconds, each listed once it is over."""

    folder = Path()
    began = 0.0
    asked: tuple[str, ...] = ()

    def do_GET(self):
        name = self.path.rpartition("/")[2]
        Playlist.asked = (*self.asked, name)
        if name.startswith("live"):
            there = int((time.monotonic() - self.began) / 2) + 1
            lines = (self.folder / name.replace("live", "all")).read_text().split("#EXTINF")
            body = "#EXTINF".join(lines[: there + 1]).replace("#EXT-X-ENDLIST", "").encode()
        else:
            body = (self.folder / name).read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(body)

    def log_message(self, *_):
        pass


def test_a_playlist_whose_segments_come_at_once_is_watched_at_the_full_rate(clips, tmp_path):
    segments(clips["walk"], tmp_path / "all.m3u8")
    Playlist.folder, Playlist.began = tmp_path, time.monotonic()
    with served(Playlist) as port, Running(f"http://127.0.0.1:{port}/live.m3u8", timeout_s=10.0) as running:
        until(lambda: running.sights)

        assert running.status.skipped == 0
        assert running.status.frames > 15  # of the walk alone; only two or three segments were in time for it


def segments(clip, playlist):
    """A clip as a playlist with segments of two seconds."""
    options = {"hls_time": "2", "hls_list_size": "0"}
    with av.open(str(clip)) as source, av.open(str(playlist), "w", format="hls", options=options) as made:
        stream = made.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                made.mux(packet)


def test_of_a_playlist_with_several_sizes_one_is_fetched(clips, tmp_path):
    for name in ("still", "small"):
        segments(clips[name], tmp_path / f"all-{name}.m3u8")
    sizes = "".join(f"#EXT-X-STREAM-INF:BANDWIDTH=900000\nlive-{name}.m3u8\n" for name in ("still", "small"))
    (tmp_path / "all.m3u8").write_text(f"#EXTM3U\n{sizes}")
    Playlist.folder, Playlist.began, Playlist.asked = tmp_path, time.monotonic(), ()
    with served(Playlist) as port, Running(f"http://127.0.0.1:{port}/live.m3u8", timeout_s=10.0):
        until(lambda: "all-still3.ts" in Playlist.asked)

    assert "all-small2.ts" not in Playlist.asked


class Pieces(http.server.BaseHTTPRequestHandler):
    """An endless-looking HTTP stream: one transport stream after the other, as a camera does that was set anew."""

    pieces: tuple[bytes, ...] = ()

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "video/mp2t")
        self.end_headers()
        with contextlib.suppress(OSError):  # the reader may go at any time
            for piece in self.pieces:
                step = len(piece) // CHUNKS + 1
                for start in range(0, len(piece), step):
                    self.wfile.write(piece[start : start + step])
                    time.sleep(2.0 / CHUNKS)  # a camera sends in its own time

    def log_message(self, *_):
        pass


def test_another_resolution_codec_and_a_clock_that_goes_back_in_mid_stream_are_followed(tmp_path):
    parts = (((360, 640), "libx264", 50.0), ((240, 320), "libx264", 0.0), ((240, 320), "mpeg2video", 20.0))
    for number, (size, codec, first_s) in enumerate(parts):
        transport(tmp_path / f"{number}.ts", size, codec, first_s)
    Pieces.pieces = tuple((tmp_path / f"{n}.ts").read_bytes() for n in range(len(parts)))
    with served(Pieces) as port, Running(f"http://127.0.0.1:{port}/live.ts", fps=50.0) as running:
        sizes = set()
        until(lambda: sizes.add(seen_size(running)) or len(sizes - {None}) == 2)
        until(lambda: running.status.connections > 1)
        until(lambda: running.status.state is State.LIVE)


def in_pieces(path, begin=0, pieces=4):
    """The bytes of a file from ``begin`` on, in equal parts."""
    data = path.read_bytes()[begin:]
    step = -(-len(data) // pieces)
    return tuple(data[start : start + step] for start in range(0, len(data), step))


def bit_by_bit(path, first):
    """A walk as MPEG-TS without whole pictures after the first one; packets before the ``first`` are missing."""
    with av.open(str(path), "w", format="mpegts") as file:
        stream = file.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = SIZE[1], SIZE[0], "yuv420p"
        stream.options = {"preset": "ultrafast", "tune": "zerolatency", "x264-params": "intra-refresh=1:keyint=25"}
        pictures = [with_animal(yard(n % 5), 4 * (n - 75)) if 75 <= n < 200 else yard(n % 5) for n in range(225)]
        packets = [p for shown in pictures for p in stream.encode(av.VideoFrame.from_ndarray(shown, format="rgb24"))]
        for packet in [*packets, *stream.encode()][first:]:
            file.mux(packet)
    return path


@pytest.mark.parametrize("first", [0, 10])
def test_a_camera_that_refreshes_its_pictures_bit_by_bit_is_watched(tmp_path, first):
    Pieces.pieces = in_pieces(bit_by_bit(tmp_path / "walk.ts", first))
    with served(Pieces) as port, Running(f"http://127.0.0.1:{port}/live.ts", timeout_s=10.0) as running:
        until(lambda: running.sights)


def test_key_frames_that_come_ever_more_rarely_hide_no_animal(tmp_path):
    path = tmp_path / "walk.ts"
    with av.open(str(path), "w", format="mpegts") as file:
        stream = file.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = SIZE[1], SIZE[0], "yuv420p"
        stream.codec_context.gop_size = 1000
        stream.options = {"preset": "ultrafast", "tune": "zerolatency", "sc_threshold": "0"}
        for n in range(225):
            walks = with_animal(yard(n % 5), 4 * (n - 75)) if 75 <= n < 200 else yard(n % 5)
            shown = av.VideoFrame.from_ndarray(walks, format="rgb24")
            if n in {0, 25, 50}:
                shown.pict_type = av.video.frame.PictureType.I
            file.mux(stream.encode(shown))
        file.mux(stream.encode())
    Pieces.pieces = in_pieces(path)
    with served(Pieces) as port, Running(f"http://127.0.0.1:{port}/live.ts", timeout_s=10.0) as running:
        until(lambda: running.sights)


def test_another_codec_that_the_old_decoder_takes_for_nothing_is_noticed(tmp_path):
    for codec in ("libx264", "libx265"):
        transport(tmp_path / f"{codec}.ts", SIZE, codec, 0.0)
    old, new = ((tmp_path / f"{codec}.ts").read_bytes() for codec in ("libx264", "libx265"))
    Pieces.pieces = (old, *[new] * 6)
    with served(Pieces) as port, pytest.raises(CameraUnreadable, match="nothing that can be decoded"):
        list(Stream(f"http://127.0.0.1:{port}/live.ts", late_s=1.0, timeout_s=10.0).frames())


def test_a_camera_that_sends_no_key_frame_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("homeward.watcher.stream.KEYLESS_S", 1.0)
    path = tmp_path / "endless.ts"
    with av.open(str(path), "w", format="mpegts") as file:
        stream = file.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = SIZE[1], SIZE[0], "yuv420p"
        stream.codec_context.gop_size, stream.options = 1000, {"preset": "ultrafast", "tune": "zerolatency"}
        packets = [p for n in range(225) for p in stream.encode(av.VideoFrame.from_ndarray(yard(n), format="rgb24"))]
        for packet in packets[5:]:
            file.mux(packet)
    Pieces.pieces = in_pieces(path)
    with served(Pieces) as port, pytest.raises(CameraUnreadable, match="no key frame"):
        list(Stream(f"http://127.0.0.1:{port}/live.ts", timeout_s=10.0).frames())


def with_sound(path, shown_s, heard_s):
    """MPEG-TS whose picture ends before its sound; up to which byte there is a picture."""
    with av.open(str(path), "w", format="mpegts") as file:
        video, audio = file.add_stream("libx264", rate=25), file.add_stream("mp2", rate=44_100, layout="mono")
        video.width, video.height, video.pix_fmt = SIZE[1], SIZE[0], "yuv420p"
        video.options = {"preset": "ultrafast", "tune": "zerolatency"}
        packets = []
        for n in range(int(shown_s * 25)):
            shown = av.VideoFrame.from_ndarray(yard(n % 5), format="rgb24")
            shown.pts = n
            packets += video.encode(shown)
        for n in range(0, int(heard_s * 44_100), 1152):
            heard = av.AudioFrame.from_ndarray(np.zeros((1, 1152), np.int16), format="s16", layout="mono")
            heard.sample_rate, heard.pts = 44_100, n
            packets += audio.encode(heard)
        for packet in sorted(packets, key=lambda packet: packet.dts * packet.time_base):
            file.mux(packet)
    with av.open(str(path)) as file:
        *_, last = (packet for packet in file.demux(video=0) if packet.size)
        return last.pos + last.size


def test_a_camera_whose_sound_goes_on_without_a_picture_is_opened_again(tmp_path):
    path = tmp_path / "heard.ts"
    end = with_sound(path, 1.0, 20.0)
    Pieces.pieces = (path.read_bytes()[:end], *in_pieces(path, end))

    with served(Pieces) as port, pytest.raises(CameraUnreadable, match="no picture any more"):
        list(Stream(f"http://127.0.0.1:{port}/live.ts", timeout_s=2.0).frames())


def seen_size(running):
    shown = running.loop.watching.view.frame
    return shown.size if shown else None


def transport(path, size, codec, first_s):
    """Two seconds of a still scene as MPEG-TS, its clock beginning at ``first_s``."""
    with av.open(str(path), "w", format="mpegts") as file:
        stream = file.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = size[1], size[0], "yuv420p"
        stream.codec_context.gop_size = 5
        if codec == "libx265":
            stream.options = {"x265-params": "log-level=none"}
        for n in range(50):
            shown = av.VideoFrame.from_ndarray(np.full((*size, 3), 100 + n % 3, np.uint8), format="rgb24")
            shown.pts = round((first_s + n / 25) * 25)
            file.mux(stream.encode(shown))
        file.mux(stream.encode())


@pytest.mark.parametrize(
    ("came", "sent", "gap_s"),
    [
        ((0.0, 3.4), (10.0, 12.0), 2.0),  # the network held the second one back
        ((0.0, 2.0), (10.0, 900.0), 2.0),  # the camera's clock was set
        ((0.0, 2.0), (900.0, 10.0), 2.0),
        ((0.0, 2.0), (None, 12.0), 2.0),
    ],
)
def test_key_frames_are_as_far_apart_as_the_camera_sends_them(came, sent, gap_s):
    first, second = (Arrived(None, time_s, sent_s) for time_s, sent_s in zip(came, sent, strict=True))

    assert second.after_s(first) == pytest.approx(gap_s)


def test_a_clock_that_drifts_for_days_is_not_late_but_a_queue_is():
    lateness = Lateness(3.0)
    drifting = [lateness.after(n * (1 - 1e-4), float(n)) for n in range(3 * 24 * 3600)]
    assert max(drifting) < 0.01

    behind = [lateness.after(260_000 + n * 0.5, 260_000.0 + n) for n in range(15)]
    assert behind[-1] > 6
    assert lateness.after(10.0, 260_021.0) == 0  # it was set anew
    assert lateness.after(7.0, 260_021.1) == 0  # and set back


def test_a_clock_that_goes_wrong_is_asked_no_more():
    lateness = Lateness(3.0)
    late = [lateness.after(n * 0.04, n * 0.2) for n in range(500)]  # five pictures a second, told as twenty-five

    assert max(late) > 10
    assert not any(late[100:])
    assert lateness.after(None, 100.0) == 0


class Slow(http.server.BaseHTTPRequestHandler):
    """Five pictures a second, as small cameras send them: JPEG after JPEG, without a clock."""

    pause_s = 0.2

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        with contextlib.suppress(OSError):
            for n in range(1000):
                shown = with_animal(yard(n % 5), 20 + 8 * (n - 15), 200) if 15 < n < 55 else yard(n % 5)
                file = io.BytesIO()
                Image.fromarray(shown).save(file, "JPEG")
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {file.tell()}\r\n\r\n"
                self.wfile.write(head.encode() + file.getvalue() + b"\r\n")
                time.sleep(self.pause_s)  # a camera sends in its own time

    def log_message(self, *_):
        pass


class Quick(Slow):
    """The same at the rate of larger ones."""

    pause_s = 0.03


def test_of_whole_pictures_only_those_are_decoded_that_are_looked_at_also_while_something_moves():
    with served(Quick) as port:
        stream = Stream(f"http://127.0.0.1:{port}/video.mjpg", is_busy=True)
        shown = list(itertools.islice(stream.frames(), 10))

    gaps = [b.time_s - a.time_s for a, b in itertools.pairwise(shown)]
    assert all(gap >= 0.19 for gap in gaps[2:])
    assert stream.decoded <= 13
    assert stream.packets > 2 * stream.decoded


def test_a_clock_of_the_box_that_is_set_while_a_camera_is_watched_holds_from_the_next_frame_on(monkeypatch):
    class Wall(datetime):
        ahead = timedelta()

        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + cls.ahead

    monkeypatch.setattr("homeward.watcher.arrival.datetime", Wall)
    with served(Slow) as port, contextlib.closing(Stream(f"http://127.0.0.1:{port}/video.mjpg").frames()) as frames:
        woke = next(frames)
        Wall.ahead = timedelta(days=20_000)
        learned = next(frames)

    passed = timedelta(seconds=learned.time_s - woke.time_s)
    assert abs(learned.at - woke.at - Wall.ahead - passed) < timedelta(seconds=1)


def test_a_camera_that_sends_one_jpeg_after_the_other_is_watched():
    with served(Slow) as port, Running(f"http://127.0.0.1:{port}/video.mjpg") as running:
        until(lambda: running.sights)

        assert running.status.skipped == 0
        assert running.status.late_by_s == 0
