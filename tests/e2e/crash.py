"""Kill -9 under load: a server is killed at random moments, and what was acknowledged is compared with what is there."""

import io
import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen

import httpx2
from PIL import Image

from tests.ports import free_port

START = "from homeward.cli import main; main()"
READY_WITHIN_S = 180


@dataclass
class Filing:
    """One report that a client wants filed: sent again with the same key until it is acknowledged."""

    key: str
    shelf: str
    photo: bytes
    pair: int
    acknowledged: dict[str, str] | None = None


@dataclass
class Ledger:
    """What the clients remember. ``replayed`` counts answers that were given a second time."""

    filings: list[Filing] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    replayed: int = 0

    def open(self) -> list[Filing]:
        with self.lock:
            return [filing for filing in self.filings if filing.acknowledged is None]


class Server:
    """`homeward serve` as a process of its own, on one port and one data folder; ``within`` is a command before it."""

    def __init__(self, folder: Path, within: tuple[str, ...] = (), *, name: str = "server") -> None:
        self.folder = folder
        self.within = within
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder.parent / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.launch()
        self.wait()

    def launch(self) -> None:
        command = [
            *self.within,
            sys.executable,
            "-c",
            START,
            "serve",
            "--data",
            str(self.folder),
            "--port",
            str(self.port),
        ]
        env = {**os.environ, "HOMEWARD_UPLOADS_PER_MINUTE": "0", "HOMEWARD_MODEL_THREADS": "1"}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, env=env, stdout=log, stderr=log)

    def wait(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + READY_WITHIN_S
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the server did not come up:\n{self.log.read_text()[-3000:]}")
            threading.Event().wait(0.05)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        self.process.wait(30)

    def is_ready(self) -> bool:
        return says_yes(f"{self.url}/readyz")


def says_yes(url: str) -> bool:
    """Whether a server answers 200; asked without httpx2, which reads all certificates first, 25 ms of a busy core."""
    try:
        with urlopen(url, timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


def picture(pair: int) -> bytes:
    """Blocks of colour, drawn by the pair's number: two reports of one pair carry the same animal."""
    rng = random.Random(pair)
    image = Image.new("RGB", (6, 6))
    image.putdata([(rng.randrange(256), rng.randrange(256), rng.randrange(256)) for _ in range(36)])
    file = io.BytesIO()
    image.resize((240, 240), Image.Resampling.NEAREST).save(file, "JPEG")
    return file.getvalue()


def form(filing: Filing) -> dict[str, str]:
    """What is sent beside the photo. Each pair lives in a place of its own: coloured blocks all look somewhat alike."""
    place = {"lat": str(filing.pair % 120 - 60), "lon": str(filing.pair // 120 * 2 - 180)}
    return {"shelf": filing.shelf, "species": "cat", "keep_without_animal": "true", **place}


def run(folder: Path, *, kills: int, clients: int, seed: int) -> Ledger:
    """Load, ``kills`` kills, a last start, and the check. Raises AssertionError on any loss or double."""
    rng, ledger, server = random.Random(seed), Ledger(), Server(folder)
    for _ in range(kills):
        server.start()
        done = threading.Event()
        threads = [
            threading.Thread(target=client, args=(server.url, ledger, done, rng.random())) for _ in range(clients)
        ]
        for thread in threads:
            thread.start()
        done.wait(rng.uniform(0.05, 1.5))
        server.kill()
        done.set()
        for thread in threads:
            thread.join()
    server.start()
    try:
        finish(server.url, ledger)
        check(server.url, ledger)
    finally:
        server.stop()
    check_rows(folder, ledger)
    return ledger


def client(url: str, ledger: Ledger, done: threading.Event, seed: float) -> None:
    """Files open reports anew, then new pairs, until the server is gone."""
    rng = random.Random(seed)
    with httpx2.Client(timeout=30) as http:
        while not done.is_set():
            filing = claim(ledger, rng)
            if not send(http, url, ledger, filing):
                return


def claim(ledger: Ledger, rng: random.Random) -> Filing:
    with ledger.lock:
        waiting = [filing for filing in ledger.filings if filing.acknowledged is None]
        if waiting and rng.random() < 0.5:
            return rng.choice(waiting)
        number = len(ledger.filings)
        shelf = "lost" if number % 2 == 0 else "found"
        filing = Filing(f"crash-{number:06d}", shelf, picture(number // 2), number // 2)
        ledger.filings.append(filing)
        return filing


def send(http: httpx2.Client, url: str, ledger: Ledger, filing: Filing) -> bool:
    """False when the server is gone."""
    try:
        answer = http.post(
            f"{url}/api/v1/reports",
            data=form(filing),
            files={"photo": ("a.jpg", filing.photo, "image/jpeg")},
            headers={"Idempotency-Key": filing.key},
        )
    except httpx2.HTTPError:
        return False
    if answer.status_code == 409:  # the same key is being worked on for another client
        return True
    assert answer.status_code == 201, answer.text
    acknowledge(ledger, filing, answer)
    return True


def acknowledge(ledger: Ledger, filing: Filing, answer: httpx2.Response) -> None:
    body = answer.json()
    seen = {"id": body["id"], "token": body["link"].split("#token=")[1], "photo": body["photos"][0]["id"]}
    with ledger.lock:
        if filing.acknowledged is not None:
            ledger.replayed += 1
            assert filing.acknowledged["id"] == seen["id"], "one key made two reports"
        filing.acknowledged = seen


def finish(url: str, ledger: Ledger) -> None:
    """Everything in doubt is sent once more, as a client would."""
    with httpx2.Client(timeout=60) as http:
        for filing in ledger.open():
            assert send(http, url, ledger, filing)


def check(url: str, ledger: Ledger) -> None:
    """Every acknowledged report is there, with its photo, and each pair found each other."""
    with httpx2.Client(timeout=60) as http:
        for filing in ledger.filings:
            assert filing.acknowledged is not None
            own = {"Authorization": f"Bearer {filing.acknowledged['token']}"}
            report = wait_until_matched(http, f"{url}/api/v1/reports/{filing.acknowledged['id']}", own)
            assert report["shelf"] == filing.shelf
            photo = http.get(f"{url}/api/v1/photos/{filing.acknowledged['photo']}?size=full", headers=own)
            assert photo.status_code == 200
            assert photo.content.startswith(b"\xff\xd8")
        check_pairs(http, url, ledger)


def wait_until_matched(http: httpx2.Client, url: str, own: dict[str, str]) -> dict[str, object]:
    deadline = time.monotonic() + READY_WITHIN_S
    while True:
        answer = http.get(url, headers=own)
        assert answer.status_code == 200, f"an acknowledged report is gone: {answer.text}"
        body: dict[str, object] = answer.json()
        if not body["pending"]:
            return body
        assert time.monotonic() < deadline, "a report waits for ever"
        threading.Event().wait(0.05)


def check_pairs(http: httpx2.Client, url: str, ledger: Ledger) -> None:
    found = {f.pair: f.acknowledged for f in ledger.filings if f.shelf == "found"}
    for filing in ledger.filings:
        twin = found.get(filing.pair)
        if filing.shelf != "lost" or twin is None or filing.acknowledged is None:
            continue
        own = {"Authorization": f"Bearer {filing.acknowledged['token']}"}
        answer = http.get(
            f"{url}/api/v1/lost/{filing.acknowledged['id']}/matches?sort=l2_distance&limit=5", headers=own
        )
        ids = [item["found_id"] for item in answer.json()["items"]]
        assert twin["id"] in ids, "a pair did not find each other"


def check_rows(folder: Path, ledger: Ledger) -> None:
    """The database is whole, holds one report for each key, and no pair of report and encounter was alerted twice."""
    with sqlite3.connect(next(folder.glob("*.sqlite"))) as rows:
        assert rows.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert rows.execute("SELECT count(*) FROM reports").fetchone() == (len(ledger.filings),)
        doubles = "SELECT count(*) FROM outbox GROUP BY kind, lost_id, encounter_id HAVING count(*) > 1"
        assert rows.execute(doubles).fetchall() == []
    rows.close()
