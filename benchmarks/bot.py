"""The bot against a Bot API server: how long a story waits, a thousand chats at once, thousands of alerts.

Server and bot are real processes with the bundled models; Telegram is the strict fake of the tests, over HTTP.
"""

import os
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from skimage.data import chelsea

from benchmarks.served import START, Served
from tests.fakes.owners import fill
from tests.fakes.telegram import TOKEN, FakeTelegram

PER_SECOND = 30
WAIT_S = 600.0


def measure(*, short: bool) -> dict[str, Any]:
    """Seconds, megabytes, and what went wrong."""
    return {**_stories(2 if short else 20, 5 if short else 1000), **_alerts(20 if short else 10_000)}


def _stories(stories: int, chats: int) -> dict[str, Any]:
    """From the photo to the question after it, from the last answer to the matches; then many at once."""
    with tempfile.TemporaryDirectory() as folder, FakeTelegram() as telegram, Served(Path(folder)) as server:
        photo = _photo()
        server.post_report({"shelf": "found", "lat": "57.6", "lon": "39.85"}, photo).raise_for_status()
        with _bot(Path(folder), telegram) as process:
            waits = [_story(telegram.person(number), photo) for number in range(1, stories + 1)]
            start = time.perf_counter()
            people = [telegram.person(number) for number in range(10_000, 10_000 + chats)]
            for person in people:
                person.sends_photos(photo)
            for person in people:
                person.sees("I see a cat", WAIT_S)
            seconds = time.perf_counter() - start
            wrong = sum("went wrong" in sent.text or "I am slow" in sent.text for sent in telegram.sent)
            memory_mb = psutil.Process(process.pid).memory_info().rss / 1e6
    asked, matched = zip(*waits, strict=True)
    return {
        "photo_to_question_p50_s": float(np.percentile(asked, 50)),
        "photo_to_question_p95_s": float(np.percentile(asked, 95)),
        "last_answer_to_matches_p50_s": float(np.percentile(matched, 50)),
        "last_answer_to_matches_p95_s": float(np.percentile(matched, 95)),
        "chats_at_once": float(chats),
        "all_answered_within_s": seconds,
        "errors": float(wrong),
        "bot_memory_mb": memory_mb,
    }


def _story(person: Any, photo: bytes) -> tuple[float, float]:
    person.writes("/lost")
    person.sees("Send one to ten photos", WAIT_S)
    start = time.perf_counter()
    person.sends_photos(photo)
    person.sees("Where was it last seen", WAIT_S)
    asked = time.perf_counter() - start
    person.sends_place(57.6, 39.85)
    person.sees("When was it", WAIT_S)
    person.taps("Just now")
    person.sees("What is its name", WAIT_S)
    start = time.perf_counter()
    person.writes("Barsik")
    person.sees("Left: your pet", WAIT_S)
    return asked, time.perf_counter() - start


def _alerts(count: int) -> dict[str, Any]:
    """Alerts of as many owners, all due at once."""
    with tempfile.TemporaryDirectory() as folder, FakeTelegram(keeps_pictures=False) as telegram:
        fill(Path(folder) / "data", count, _photo())
        people = [telegram.person(number) for number in range(count)]
        with Served(Path(folder)) as _, _bot(Path(folder), telegram) as process:
            telegram.wait(lambda: len(telegram.sent) >= count, WAIT_S)
            memory_mb = psutil.Process(process.pid).memory_info().rss / 1e6
    moments = [sent.at for sent in telegram.sent]
    best_s = count / PER_SECOND
    return {
        "alerts": float(count),
        "owners_told_not_exactly_once": float(sum(len(person.all()) != 1 for person in people)),
        "delivered_within_s": max(moments) - min(moments),
        "times_the_best_possible": (max(moments) - min(moments)) / best_s,
        "bot_memory_with_alerts_mb": memory_mb,
    }


def _photo() -> bytes:
    import io

    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(chelsea()).save(file, "JPEG", quality=92)
    return file.getvalue()


@contextmanager
def _bot(folder: Path, telegram: FakeTelegram) -> Any:
    env = {**os.environ, "HOMEWARD_TELEGRAM_TOKEN": TOKEN, "HOMEWARD_TELEGRAM_API_URL": telegram.url}
    command = [sys.executable, "-c", START, "bot", "--data", str(folder / "data")]
    with (folder / "bot.log").open("w") as log:
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)
