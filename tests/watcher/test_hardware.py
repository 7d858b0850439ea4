import pytest
from structlog.testing import CapturingLogger

from homeward.watcher import hardware
from homeward.watcher.capture import recorded
from homeward.watcher.hardware import chosen, names, opens, probed
from homeward.watcher.stream import Stream

from .scenes import yard
from .streams import h264


def test_the_first_that_works_is_taken_and_the_processor_is_left_where_none_does():
    assert chosen("auto", ["cuda", "vaapi"], lambda name: name == "vaapi") == "vaapi"
    assert chosen("auto", ["cuda", "vaapi"], lambda _: False) is None
    assert chosen("cuda", ["vaapi"], lambda _: True) == "cuda"
    assert chosen("cuda", ["cuda", "vaapi"], lambda name: name == "vaapi") is None


def test_without_a_wish_nothing_is_even_tried():
    def fail(name):
        raise AssertionError(name)

    assert chosen("none", ["cuda"], fail) is None


def test_a_device_that_is_not_there_does_not_open():
    assert not opens("no-such-device")


@pytest.mark.skipif(any(opens(name) for name in names()), reason="this machine has a hardware decoder")
def test_where_no_hardware_is_one_line_says_so_and_the_stream_is_decoded_all_the_same(tmp_path, monkeypatch):
    said = CapturingLogger()
    monkeypatch.setattr(hardware, "log", said)
    clip = h264(tmp_path / "clip.mp4", [yard(n % 5) for n in range(30)], gop=5)
    probed.cache_clear()

    found = [probed("auto") for _ in range(3)]
    shown = list(Stream(f"file:{clip}", per_second=1000, hardware=found[0]).frames())

    assert found == [None, None, None]
    assert [call.args[0] for call in said.calls] == ["no hardware decodes here, the processor does"]
    assert len(shown) >= 5


@pytest.mark.skipif(not hardware.names(), reason="this FFmpeg was built without any")
def test_a_device_that_stops_working_leaves_the_processor(tmp_path):
    clip = h264(tmp_path / "clip.mp4", [yard(n % 5) for n in range(10)], gop=5)

    assert list(Stream(f"file:{clip}", per_second=1000, hardware=names()[-1]).frames())
    assert len(list(recorded(str(clip), per_second=100))) == 10
