import http.server
import json
import os
import signal
import socket
import threading
import urllib.error
import urllib.request
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from homeward.client import Client
from homeward.errors import ModelInvalid
from homeward.watcher.camera import CameraWatch
from homeward.watcher.config import CameraConfig
from homeward.watcher.heartbeats import Heartbeats
from homeward.watcher.page import Page
from homeward.watcher.spool import Spool
from homeward.watcher.status import State
from homeward.watcher.supervisor import Supervisor
from homeward.watcher.worker import Group
from homeward.workers import Worker, Workers
from tests.doors.conftest import door, server  # noqa: F401 - fixtures

from .scenes import Finder, with_animal, yard
from .streams import Nowhere, h264, needs_rtsp, rtsp, served
from .test_stream import LONG_S, until
from .test_uplink import key


def finders():
    """In the worker's process: no weights are needed."""
    return lambda config: CameraWatch(Finder(), window_s=config.window_s)


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    needs_rtsp()
    still = [yard(n % 5) for n in range(25)]
    pictures = [still[n % 25] for n in range(25 * 40)]
    for n in range(60, 160):
        pictures[n] = with_animal(pictures[n], 20 + 4 * (n - 60), 200)
    with rtsp(walk=h264(tmp_path_factory.mktemp("clips") / "walk.mp4", pictures)) as found:
        yield found


@contextmanager
def supervised(folder, *cameras, per_process=16, maker=finders, **parts):
    groups = tuple(
        Group(cameras[n : n + per_process], maker, folder / "spool.sqlite", 50_000_000, folder / "clips")
        for n in range(0, len(cameras), per_process)
    )
    made, stop = Supervisor(groups, **parts), threading.Event()
    thread = threading.Thread(target=made.run, args=(stop,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        stop.set()
        thread.join(15)
        assert not thread.is_alive()


@contextmanager
def beating(heartbeats):
    workers = Workers((Worker("heartbeats", heartbeats.tick, 0.3),))
    workers.start()
    try:
        yield
    finally:
        workers.stop()


def state(made, camera):
    return made.statuses[camera].state


def problem(made, camera):
    return next(status.problem for status in made.totals() if status.camera == camera)


def waiting(folder):
    spool = Spool(folder / "spool.sqlite", 50_000_000)
    try:
        return spool.counts()["waiting"]
    finally:
        spool.close()


def test_a_process_that_freezes_is_killed_and_its_cameras_go_on(port, tmp_path):
    camera = CameraConfig("yard", f"rtsp://127.0.0.1:{port}/walk", timeout_s=1.0)
    with supervised(tmp_path, camera, silent_s=2.0) as made:
        until(lambda: state(made, "yard") is State.LIVE)
        before = made.totals()[0].packets
        os.kill(made.pids[0], signal.SIGSTOP)
        until(lambda: made.restarts == 1)
        until(lambda: state(made, "yard") is State.LIVE)

        assert made.totals()[0].packets >= before


def test_a_process_that_needs_longer_to_start_is_given_longer(port, tmp_path):
    camera = CameraConfig("yard", f"rtsp://127.0.0.1:{port}/walk", timeout_s=1.0)
    with supervised(tmp_path, camera, starting_s=0.05) as made:
        until(lambda: state(made, "yard") is State.LIVE)

        assert made.restarts >= 1


def test_a_camera_that_hangs_where_no_time_out_reaches_is_torn_away(port, tmp_path):
    os.mkfifo(tmp_path / "hung")
    cameras = (
        CameraConfig("hung", f"file://{tmp_path}/hung", timeout_s=0.5),
        CameraConfig("yard", f"rtsp://127.0.0.1:{port}/walk", timeout_s=1.0),
    )
    with supervised(tmp_path, *cameras, per_process=1) as made:
        until(lambda: state(made, "yard") is State.LIVE)
        yard_process = made.pids[1]
        until(lambda: made.restarts >= 1)

        assert made.pids[1] == yard_process
        assert state(made, "yard") is State.LIVE


def test_what_was_seen_lies_in_the_spool_and_its_clip_beside_it(port, tmp_path):
    camera = CameraConfig("yard", f"rtsp://127.0.0.1:{port}/walk", timeout_s=1.0)
    with supervised(tmp_path, camera):
        until(lambda: waiting(tmp_path) == 1)
        until(lambda: list((tmp_path / "clips").glob("yard-*.mkv")))


def test_a_clip_ends_and_what_cannot_be_read_is_hopeless(tmp_path):
    clip = h264(tmp_path / "clip.mp4", [yard(n % 5) for n in range(10)])
    (tmp_path / "words.mp4").write_text("just words")
    made = Supervisor(
        (Group((CameraConfig("a", str(clip)), CameraConfig("b", str(tmp_path / "words.mp4"))), finders,
               tmp_path / "spool.sqlite", 50_000_000),)
    )  # fmt: skip
    made.run(threading.Event())

    assert [state(made, name) for name in "ab"] == [State.ENDED, State.FAILED]
    assert not made.all_hopeless
    assert "words.mp4" in made.statuses["b"].problem


def test_a_watch_is_over_where_a_clip_has_ended_and_the_other_camera_is_hopeless(tmp_path):
    clip = h264(tmp_path / "clip.mp4", [yard(n % 5) for n in range(10)])
    with served(Nowhere) as web:
        cameras = (CameraConfig("a", str(clip)), CameraConfig("b", f"http://127.0.0.1:{web}/b"))
        made = Supervisor((Group(cameras, finders, tmp_path / "spool.sqlite", 50_000_000),))
        is_over = made.run(threading.Event())

    assert is_over
    assert made.rest_hopeless
    assert not made.all_hopeless


def test_the_server_hears_of_cameras_and_its_pause_is_obeyed(door, server, port, tmp_path):  # noqa: F811
    camera = CameraConfig("yard", f"rtsp://127.0.0.1:{port}/walk", timeout_s=1.0)
    with (
        Client(server, key(door)) as client,
        supervised(tmp_path, camera) as made,
        beating(Heartbeats(made, {"yard": client}, lambda _: 7)),
    ):
        until(lambda: state(made, "yard") is State.LIVE)
        (known,) = door.world.engine.cameras.all()
        until(lambda: door.world.engine.cameras.all()[0].state == "live")
        counters = door.world.engine.cameras.all()[0].counters
        assert (counters["connections"], counters["waiting"]) == (1, 7)

        client.patch("/cameras/yard", {"paused": True})
        until(lambda: state(made, "yard") is State.PAUSED)
        client.patch("/cameras/yard", {"paused": False})
        until(lambda: state(made, "yard") is State.LIVE)
        assert known.id == "yard"


def test_a_camera_whose_key_is_refused_is_said_and_the_others_go_on(door, server, port, tmp_path):  # noqa: F811
    cameras = [CameraConfig(name, f"rtsp://127.0.0.1:{port}/walk", timeout_s=1.0) for name in ("yard", "gate")]
    with (
        Client(server, key(door)) as client,
        Client(server, "revoked") as stranger,
        supervised(tmp_path, *cameras) as made,
        beating(Heartbeats(made, {"yard": client, "gate": stranger}, lambda _: 0)),
    ):
        until(lambda: problem(made, "gate"))
        until(lambda: door.world.engine.cameras.all()[0].state == "live")
        assert "refuses its key" in problem(made, "gate")
        assert "homeward keys create" in next(s for s in made.totals() if s.camera == "gate").hint
        assert problem(made, "yard") == ""
        assert not made.all_hopeless


def test_where_no_key_was_ever_taken_there_is_nothing_to_do_but_a_key_that_was_may_be_taken_again(
    door,  # noqa: F811
    server,  # noqa: F811
):
    made = Supervisor((Group([CameraConfig("yard", "rtsp://10.0.0.5/1")], finders, Path("none"), 1),))
    with Client(server, key(door)) as client, Client(server, "revoked") as stranger:
        clients = {"yard": client}
        heartbeats = Heartbeats(made, clients, lambda _: 0)
        heartbeats.tick()
        assert problem(made, "yard") == ""
        clients["yard"] = stranger
        heartbeats.tick()
        assert "refuses its key" in problem(made, "yard")
        assert not made.all_hopeless
        Heartbeats(made, clients, lambda _: 0).tick()
        assert made.all_hopeless
        clients["yard"] = client
        heartbeats.tick()
        assert problem(made, "yard") == ""
        assert not made.all_hopeless


class Together(http.server.BaseHTTPRequestHandler):
    """Answers once four ask at the same time, and then with the page of a hotel's wireless network."""

    meeting = threading.Barrier(4)

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.meeting.wait(LONG_S)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>Please log in</html>")

    def log_message(self, *_):
        pass


def test_cameras_do_not_wait_for_each_others_heartbeats_and_a_log_in_page_ends_nothing():
    names = [f"c{number}" for number in range(8)]
    cameras = [CameraConfig(name, "rtsp://10.0.0.5/1") for name in names]
    made = Supervisor((Group(cameras, finders, Path("none"), 1),))
    with served(Together) as web, Client(f"http://127.0.0.1:{web}", "key") as client:
        Heartbeats(made, dict.fromkeys(names, client), lambda _: 0).tick()

    assert not Together.meeting.broken
    assert all(problem(made, name) == "" for name in names)


def without_models():
    raise ModelInvalid("The weights are broken.", field="file", hint="Fetch them again.")


def too_early():
    """Opens the models at the third try."""
    tries = Path(os.environ["TRIES"])
    with tries.open("a") as file:
        file.write("x")
    if tries.stat().st_size < 3:
        raise RuntimeError("not yet")
    return finders()


def test_models_that_cannot_be_opened_are_said_and_nothing_is_left_to_do(tmp_path):
    camera = CameraConfig("yard", "rtsp://10.0.0.5/1")
    made = Supervisor((Group([camera], without_models, tmp_path / "spool.sqlite", 1_000_000),))
    made.run(threading.Event())

    assert made.all_hopeless
    assert problem(made, "yard") == "The weights are broken."


def test_a_process_that_ends_at_once_is_started_ever_more_rarely(port, tmp_path, monkeypatch):
    monkeypatch.setenv("TRIES", str(tmp_path / "tries"))
    monkeypatch.setattr("homeward.watcher.supervisor.AGAIN_S", 0.2)
    camera = CameraConfig("yard", f"rtsp://127.0.0.1:{port}/walk", timeout_s=1.0)
    with supervised(tmp_path, camera, maker=too_early) as made:
        until(lambda: state(made, "yard") is State.LIVE)

        assert made.restarts == 2


def fetched(url, **headers):
    request = urllib.request.Request(url, headers=headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read(200_000)


def test_the_page_shows_this_machine_what_the_cameras_see(port, tmp_path):
    camera = CameraConfig("yard", f"rtsp://127.0.0.1:{port}/walk", timeout_s=1.0)
    with supervised(tmp_path, camera) as made:
        page = Page(made, lambda: {"waiting": 0, "sent": 3}, port=0, show=True)
        made.on_picture = page.pictures.put
        try:
            until(lambda: state(made, "yard") is State.LIVE)
            (item,) = json.loads(fetched(page.url + "status"))["items"]
            metrics = fetched(page.url + "metrics").decode()
            with urllib.request.urlopen(page.url + "live/yard", timeout=20) as live:
                assert live.readline() == b"--frame\r\n"
                until(lambda: live.readline() == b"\r\n")
                assert live.read(2) == b"\xff\xd8"
            assert b"/live/yard" in fetched(page.url)
            assert "Что видит камера" in fetched(page.url, **{"Accept-Language": "ru"}).decode()
            with pytest.raises(urllib.error.HTTPError, match="403"):
                fetched(page.url + "status", Host="evil.example")
            with pytest.raises(urllib.error.HTTPError, match="404"):
                fetched(page.url + "camera/nobody")
        finally:
            page.close()

    assert (item["camera"], item["state"]) == ("yard", "live")
    assert 'homeward_watch_state{camera="yard",state="live"} 1' in metrics
    assert "homeward_watch_spool_sent_total 3" in metrics


@contextmanager
def page_of_nothing():
    page = Page(Supervisor(()), dict, port=0, show=True)
    try:
        yield page
    finally:
        page.close()


ASKS_METRICS = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"


def answered(page, request):
    with socket.create_connection(("127.0.0.1", urlsplit(page.url).port), LONG_S) as asking, asking.makefile() as lines:
        asking.sendall(request)
        return lines.readline()


@pytest.mark.parametrize("request_", [b"GET / HTTP/1.1\r\nHost: [\r\n\r\n", b"GET http://[/ HTTP/1.1\r\n\r\n"])
def test_the_page_calls_a_bad_request_one(request_, capfd):
    with page_of_nothing() as page:
        assert " 400 " in answered(page, request_)

    assert capfd.readouterr().err == ""


def test_the_page_says_nothing_of_a_browser_that_hangs_up_and_tells_what_is_its_own_fault(capfd):
    faults = [KeyError("a mistake"), BrokenPipeError(), ConnectionResetError()]

    def broken():
        raise faults.pop()

    with page_of_nothing() as page:
        page.counts = broken
        while len(faults) > 1:
            assert answered(page, ASKS_METRICS) == ""
        assert capfd.readouterr().err == ""
        assert answered(page, ASKS_METRICS) == ""

    assert "a mistake" in capfd.readouterr().err


def test_two_cameras_are_looked_at_side_by_side_and_nothing_is_drawn_for_nobody(port, tmp_path):
    cameras = [CameraConfig(name, f"rtsp://127.0.0.1:{port}/walk", timeout_s=1.0) for name in ("yard", "gate")]
    with supervised(tmp_path, *cameras) as made:
        page = Page(made, dict, port=0, show=True)
        drawn = []
        made.on_picture = lambda camera, jpeg: (drawn.append(camera), page.pictures.put(camera, jpeg))
        try:
            until(lambda: all(state(made, camera.id) is State.LIVE for camera in cameras))
            with ExitStack() as tabs:
                live = [tabs.enter_context(urllib.request.urlopen(f"{page.url}live/{c.id}")) for c in cameras]
                for _ in range(3):
                    for tab in live:
                        until(lambda tab=tab: tab.readline().startswith(b"--frame"))
                assert set(drawn) == {"yard", "gate"}
            until(lambda: made.shown == frozenset())
        finally:
            page.close()
