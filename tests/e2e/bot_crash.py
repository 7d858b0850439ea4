"""Kill -9 of the bot in the middle of its news, under faults of Telegram: none lost, doubled only what was in flight."""

import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.crash import START, Server, picture
from tests.fakes.owners import fill
from tests.fakes.telegram import TOKEN, FakeTelegram

LAST_S = 600
IN_FLIGHT = "SELECT account_id FROM outbox WHERE delivered_at IS NULL AND attempts > 0 AND due_at > ?"
UNDELIVERED = "SELECT count(*) FROM outbox WHERE delivered_at IS NULL"


@dataclass
class Outcome:
    """How many owners were told, how many of them twice, how many alerts were in flight when the bot was killed."""

    told: int
    doubled: int
    in_flight: int
    faults_left: int


def run(folder: Path, *, owners: int, kills: int, faults: int, seed: int) -> Outcome:
    """Raises AssertionError on an owner who was not told, or told twice without having been in flight at a kill."""
    rng, server = random.Random(seed), Server(folder / "data")
    fill(server.folder, owners, picture(1))
    server.start()
    in_flight: set[str] = set()
    count = 0
    with FakeTelegram(keeps_pictures=False) as telegram:
        people = [telegram.person(number) for number in range(owners)]
        _plan(telegram, rng, faults)
        for _ in range(kills):
            bot = _bot(server, telegram, folder)
            so_far = len(telegram.sent)
            telegram.wait(lambda so_far=so_far: len(telegram.sent) > so_far + rng.randrange(20, 60), LAST_S)
            bot.kill()
            bot.wait()
            found = _in_flight(server.folder)
            in_flight |= found
            count += len(found)
        bot = _bot(server, telegram, folder)
        _wait_until_all_are_delivered(server.folder)
        bot.terminate()
        bot.wait(30)
        server.stop()
        times = Counter(sent.chat for sent in telegram.sent)
        left = telegram.faults_left()
    lost = [person.number for person in people if not times[person.number]]
    assert not lost, f"never told: {lost}"
    doubled = {f"a{number}" for number, told in times.items() if told > 1}
    assert doubled <= in_flight, f"doubled, but not in flight at a kill: {doubled - in_flight}"
    return Outcome(len(times), sum(times.values()) - len(times), count, left)


def _plan(telegram: FakeTelegram, rng: random.Random, faults: int) -> None:
    """Too many requests, a gateway that fails, an answer that comes late; in any order, for whatever is called."""
    kinds = [(429, {"retry_after": 1}), (502, {}), (502, {}), (502, {}), (0, {"late_s": 0.5})]
    for _ in range(faults):
        status, how = rng.choice(kinds)
        telegram.fault("any", status, **how)


def _bot(server: Server, telegram: FakeTelegram, folder: Path) -> "subprocess.Popen[bytes]":
    env = {**os.environ, "HOMEWARD_TELEGRAM_TOKEN": TOKEN, "HOMEWARD_TELEGRAM_API_URL": telegram.url}
    command = [sys.executable, "-c", START, "bot", "--data", str(server.folder)]
    with (folder / "bot.log").open("ab") as log:
        return subprocess.Popen(command, env=env, stdout=log, stderr=log)


def _in_flight(data: Path) -> set[str]:
    now = time.time()
    with sqlite3.connect(next(data.glob("*.sqlite"))) as rows:
        return {row[0] for row in rows.execute(IN_FLIGHT, (int(now * 1e6),))}


def _wait_until_all_are_delivered(data: Path) -> None:
    deadline = time.monotonic() + LAST_S
    rows = sqlite3.connect(next(data.glob("*.sqlite")))
    while rows.execute(UNDELIVERED).fetchone()[0]:
        assert time.monotonic() < deadline, "alerts are never delivered"
        threading.Event().wait(0.2)
    rows.close()
