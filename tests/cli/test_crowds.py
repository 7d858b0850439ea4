"""More visitors than files that a process may open."""

import resource
import socket
import subprocess
import sys
from contextlib import ExitStack

from homeward.cli.crowds import may_open_many

FILES, VISITORS = 64, 200
SERVER = f"""
import asyncio, resource
from homeward.cli.listening import listen
from homeward.telemetry import configure

async def greet(reader, writer):
    writer.write(b"hello")
    await writer.drain()
    await reader.read()
    writer.close()

async def main():
    listening = listen("127.0.0.1", 0)
    server = await asyncio.start_server(greet, sock=listening[0], backlog=2048)
    print(listening[0].getsockname()[1], flush=True)
    await server.serve_forever()

configure("info", "json")
resource.setrlimit(resource.RLIMIT_NOFILE, ({FILES}, {FILES}))
asyncio.run(main())
"""


def test_a_crowd_beyond_the_limit_is_hung_up_on_told_of_once_and_others_are_served_after_it(tmp_path):
    said = tmp_path / "stderr"
    with (
        said.open("w") as stderr,
        subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, stderr=stderr, text=True) as server,
        ExitStack() as end,
    ):
        end.callback(server.terminate)
        place = ("127.0.0.1", int(server.stdout.readline()))
        with ExitStack() as crowd:
            visitors = [crowd.enter_context(socket.create_connection(place, timeout=30)) for _ in range(VISITORS)]
            greeted = [heard(visitor) for visitor in visitors]
        while not visited(place):  # until the server has seen that the crowd is gone
            assert server.poll() is None

    assert FILES / 2 < greeted.count(b"hello") < FILES
    assert set(greeted) == {b"hello", b""}
    told = said.read_text().splitlines()
    assert len(told) == 1
    assert "LimitNOFILE" in told[0]


def visited(place):
    with socket.create_connection(place, timeout=30) as visitor:
        return heard(visitor) == b"hello"


def heard(visitor):
    try:
        return visitor.recv(5)
    except ConnectionResetError:
        return b""


def test_a_server_opens_as_many_files_as_its_user_may(monkeypatch):
    now = (1024, 4096)
    monkeypatch.setattr(resource, "getrlimit", lambda _: now)
    asked = []
    monkeypatch.setattr(resource, "setrlimit", lambda _, wanted: asked.append(wanted))

    may_open_many()
    assert asked == [(4096, 4096)]

    now = (1024, resource.RLIM_INFINITY)
    may_open_many()
    assert asked[1:] == [(65_536, resource.RLIM_INFINITY)]

    now = (1_000_000, 1_000_000)
    may_open_many()
    assert len(asked) == 2, "it never takes any away"
