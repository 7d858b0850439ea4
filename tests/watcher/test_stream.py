import contextlib
import http.server
import itertools
import threading
import time

import av
import numpy as np
import pytest

from homeward.watcher.camera import CameraWatch
from homeward.watcher.capture import CameraUnreadable
from homeward.watcher.config import CameraConfig
from homeward.watcher.loop import CameraLoop
from homeward.watcher.status import State
from homeward.watcher.stream import Arrived, Lateness, Stream

from .scenes import Finder, with_animal, yard
from .streams import Proxy, h264, needs_rtsp, rtsp

LONG_S = 60.0
CHUNKS = 50


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """A still yard, and one through which an animal walks from the fourth second on; a key frame a second."""
    needs_rtsp()
    folder = tmp_path_factory.mktemp("clips")
    still = [yard(n % 5) for n in range(25)]
    empty = [still[n % 25] for n in range(25 * 12)]
    walked = [with_animal(p, 20 + 4 * (n - 112), 200) if 112 <= n < 250 else p for n, p in enumerate(empty)]
    return {"still": h264(folder / "still.mp4", empty), "walk": h264(folder / "walk.mp4", walked)}


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

    def __init__(self, address, **parts):
        self.sights, self.stop = [], threading.Event()
        config = CameraConfig("yard", address, timeout_s=1.0, **parts)
        self.loop = CameraLoop(config, CameraWatch(Finder()), lambda _, sight: self.sights.append(sight), self.stop)
        self.thread = threading.Thread(target=self.loop.run, daemon=True)
        self.thread.start()

    @property
    def status(self):
        return self.loop.noted()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join(10)


def test_while_nothing_moves_only_key_frames_are_decoded(port):
    stream = Stream(f"rtsp://127.0.0.1:{port}/still")
    shown = list(itertools.islice(stream.frames(), 4))

    assert len(shown) == 4
    assert stream.packets > 3 * 20
    assert stream.decoded == 4
    assert stream.key_gap_s == pytest.approx(1.0, abs=0.3)


def test_what_moves_is_seen_from_its_start_at_the_full_rate(port):
    with Running(f"rtsp://127.0.0.1:{port}/walk") as running:
        until(lambda: running.sights)
        until(lambda: running.status.state is not State.LIVE or running.status.frames > 25)
        status = running.status

    first = running.sights[0]
    assert first.crop.box.width == pytest.approx(60, abs=4)
    assert status.tracks == 1
    assert status.decoded < status.packets


def test_the_frames_before_the_key_frame_that_showed_it_are_looked_at_too(port):
    stream = Stream(f"rtsp://127.0.0.1:{port}/still")
    frames = stream.frames()
    alone = [next(frames) for _ in range(2)]
    stream.is_busy = True
    back = list(itertools.islice(frames, 6))

    assert back[0].time_s <= alone[0].time_s + 0.1
    gaps = [b.time_s - a.time_s for a, b in itertools.pairwise(back)]
    assert all(0.15 < gap < 0.3 for gap in gaps)


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

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    address = f"http://u:hunter2@127.0.0.1:{server.server_port}"
    try:
        with pytest.raises(CameraUnreadable, match="cannot be read") as page:
            list(Stream(f"{address}/video").frames())
        with pytest.raises(CameraUnreadable, match="cannot be read") as locked:
            list(Stream(f"{address}/secret").frames())
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    with pytest.raises(CameraUnreadable, match="not known") as unknown:
        list(Stream("rtsp://no-such-camera.invalid/1").frames())

    assert "web page" in page.value.hint
    assert "password" in locked.value.hint
    for raised in (page, locked, unknown):
        assert raised.value.is_hopeless
        assert "hunter2" not in f"{raised.value.message} {raised.value.hint}"


def test_outside_of_its_hours_a_camera_is_not_read(port):
    with Running(f"rtsp://127.0.0.1:{port}/still") as running:
        until(lambda: running.status.state is State.LIVE)
        running.loop.is_paused = True
        until(lambda: running.status.state is State.PAUSED)
        frames = running.status.frames
        running.loop.is_paused = False
        until(lambda: running.status.frames > frames)


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
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pieces)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        with Running(f"http://127.0.0.1:{server.server_port}/live.ts", fps=50.0) as running:
            sizes = set()
            until(lambda: sizes.add(seen_size(running)) or len(sizes - {None}) == 2)
            until(lambda: running.status.connections > 1)
            until(lambda: running.status.state is State.LIVE)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def seen_size(running):
    shown = running.loop.watching.view.frame
    return shown.size if shown else None


def transport(path, size, codec, first_s):
    """Two seconds of a still scene as MPEG-TS, its clock beginning at ``first_s``."""
    with av.open(str(path), "w", format="mpegts") as file:
        stream = file.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = size[1], size[0], "yuv420p"
        stream.codec_context.gop_size = 5
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
    lateness = Lateness()
    drifting = [lateness.after(n * (1 - 1e-4), float(n)) for n in range(3 * 24 * 3600)]
    assert max(drifting) < 0.01

    behind = [lateness.after(260_000 + n * 0.5, 260_000.0 + n) for n in range(20)]
    assert behind[-1] > 9
    assert lateness.after(10.0, 260_021.0) == 0  # it was set anew
