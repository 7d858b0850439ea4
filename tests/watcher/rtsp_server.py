"""An RTSP server of real cameras' make (GStreamer's), run by the system's Python: clips as streams.

Use: /usr/bin/python3 rtsp_server.py PORT NAME=CLIP ...; prints ready when it listens. A stream whose name begins with
locked- wants the user viewer and the password hunter2; one whose name begins with udp- speaks nothing else.
"""

import sys
from pathlib import Path

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402 - gi wants the versions first

USER, PASSWORD, ROLE = "viewer", "hunter2", "viewers"


class Played(GstRtspServer.RTSPMediaFactory):
    """One clip, parsed and not encoded anew, from its start for each who comes.

    Not shared: GStreamer's server now and then stands still for good where many come at once to what they share.
    """

    def __init__(self, clip):
        super().__init__()
        self.clip = clip
        self.kind = "h265" if b"hvc1" in Path(clip).read_bytes() else "h264"
        self.set_shared(False)
        self.set_latency(0)

    def do_create_element(self, _url):
        parsed = f"{self.kind}parse config-interval=-1 ! rtp{self.kind}pay name=pay0 pt=96"
        return Gst.parse_launch(f"filesrc location={self.clip} ! qtdemux ! {parsed}")

    def do_configure(self, media):
        GstRtspServer.RTSPMediaFactory.do_configure(self, media)
        media.set_reusable(False)


def token(role):
    made = GstRtspServer.RTSPToken.new()
    made.set_string("media.factory.role", role)
    return made


def locked():
    auth = GstRtspServer.RTSPAuth.new()
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(USER, PASSWORD), token(ROLE))
    auth.set_default_token(token("anybody"))
    return auth


def main():
    Gst.init(None)
    port, clips = sys.argv[1], dict(each.split("=", 1) for each in sys.argv[2:])
    server = GstRtspServer.RTSPServer()
    server.set_service(port)
    server.set_address("127.0.0.1")
    if any(name.startswith("locked-") for name in clips):
        server.set_auth(locked())
    for name, clip in clips.items():
        factory, allowed = Played(clip), GstRtspServer.RTSPPermissions.new()
        for role in (ROLE, "anybody"):
            may = role == ROLE or not name.startswith("locked-")
            allowed.add_permission_for_role(role, "media.factory.access", True)  # without it there is no 401 but a 404
            allowed.add_permission_for_role(role, "media.factory.construct", may)
        factory.set_permissions(allowed)
        if name.startswith("udp-"):
            factory.set_protocols(GstRtsp.RTSPLowerTrans.UDP)
        server.get_mount_points().add_factory(f"/{name}", factory)
    server.attach(None)
    print("ready", server.get_bound_port(), flush=True)
    GLib.MainLoop().run()


main()
