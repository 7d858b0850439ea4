import av
import pytest
import structlog

from homeward.watcher.recorder import Recorder

from .scenes import yard
from .streams import h264


@pytest.mark.parametrize(("sighted_s", "kept"), [(12.0, True), (15.5, False)])
def test_a_stretch_waits_as_long_as_a_crop_of_a_long_window_may(tmp_path, sighted_s, kept):
    """Something moves until the second second; a track's crop is sent after its window of ten."""
    path = h264(tmp_path / "clip.mp4", [yard(n % 5) for n in range(70)], per_second=4, gop=4)
    recorder = Recorder(tmp_path / "kept", "yard", window_s=10.0)
    with av.open(str(path)) as clip:
        for packet in clip.demux(video=0):
            if packet.dts is None:
                continue
            time_s = float(packet.pts * packet.time_base)
            recorder.packet(packet, lambda p=packet: [p], is_busy=time_s < 2.0, time_s=time_s)
            if time_s == sighted_s:
                recorder.sighted()
        recorder.close()

    assert len(list((tmp_path / "kept").glob("yard-*.mkv"))) == kept


def test_a_folder_that_cannot_be_written_to_is_said_and_breaks_nothing(tmp_path):
    path = h264(tmp_path / "clip.mp4", [yard(n % 5) for n in range(10)])
    recorder = Recorder(path, "yard")
    with av.open(str(path)) as clip, structlog.testing.capture_logs() as logs:
        packet = next(clip.demux(video=0))
        recorder.packet(packet, lambda: [packet], is_busy=True, time_s=0.0)
        recorder.sighted()
        recorder.close()

    (told,) = logs
    assert (told["camera"], told["folder"]) == ("yard", str(path))
    assert "can be written to" in told["hint"]
