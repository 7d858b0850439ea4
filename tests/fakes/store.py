"""A real S3 server over HTTP (moto's), and one in front of it that fails as it is told to."""

import http.client
import logging
import threading
from collections import deque
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2
from moto.server import ThreadedMotoServer

KEY = "AKIATEST:a-secret-that-nobody-may-see"
PASS, HANG, CUT = 0, -1, -2


@contextmanager
def s3_server():
    """Yields its address, with an empty bucket named photos."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    httpx2.put(f"http://{host}:{port}/photos", timeout=120).raise_for_status()  # its first answer loads a lot
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


class Faulty:
    """Passes requests on to ``url``, but answers the next ones as ``faults`` say; the last of ``always`` for ever.

    A fault is a status, `HANG` (no answer until the end), `CUT` (the connection is closed) or `PASS`.
    """

    def __init__(self, url):
        self.target = url.removeprefix("http://")
        self.faults, self.always, self.seen = deque(), PASS, []
        self.over = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do(self):
                outer.answer(self)

            def log_message(self, *_args):
                pass

            do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = do  # noqa: N815 - the base class names them

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_error):
        self.over.set()
        self.server.shutdown()
        self.server.server_close()

    def answer(self, request):
        body = request.rfile.read(int(request.headers.get("content-length") or 0))
        fault = self.faults.popleft() if self.faults else self.always
        self.seen.append((request.command, request.path))
        request.close_connection = True
        if fault == HANG:
            self.over.wait()
        elif fault == PASS:
            self.pass_on(request, body)
        elif fault != CUT:
            request.send_response(fault)
            request.send_header("Content-Length", "0")
            request.end_headers()

    def pass_on(self, request, body):
        connection = http.client.HTTPConnection(self.target, timeout=10)
        connection.request(request.command, request.path, body, dict(request.headers))
        found = connection.getresponse()
        data = found.read()
        request.send_response(found.status)
        for name, value in found.getheaders():
            if name.lower() not in {"connection", "transfer-encoding"}:
                request.send_header(name, value)
        request.end_headers()
        request.wfile.write(data)
        connection.close()
