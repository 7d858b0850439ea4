"""Page: a small local web page with what the cameras see, and the figures for Prometheus."""

import errno
import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from html import escape
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

from homeward.errors import BadSettings
from homeward.locales import best_language, text
from homeward.watcher.status import as_item, metrics
from homeward.watcher.supervisor import Supervisor

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
BOUNDARY = "frame"
WAIT_S = 1.0
STYLE = """
body { font: 16px system-ui, sans-serif; margin: 0; background: #14161a; color: #e8e8e8 }
main { max-width: 960px; margin: 0 auto; padding: 12px }
img { width: 100%; height: auto; background: #000 }
a { color: #8fb4ff; margin-right: 12px } p { color: #a9adb5 }
"""


@dataclass(slots=True)
class Pictures:
    """The newest picture of each camera that somebody looks at; ``show`` is told which these are."""

    show: Callable[[frozenset[str]], None]

    _new: threading.Condition = field(default_factory=threading.Condition)
    _jpegs: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    _viewers: Counter[str] = field(default_factory=Counter)

    def put(self, camera: str, jpeg: bytes) -> None:
        """There is a new one."""
        with self._new:
            number = self._jpegs.get(camera, (0, b""))[0]
            self._jpegs[camera] = (number + 1, jpeg)
            self._new.notify_all()

    @contextmanager
    def viewed(self, camera: str) -> Iterator[None]:
        """Somebody looks at it."""
        self._count(camera, 1)
        try:
            yield
        finally:
            self._count(camera, -1)

    def _count(self, camera: str, more: int) -> None:
        with self._new:
            self._viewers[camera] += more
            self.show(frozenset(name for name, viewers in self._viewers.items() if viewers))

    def after(self, camera: str, number: int) -> tuple[int, bytes] | None:
        """One that is newer than ``number``; None where none came for a second."""
        with self._new:
            self._new.wait_for(lambda: self._jpegs.get(camera, (0, b""))[0] > number, WAIT_S)
            found = self._jpegs.get(camera)
        return found if found is not None and found[0] > number else None


class _Server(ThreadingHTTPServer):
    """Says nothing of a browser that hangs up."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class Page:
    """``/`` for people, ``/metrics`` for Prometheus, ``/status`` for programs. Answers this machine only."""

    def __init__(self, supervisor: Supervisor, counts: Callable[[], dict[str, int]], *, port: int, show: bool) -> None:
        """Listen on ``port`` (0 takes any that is free); pictures are shown only with ``show``.

        Raises:
            BadSettings: another program listens there, or this user may not.
        """
        self.supervisor, self.counts, self.show = supervisor, counts, show
        self.pictures = Pictures(supervisor.show)
        self.is_open = True
        page = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                page.answer(self)

            def log_message(self, *_: Any) -> None:
                """Nothing is logged: paths name cameras."""

        try:
            self._server = _Server(("127.0.0.1", port), Handler)
        except OSError as error:
            told = "is taken" if error.errno == errno.EADDRINUSE else "cannot be used"
            hint = "Give another --port, or 0 for any that is free."
            raise BadSettings(f"Port {port} {told}.", field="port", hint=hint) from error
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._server.server_port}/"

    def close(self) -> None:
        """Stop listening."""
        self.is_open = False
        self._server.shutdown()
        self._server.server_close()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """One request. Other names than this machine's are refused, so that no web site reads it through a browser."""
        try:
            host = urlsplit(f"//{request.headers.get('Host', '')}").hostname
            path = unquote(urlsplit(request.path).path)
        except ValueError:
            _write(request, HTTPStatus.BAD_REQUEST, "text/plain", b"no address\n")
            return
        if host not in LOOPBACK:
            _write(request, HTTPStatus.FORBIDDEN, "text/plain", b"this machine only\n")
        else:
            self._answer(request, path)

    def _answer(self, request: BaseHTTPRequestHandler, path: str) -> None:
        camera = path.rpartition("/")[2]
        if path == "/metrics":
            figures = metrics(self.supervisor.totals(), self.counts(), self.supervisor.restarts)
            _write(request, HTTPStatus.OK, "text/plain; version=0.0.4", figures.encode())
        elif path == "/status":
            now = time.monotonic()
            items = [as_item(status, now) for status in self.supervisor.totals()]
            _write(request, HTTPStatus.OK, "application/json", json.dumps({"items": items, "next": None}).encode())
        elif self.show and (path == "/" or (path.startswith("/camera/") and camera in self.supervisor.statuses)):
            shown = camera or next(iter(self.supervisor.statuses))
            language = best_language(request.headers.get("Accept-Language"))
            _write(request, HTTPStatus.OK, "text/html; charset=utf-8", self._html(shown, language).encode())
        elif self.show and path.startswith("/live/") and camera in self.supervisor.statuses:
            self._stream(request, camera)
        else:
            _write(request, HTTPStatus.NOT_FOUND, "text/plain", b"no such page\n")

    def _html(self, shown: str, language: str) -> str:
        links = "".join(f'<a href="/camera/{escape(name)}">{escape(name)}</a>' for name in self.supervisor.statuses)
        return (
            f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>{escape(shown)} - Homeward</title>'
            f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style><main><nav>{links}</nav>'
            f'<h1>{escape(shown)}</h1><img src="/live/{escape(shown)}" alt="{text(language, "watch.alt")}">'
            f"<p>{text(language, 'watch.legend')}</p></main></html>"
        )

    def _stream(self, request: BaseHTTPRequestHandler, camera: str) -> None:
        """Pictures one after the other, until the browser goes away."""
        request.send_response(HTTPStatus.OK)
        request.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={BOUNDARY}")
        request.send_header("Cache-Control", "no-store")
        request.end_headers()
        number = 0
        with suppress(OSError), self.pictures.viewed(camera):
            while self.is_open:
                found = self.pictures.after(camera, number)
                if found is None:
                    continue
                number, jpeg = found
                head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                request.wfile.write(head.encode() + jpeg + b"\r\n")


def _write(request: BaseHTTPRequestHandler, status: HTTPStatus, kind: str, body: bytes) -> None:
    request.send_response(status)
    request.send_header("Content-Type", kind)
    request.send_header("Content-Length", str(len(body)))
    request.send_header("Cache-Control", "no-store")
    request.end_headers()
    request.wfile.write(body)
