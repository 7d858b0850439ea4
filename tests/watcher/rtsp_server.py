"""An RTSP server of real cameras' make (GStreamer's), run by the system's Python: clips as streams, round and round.

Use: /usr/bin/python3 rtsp_server.py PORT NAME=CLIP ...; prints ready when it listens.
"""

import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402 - gi wants the versions first


class Looped(GstRtspServer.RTSPMediaFactory):
    """One clip, parsed and not encoded anew, begun again at its end for as long as somebody looks."""

    def __init__(self, clip):
        super().__init__()
        self.clip = clip
        self.set_shared(True)
        self.set_latency(0)

    def do_create_element(self, _url):
        return Gst.parse_launch(
            f"filesrc location={self.clip} ! qtdemux ! h264parse config-interval=-1 ! rtph264pay name=pay0 pt=96"
        )

    def do_configure(self, media):
        GstRtspServer.RTSPMediaFactory.do_configure(self, media)
        media.set_reusable(False)


def main():
    Gst.init(None)
    port, clips = sys.argv[1], dict(each.split("=", 1) for each in sys.argv[2:])
    server = GstRtspServer.RTSPServer()
    server.set_service(port)
    server.set_address("127.0.0.1")
    for name, clip in clips.items():
        server.get_mount_points().add_factory(f"/{name}", Looped(clip))
    server.attach(None)
    print("ready", server.get_bound_port(), flush=True)
    GLib.MainLoop().run()


main()
