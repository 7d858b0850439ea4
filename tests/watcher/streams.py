"""Real streams for tests: GStreamer's RTSP server, and a proxy before it that does what bad networks and cameras do."""

import contextlib
import http.server
import shutil
import socket
import subprocess
import threading
import time
from pathlib import Path

import av
import pytest

from .scenes import SIZE

PYTHON = "/usr/bin/python3"
SERVER = Path(__file__).with_name("rtsp_server.py")
MISSING = "GStreamer's RTSP server is not installed; make test installs it where it may"


def needs_rtsp():
    """Skip where the server cannot run, and say so."""
    probe = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
    there = shutil.which(PYTHON) and subprocess.run([PYTHON, "-c", probe], capture_output=True, check=False)
    if not there or there.returncode:
        pytest.skip(MISSING)


def h264(path, pictures, per_second=25, gop=25, size=SIZE, preset="ultrafast", megabits=None):
    """A clip of ``pictures`` with a key frame every ``gop`` frames and none between."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=per_second)
        stream.width, stream.height, stream.pix_fmt = size[1], size[0], "yuv420p"
        stream.codec_context.gop_size = gop
        stream.options = {"preset": preset, "tune": "zerolatency", "sc_threshold": "0", "crf": "20"}
        if megabits is not None:
            del stream.options["crf"]
            stream.bit_rate = int(megabits * 1e6)
        for shown in pictures:
            file.mux(stream.encode(av.VideoFrame.from_ndarray(shown, format="rgb24")))
        file.mux(stream.encode())
    return path


def spoil(path, numbers):
    """Overwrite packets of a clip with zeros, which no decoder takes."""
    with av.open(str(path)) as file:
        packets = [(packet.pos, packet.size) for packet in file.demux(video=0) if packet.size]
    data = bytearray(path.read_bytes())
    for number in numbers:
        pos, size = packets[number]
        data[pos : pos + size] = bytes(size)
    path.write_bytes(data)
    return path


@contextlib.contextmanager
def rtsp(**clips):
    """The server's port; each clip is a stream of its name, played once for each who connects.

    GStreamer's server now and then dies of an assertion of its own (`gst_rtsp_media_get_rates`) when somebody comes as
    a clip ends. It is then started again on its port, like a camera that restarts.
    """
    made, over = [_rtsp_server("0", clips)], threading.Event()
    port = made[0][1]

    def watch():
        while not over.is_set():
            made[-1][0].wait()
            if not over.is_set():
                made.append(_rtsp_server(port, clips))

    keeper = threading.Thread(target=watch, daemon=True)
    keeper.start()
    try:
        yield int(port)
    finally:
        over.set()
        while keeper.is_alive():
            made[-1][0].kill()
            keeper.join(0.1)
        for process, _ in made:
            process.stdout.close()


def _rtsp_server(port, clips):
    streams = [f"{name}={path}" for name, path in clips.items()]
    process = subprocess.Popen([PYTHON, str(SERVER), port, *streams], stdout=subprocess.PIPE, text=True)
    word, port = process.stdout.readline().split()
    assert word == "ready"
    return process, port


@contextlib.contextmanager
def served(handler, secret=None):
    """The port of a web server, over TLS where there is a ``secret``."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if secret is not None:
        server.socket = secret.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Nowhere(http.server.BaseHTTPRequestHandler):
    """Has no stream of any name."""

    def do_GET(self):
        self.send_error(http.HTTPStatus.NOT_FOUND)

    def log_message(self, *_):
        pass


class Proxy:
    """Passes bytes on between a client and ``port``, or does what ``fault`` says.

    silent (takes connections and says nothing), stopped (connections stay, nothing passes), cut (all connections
    break, new ones are refused), trickle (a byte now and then), garbage (noise instead of what came).
    """

    def __init__(self, port):
        self.fault = None
        self.faults = 0
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open = []
        self._closed = False
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def set(self, fault):
        self.fault = fault
        if fault == "cut":
            self._cut()

    def close(self):
        self._closed = True
        self._listener.close()
        self._cut()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _cut(self):
        for each in self._open:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self._open = []

    def _accept(self):
        while not self._closed:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(client)
            if self.fault == "cut":
                client.close()
                continue
            if self.fault == "silent":
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self._port))
            except OSError:
                client.close()
                continue
            self._open.append(server)
            for one, other, spoils in ((client, server, False), (server, client, True)):
                threading.Thread(target=self._pass, args=(one, other, spoils), daemon=True).start()

    def _pass(self, one, other, spoils):
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                while spoils and self.fault in {"stopped", "silent"} and not self._closed:
                    time.sleep(0.02)
                if spoils and self.fault == "garbage":
                    data = bytes((byte * 7 + 13) % 256 for byte in data)
                if spoils and self.fault == "trickle":
                    for byte in data:
                        if self.fault != "trickle" or self._closed:
                            break
                        other.sendall(bytes([byte]))
                        time.sleep(0.2)
                    continue
                other.sendall(data)
        for each in (one, other):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
