import socket
import threading
from contextlib import suppress

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from homeward.cli import patience
from tests.running import WITHIN_S, running

WHOLE = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
HALF = b"GET / HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture(params=[H11Protocol, HttpToolsProtocol], ids=["h11", "httptools"])
def impatient(request):
    """What `serve` has, on either parser that it may run with."""
    return type("Impatient", (patience.Impatience, request.param), {})


@pytest.fixture
def call(impatient):
    async def answer(request):
        return PlainTextResponse(str(len(await request.body())))

    app, opened = Starlette(routes=[Route("/", answer, methods=["GET", "POST"])]), []
    with running(app, http=impatient) as address:

        def begin():
            opened.append(socket.create_connection(address, timeout=WITHIN_S))
            return opened[-1]

        yield begin
        for line in opened:
            line.close()


def is_hung_up(line):
    """Waits for it, past what is left of an answer."""
    with suppress(ConnectionResetError):
        while line.recv(65536):
            pass
    return True


def answered(line):
    got = b""
    while b"\r\n\r\n" not in got:
        got += line.recv(65536)
    return got.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("said", [b"", b"GE", HALF], ids=["nothing", "a part of a word", "half"])
def test_whoever_does_not_say_what_it_wants_is_hung_up_on(call, monkeypatch, said):
    monkeypatch.setattr(patience, "HEAD_S", 0.1)
    line = call()
    line.sendall(said)

    assert is_hung_up(line)


def test_so_is_whoever_stops_in_the_middle_of_a_second_question(call, monkeypatch):
    monkeypatch.setattr(patience, "HEAD_S", 0.1)
    line = call()
    line.sendall(WHOLE)
    assert answered(line)
    line.sendall(HALF)

    assert is_hung_up(line)


def test_a_head_without_an_end_is_not_kept(call):
    line = call()
    line.sendall(HALF)
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        while True:
            line.sendall(b"X-Long: " + b"a" * 1000 + b"\r\n")


def test_a_body_may_come_slowly_and_be_long(call, monkeypatch):
    monkeypatch.setattr(patience, "HEAD_S", 0.05)
    line = call()
    line.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n")
    threading.Event().wait(0.2)
    line.sendall(b"a" * 200_000)

    assert answered(line)
