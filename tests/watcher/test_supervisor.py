import json
import os
import signal
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager

import pytest

from homeward.client import Client
from homeward.watcher.camera import CameraWatch
from homeward.watcher.config import CameraConfig
from homeward.watcher.page import Page
from homeward.watcher.spool import Spool
from homeward.watcher.status import State
from homeward.watcher.supervisor import Supervisor
from homeward.watcher.worker import Group
from tests.doors.conftest import door, server  # noqa: F401 - fixtures

from .scenes import Finder, with_animal, yard
from .streams import h264, needs_rtsp, rtsp
from .test_stream import until
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
def supervised(folder, *cameras, clients=None, per_process=16, **parts):
    groups = tuple(
        Group(cameras[n : n + per_process], finders, folder / "spool.sqlite", 50_000_000, folder / "clips")
        for n in range(0, len(cameras), per_process)
    )
    made, stop = Supervisor(groups, clients or {}, **parts), threading.Event()
    thread = threading.Thread(target=made.run, args=(stop,), daemon=True)
    thread.start()
    until(lambda: made.statuses)
    try:
        yield made
    finally:
        stop.set()
        thread.join(15)
        assert not thread.is_alive()


def state(made, camera):
    return made.statuses[camera].state


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


def test_the_server_hears_of_cameras_and_its_pause_is_obeyed(door, server, port, tmp_path):  # noqa: F811
    camera = CameraConfig("yard", f"rtsp://127.0.0.1:{port}/walk", timeout_s=1.0)
    with (
        Client(server, key(door)) as client,
        supervised(tmp_path, camera, clients={"yard": client}, heartbeat_s=0.3, waiting=lambda _: 7) as made,
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
            with pytest.raises(urllib.error.HTTPError, match="403"):
                fetched(page.url + "status", Host="evil.example")
            with pytest.raises(urllib.error.HTTPError, match="404"):
                fetched(page.url + "camera/nobody")
        finally:
            page.close()

    assert (item["camera"], item["state"]) == ("yard", "live")
    assert 'homeward_watch_state{camera="yard",state="live"} 1' in metrics
    assert "homeward_watch_spool_sent_total 3" in metrics
