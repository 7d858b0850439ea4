"""A disk that is really full: the data folder is a small file system of its own, filled to the last byte under load."""

import subprocess
from pathlib import Path
from threading import Event, Thread

import httpx2
import pytest

from tests.conftest import photo
from tests.disks import wants_mounts
from tests.e2e.crash import Server

SIZE = "20m"
pytestmark = wants_mounts


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a file system of 20 MB, the command that enters it, and its path as seen from outside."""
    folder = tmp_path / "data"
    folder.mkdir()
    script = f"mount -t tmpfs -o size={SIZE} tmpfs '{folder}' && echo mounted && exec sleep 600"
    with subprocess.Popen(["unshare", "-rm", "sh", "-c", script], stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"mounted\n"
        enter = ("nsenter", "--preserve-credentials", "-U", "-m", "-t", str(holder.pid))
        yield folder, enter, Path(f"/proc/{holder.pid}/root{folder}")
        holder.kill()


def send(http, number, key):
    form = {"shelf": "lost", "species": "cat", "keep_without_animal": "true", "lat": "57.6", "lon": "39.85"}
    files = {"photo": ("a.jpg", photo(number), "image/jpeg")}
    return http.post("/api/v1/reports", data=form, files=files, headers={"Idempotency-Key": key})


def own(answer):
    return {"Authorization": f"Bearer {answer.json()['link'].split('#token=')[1]}"}


def fill(disk):
    """Take what is free, to the last byte."""
    with (disk / "ballast").open("ab", buffering=0) as ballast:
        for size in (2**20, 2**12, 1):
            try:
                while ballast.write(b"0" * size):
                    pass
            except OSError:
                continue


def test_what_was_acknowledged_stays_readable_and_work_goes_on_once_there_is_room(small_disk):
    folder, enter, disk = small_disk
    server = Server(folder, enter)
    server.start()
    answers, stop = [], Event()

    def load(first):
        with httpx2.Client(base_url=server.url, timeout=60) as http:
            number = first
            while not stop.is_set():
                answers.append(send(http, number, f"full-{number:08d}"))
                number += 4

    threads = [Thread(target=load, args=(number,)) for number in range(4)]
    try:
        with httpx2.Client(base_url=server.url, timeout=60) as http:
            before = send(http, 1000, "before-0001")
            assert before.status_code == 201, before.text
            for thread in threads:
                thread.start()
            fill(disk)
            while sum(answer.status_code == 507 for answer in list(answers)) < 8:
                fill(disk)
            stop.set()
            for thread in threads:
                thread.join()
            refused = send(http, 2000, "refused-001")

            assert {answer.status_code for answer in answers} <= {201, 507}
            assert refused.json()["code"] == "storage_full"
            assert refused.json()["hint"]
            acknowledged = [answer for answer in answers if answer.status_code == 201]
            for answer in (before, *acknowledged):
                check_readable(http, answer)

            server.kill()
            server.start()
            for answer in (before, *acknowledged):
                check_readable(http, answer)

            (disk / "ballast").unlink()
            assert send(http, 2000, "refused-001").status_code == 201
    finally:
        stop.set()
        server.stop()


def check_readable(http, answer):
    report = http.get(f"/api/v1/reports/{answer.json()['id']}", headers=own(answer))
    assert report.status_code == 200, report.text
    seen = http.get(f"/api/v1/photos/{answer.json()['photos'][0]['id']}?size=full", headers=own(answer))
    assert seen.status_code == 200, seen.text
    assert seen.content.startswith(b"\xff\xd8")
    matches = http.get(f"/api/v1/lost/{answer.json()['id']}/matches", headers=own(answer))
    assert matches.status_code == 200, matches.text
