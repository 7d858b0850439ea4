"""Kill -9 of servers, PostgreSQL, a worker and the model service in turn, under load: what was acknowledged must be there.

Clients send to whichever server they like, and again with the same key until one acknowledges. How long the service was
away after each kill is measured, until any server acknowledges anything again.
"""

import os
import random
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest

from tests.e2e.crash import START, Ledger, Server, acknowledge, check, claim, form
from tests.e2e.model_crash import ModelServer
from tests.fakes.postgres import PostgresServer

PASSING = {409, 429, 503}
LOAD_S, BACK_WITHIN_S = (0.3, 1.5), 120


@dataclass
class Worker:
    """`homeward work` as a process of its own."""

    folder: Path
    process: "subprocess.Popen[bytes] | None" = None

    def launch(self) -> None:
        command = [sys.executable, "-c", START, "work", "--data", str(self.folder)]
        with (self.folder.parent / "worker.log").open("ab") as log:
            self.process = subprocess.Popen(command, env={**os.environ, "HOMEWARD_MODEL_THREADS": "1"}, stdout=log,
                                            stderr=log)  # fmt: skip

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)


@dataclass
class Cluster:
    """Two servers and a worker on one database and one folder, with one model service for all of them."""

    folder: Path
    postgres: PostgresServer
    servers: list[Server] = field(init=False)
    worker: Worker = field(init=False)
    models: ModelServer = field(init=False)

    def __post_init__(self) -> None:
        self.models = ModelServer(self.folder.parent)
        self.servers = [Server(self.folder, name=f"server{number}") for number in (1, 2)]
        self.worker = Worker(self.folder)

    def start(self) -> None:
        self.models.start()
        self.worker.launch()
        for server in self.servers:
            server.launch()
        for server in self.servers:
            server.wait()

    def stop(self) -> None:
        for one in (*self.servers, self.worker, self.models):
            one.stop()

    def watch_over(self) -> None:
        """As systemd does: what gave up, since its database was away just as it started, is started again."""
        for one in (*self.servers, self.worker, self.models):
            if one.process.poll() is not None:
                one.launch()

    def until_up(self, server: Server) -> None:
        deadline = time.monotonic() + BACK_WITHIN_S
        while not server.is_ready():
            assert time.monotonic() < deadline, server.log.read_text()[-3000:]
            self.watch_over()
            time.sleep(0.05)

    def kill(self, turn: int) -> str:
        """The next in turn dies, and is started again as whoever watches over it would; nobody waits until it is up."""
        if turn % 5 == 1:
            self.postgres.kill()
            self.postgres.start()
            return "postgres"
        if turn % 5 in {2, 3}:
            name, one = ("worker", self.worker) if turn % 5 == 2 else ("models", self.models)
            one.kill()
            one.launch()
            return name
        server = self.servers[0 if turn % 5 == 0 else 1]
        self.until_up(server)
        server.kill()
        server.launch()
        return "server"


@dataclass
class Outcome:
    """``away_s`` by what was killed: from when its start was begun until the next acknowledgement anywhere."""

    ledger: Ledger = field(default_factory=Ledger)
    away_s: dict[str, list[float]] = field(default_factory=dict)
    last_ack: float = 0.0


def run(
    folder: Path, postgres: PostgresServer, url: str, patch: pytest.MonkeyPatch, *, kills: int, clients: int, seed: int
) -> Outcome:
    """Load, ``kills`` kills in turn, and the check. Raises AssertionError on any loss or double."""
    rng, outcome = random.Random(seed), Outcome()
    cluster = Cluster(folder, postgres)
    patch.setenv("HOMEWARD_MODEL_SERVICE", cluster.models.url)
    cluster.start()
    done = threading.Event()
    urls = [server.url for server in cluster.servers]
    threads = [threading.Thread(target=client, args=(urls, outcome, done, rng.random())) for _ in range(clients)]
    try:
        for thread in threads:
            thread.start()
        for turn in range(kills):
            done.wait(rng.uniform(*LOAD_S))
            name = cluster.kill(turn)
            began = time.monotonic()
            while outcome.last_ack < began:
                assert time.monotonic() < began + BACK_WITHIN_S, f"nothing came back after the {name} was killed"
                cluster.watch_over()
                time.sleep(0.01)
            outcome.away_s.setdefault(name, []).append(outcome.last_ack - began)
        done.set()
        for thread in threads:
            thread.join()
        for server in cluster.servers:
            cluster.until_up(server)
        finish(urls, outcome)
        check(urls[0], outcome.ledger)
        check_rows(postgres, url, outcome.ledger)
    finally:
        done.set()
        cluster.stop()
    return outcome


def client(urls: list[str], outcome: Outcome, done: threading.Event, seed: float) -> None:
    """Files open reports anew, then new pairs, at any server."""
    rng = random.Random(seed)
    with httpx2.Client(timeout=60) as http:
        while not done.is_set():
            if not send(http, rng.choice(urls), outcome, claim(outcome.ledger, rng)):
                done.wait(0.2)  # as a client that was asked to come again in a moment


def send(http: httpx2.Client, url: str, outcome: Outcome, filing) -> bool:
    """Whether it was acknowledged; nobody there, or nobody able just now, is no answer."""
    photo = {"photo": ("a.jpg", filing.photo, "image/jpeg")}
    try:
        answer = http.post(
            f"{url}/api/v1/reports", data=form(filing), files=photo, headers={"Idempotency-Key": filing.key}
        )
    except httpx2.HTTPError:
        return False
    if answer.status_code in PASSING:
        return False
    assert answer.status_code == 201, answer.text
    acknowledge(outcome.ledger, filing, answer)
    outcome.last_ack = time.monotonic()
    return True


def finish(urls: list[str], outcome: Outcome) -> None:
    """Everything in doubt is sent until it is acknowledged, as a client would."""
    deadline = time.monotonic() + 120
    with httpx2.Client(timeout=60) as http:
        for filing in outcome.ledger.open():
            while not send(http, urls[0], outcome, filing):
                assert time.monotonic() < deadline, "a report is never acknowledged"


def check_rows(postgres: PostgresServer, url: str, ledger: Ledger) -> None:
    """One report for each key, no job left, no pair of report and encounter that was alerted twice."""
    name = url.rsplit("/", 1)[1]
    assert postgres.ask("SELECT count(*) FROM reports", name) == [(len(ledger.filings),)]
    doubles = "SELECT kind, lost_id, encounter_id FROM outbox GROUP BY 1, 2, 3 HAVING count(*) > 1 AND kind = 'match'"
    assert postgres.ask(doubles, name) == []
    assert postgres.ask("SELECT count(*) FROM embeddings e LEFT JOIN points p ON p.embedding_id = e.id "
                        "WHERE p.embedding_id IS NULL", name) == [(0,)]  # fmt: skip
