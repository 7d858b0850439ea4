from datetime import UTC, datetime, time
from pathlib import Path

import numpy as np
import pytest

from homeward.domain.animals import Species
from homeward.domain.boxes import Box
from homeward.errors import BadSettings
from homeward.watcher.areas import HIDDEN, Areas
from homeward.watcher.config import HTTP_TIMEOUT_S, Schedule, camera_from, read_config, server_from

LEFT = ((0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0))
WHOLE = """
server = "https://pets.example.org"
spool_mb = 100
cameras_per_process = 4

[[camera]]
id = "yard"
source = "rtsp://user:secret@10.0.0.5/stream1"
substream = "rtsp://user:secret@10.0.0.5/stream2"
lat = 57.6
lon = 39.8
window_s = 4
detect_px = 320
schedule = "20:00-07:30"
least = { dog = 0.5 }
zones = [[[0, 0], [0.5, 0], [0.5, 1]]]
masks = [[[0.9, 0.9], [1, 0.9], [1, 1], [0.9, 1]]]

[[camera]]
id = "gate"
source = "http://10.0.0.6/live.m3u8"
"""


def written(tmp_path, text):
    path = tmp_path / "cameras.toml"
    path.write_text(text)
    return path


def test_a_file_of_cameras_is_read(tmp_path):
    config = read_config(written(tmp_path, WHOLE))

    yard, gate = config.cameras
    assert (config.server, config.spool_mb, config.cameras_per_process) == ("https://pets.example.org", 100, 4)
    assert (yard.id, yard.window_s, yard.least, yard.lat) == ("yard", 4, {Species.DOG: 0.5}, 57.6)
    assert (yard.detect_px, gate.detect_px) == (320, None)
    assert yard.zones == (((0, 0), (0.5, 0), (0.5, 1)),)
    assert len(yard.masks[0]) == 4
    assert (gate.window_s, gate.fps, gate.schedule, gate.timeout_s) == (3.0, 5.0, None, 10.0)


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ('id = "Yard Cam"', "id"),
        ('colour = "red"', "yard.colour"),
        ("window_s = 0", "yard.window_s"),
        ("fps = true", "yard.fps"),
        ("detect_px = 320.5", "yard.detect_px"),
        ("detect_px = 64", "yard.detect_px"),
        ("lat = 91", "yard.lat"),
        ('hardware = "magic"', "yard.hardware"),
        ("turn = 45", "yard.turn"),
        ("turn = true", "yard.turn"),
        ('aspect = "wide"', "yard.aspect"),
        ('aspect = "16:0"', "yard.aspect"),
        ('aspect = "90:1"', "yard.aspect"),
        ('schedule = "at night"', "yard.schedule"),
        ("least = { bird = 0.5 }", "yard.least"),
        ("least = { cat = 5 }", "yard.least"),
        ("zones = [[[0, 0], [1, 1]]]", "yard.zones"),
        ("masks = [[[0, 0], [0.5, 0.5], [1, 1]]]", "yard.masks"),
        ("schedule = '20:00Z-07:30Z'", "yard.schedule"),
        ("masks = [[[0, 0], [1, 1], [2, 0]]]", "yard.masks"),
        ('source = "nothing.mp4"', "yard.source"),
        ("source = 7", "yard.source"),
    ],
)
def test_what_is_wrong_is_said_with_camera_and_key(tmp_path, line, field):
    key = line.partition(" ")[0]
    lines = [own for own in ('id = "yard"', 'source = "rtsp://u:secret@h/1"') if not own.startswith(f"{key} ")]
    with pytest.raises(BadSettings) as raised:
        read_config(written(tmp_path, "[[camera]]\n" + "\n".join([*lines, line])))

    assert raised.value.field == field
    assert "secret" not in f"{raised.value.message} {raised.value.hint}"


@pytest.mark.parametrize("key", ["source", "substream"])
@pytest.mark.parametrize(
    "address",
    [
        "http://u:secret@[::1",
        "rtsp://u:secret@host:99999/1",
        "rtsp://u:secret@host:no/1",
        "rtsp://",
        "rtsp://:554/1",
        "rtsp://u:secret@a host/1",
        " rtsp://u:secret@host/1",
        "rtsp://u:secret#1@host/1",
        "rtsp ://u:secret@host/1",
    ],
)
def test_an_address_that_is_none_is_refused_before_anything_starts(address, key):
    given = {"id": "yard", "source": "rtsp://host/1", key: address}
    with pytest.raises(BadSettings, match="yard: that is no address") as raised:
        camera_from(given, Path())

    assert raised.value.field == f"yard.{key}"
    assert "secret" not in f"{raised.value.message} {raised.value.hint}"


def test_a_scheme_in_capitals_is_the_same_address():
    camera = camera_from({"id": "yard", "source": "HTTP://[::1]:80/A", "substream": "Rtsp://User:Pass@Host/A"}, Path())

    assert (camera.source, camera.substream) == ("http://[::1]:80/A", "rtsp://User:Pass@Host/A")
    assert camera.timeout_s == HTTP_TIMEOUT_S


@pytest.mark.parametrize(
    "text", ["", "camera = 3", "[[camera]]\nid=", '[[camera]]\nid="a"\nsource="rtsp://h"\n' * 2, "\x00"]
)
def test_files_that_name_no_cameras_or_one_twice_are_refused(tmp_path, text):
    with pytest.raises(BadSettings):
        read_config(written(tmp_path, text))
    with pytest.raises(BadSettings):
        read_config(tmp_path / "nothing.toml")


@pytest.mark.parametrize(
    "address",
    ["foo", "http://", "http://[::1", "http://[::1]x", "http://h:abc", "http://h:99999", "http://h:0", "http://my h",
     " http://h", "http://h\n", "ftp://h"],
)  # fmt: skip
def test_what_is_no_address_of_a_server_is_refused(address):
    with pytest.raises(BadSettings) as raised:
        server_from(address)

    assert raised.value.field == "server"
    assert "\n" not in raised.value.message


@pytest.mark.parametrize("address", ["http://[::1]:8000", "https://pets.example.org/cats", "http://дом.рф"])
def test_an_address_of_a_server_is_taken_as_it_is(address):
    assert server_from(address) == address


def test_a_schedule_may_go_over_midnight():
    night, day = Schedule(time(20), time(7, 30)), Schedule(time(8), time(18))
    local = datetime(2026, 6, 1, 22, 0).astimezone()

    assert night.holds(local.astimezone(UTC))
    assert night.holds(local.replace(hour=3))
    assert not night.holds(local.replace(hour=12))
    assert day.holds(local.replace(hour=12))
    assert not day.holds(local)


def test_an_animal_counts_where_it_stands():
    areas = Areas(zones=(LEFT,), masks=(((0.0, 0.8), (0.2, 0.8), (0.2, 1.0), (0.0, 1.0)),))

    assert areas.counts(Box(10, 10, 30, 60), 100, 100)
    assert not areas.counts(Box(60, 10, 80, 60), 100, 100)
    assert not areas.counts(Box(5, 50, 15, 95), 100, 100)
    assert Areas().counts(Box(60, 10, 80, 60), 100, 100)


def test_what_is_masked_is_painted_over():
    picture = np.full((100, 100, 3), 7, np.uint8)
    shown = Areas(masks=(LEFT,)).without_hidden(picture)

    assert (shown[:, :49] == HIDDEN).all()
    assert (shown[:, 52:] == 7).all()
    assert (picture == 7).all()
