"""The product on a real PostgreSQL: a whole story over HTTP, and what two servers on one database make of each other."""

import socket
import subprocess
import sys
from contextlib import contextmanager

import httpx2
import numpy as np
import pytest

from tests.e2e import postgres_crash
from tests.e2e.crash import START, Server, picture
from tests.fakes.postgres import QUICK, running


@pytest.fixture(scope="module")
def two_servers(postgres_server, tmp_path_factory):
    """Two servers on one database and one folder of photos."""
    folder = tmp_path_factory.mktemp("servers")
    servers = [Server(folder / "data", name=name) for name in ("one", "two")]
    with postgres_server.database() as url, pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOMEWARD_DATABASE_URL", url)
        for server in servers:
            server.start()
        yield servers
        for server in servers:
            server.stop()


def file(url, shelf, pair, key=None):
    form = {"shelf": shelf, "species": "cat", "keep_without_animal": "true", "lat": "57.6", "lon": "39.85"}
    headers = {"Idempotency-Key": key} if key else {}
    photo = {"photo": ("a.jpg", picture(pair), "image/jpeg")}
    return httpx2.post(f"{url}/api/v1/reports", data=form, files=photo, headers=headers, timeout=60)


def own(answer):
    return {"Authorization": f"Bearer {answer.json()['link'].split('#token=')[1]}"}


def test_what_is_filed_at_one_server_is_matched_and_seen_at_the_other(two_servers):
    one, two = two_servers
    lost = file(one.url, "lost", 1)
    assert lost.status_code == 201, lost.text
    with httpx2.stream("GET", f"{one.url}/api/v1/events", headers=own(lost), timeout=60) as events:
        lines = events.iter_lines()
        next(lines)
        found = file(two.url, "found", 1)
        assert found.status_code == 201, found.text
        told = next(line for line in lines if line.startswith("data:"))

    assert found.json()["id"] in told
    matches = httpx2.get(f"{two.url}/api/v1/lost/{lost.json()['id']}/matches", headers=own(lost), timeout=30).json()
    assert [item["found_id"] for item in matches["items"]] == [found.json()["id"]]
    photo = httpx2.get(f"{one.url}{matches['items'][0]['photo']['thumb']}", timeout=30)
    assert photo.content.startswith(b"\xff\xd8")


def test_one_key_makes_one_report_whichever_server_hears_it(two_servers):
    one, two = two_servers
    first = file(one.url, "lost", 2, key="the-same")
    again = file(two.url, "lost", 2, key="the-same")

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json()["id"] == first.json()["id"]
    assert again.headers["Idempotency-Replayed"] == "true"


def test_a_worker_says_whether_it_can_work_and_serves_nobody(postgres_server, tmp_path, monkeypatch):
    with postgres_server.database() as url, busy_port() as taken:
        monkeypatch.setenv("HOMEWARD_DATABASE_URL", url)
        command = [sys.executable, "-c", START, "work", "--data", str(tmp_path / "data"), "--port"]
        refused = subprocess.run([*command, str(taken)], capture_output=True, text=True, timeout=120, check=False)
        assert (refused.returncode, f"Port {taken} cannot be used." in refused.stderr) == (1, True), refused.stderr

        with subprocess.Popen([*command, "0"], stderr=subprocess.PIPE, text=True) as worker:
            try:
                told = next(line for line in worker.stderr if line.startswith("Health on "))
                door = told.removeprefix("Health on ").strip().removesuffix("/readyz")
                ready = httpx2.get(f"{door}/readyz", timeout=30)
                assert (ready.status_code, ready.json()["checks"]["database"]) == (200, True)
                assert httpx2.get(f"{door}/livez", timeout=30).json() == {"status": "ok"}
                assert "homeward_steps_total" in httpx2.get(f"{door}/metrics", timeout=30).text
                forwarded = httpx2.get(f"{door}/metrics", headers={"X-Forwarded-For": "192.0.2.1"}, timeout=30)
                assert forwarded.status_code == 401
                assert httpx2.get(f"{door}/api/v1/reports", timeout=30).status_code == 404
            finally:
                worker.terminate()
            worker.communicate(timeout=30)
        assert worker.returncode == 0


@contextmanager
def busy_port():
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


@pytest.fixture
def killable(tmp_path, monkeypatch):
    """A server of its own that may be killed, and a database on it; what it says is on the disk is on the disk."""
    monkeypatch.setenv("HOMEWARD_UPLOADS_PER_MINUTE", "0")
    with running(
        settings=tuple(setting for setting in QUICK if setting not in {"fsync=off", "full_page_writes=off"})
    ) as server:
        server.ask("CREATE DATABASE homeward")
        monkeypatch.setenv("HOMEWARD_DATABASE_URL", server.url("homeward"))
        yield server, server.url("homeward")


@pytest.mark.long
@pytest.mark.timeout(900)
def test_nothing_acknowledged_is_lost_when_server_postgres_worker_and_models_are_killed_in_turn(
    killable, tmp_path, monkeypatch
):
    outcome = postgres_crash.run(tmp_path / "data", *killable, monkeypatch, kills=4, clients=3, seed=1)

    assert len(outcome.ledger.filings) > 4
    assert set(outcome.away_s) == {"server", "postgres", "worker", "models"}


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_nothing_acknowledged_is_lost_over_a_hundred_kills_in_turn(killable, tmp_path, monkeypatch):
    outcome = postgres_crash.run(tmp_path / "data", *killable, monkeypatch, kills=100, clients=4, seed=2)

    for name, seconds in outcome.away_s.items():
        said = f"{name}: away {np.median(seconds):.1f} s, at most {max(seconds):.1f} s, {len(seconds)} kills\n"
        sys.stdout.write(said)
    assert len(outcome.ledger.filings) > 100
