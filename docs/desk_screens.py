"""Screens of the operator's desk: a demo city's server in, pictures of each of its rooms out. See `docs.screens`."""

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from homeward.client import Client

START = "from homeward.cli import main; main()"
Shoot = Callable[[Any, str, int], None]
ROOMS = ("pairs", "reports", "petitions", "cameras", "models", "health", "people", "log")
SAID = {
    "kind": "erasure",
    "text": "On the second photo of this notice one sees our door and the number of the house. Please take it away.",
    "contact": "neighbour@example.org",
}
COMPLAINT = {"kind": "scam", "text": "They wrote to me and want money before they show the cat."}


def screens(browser: Any, looks: Mapping[int, tuple[int, str, str]], shoot: Shoot) -> None:
    """All of them in every width; each width has a height, a language and a brightness of its own."""
    with _city() as (url, operator_key):
        known = links(url, operator_key)
        for width, (height, language, scheme) in looks.items():
            context = browser.new_context(
                viewport={"width": width, "height": height}, locale=language, color_scheme=scheme
            )
            _screens(context.new_page(), url, known, shoot, width)
            context.close()


def links(url: str, operator_key: str) -> dict[str, str]:
    """Something to do at the desk, and links that sign in an operator and a volunteer."""
    with Client(url, operator_key) as server:
        made = {
            scope: server.post("/keys", {"name": name, "scope": scope})["link"]
            for scope, name in (("admin", "Anna"), ("volunteer", "Vera"))
        }
        noticed = server.get("/desk/reports", limit=1)["items"][0]["id"]
        server.patch(f"/reports/{noticed}", {"listed": True})
        server.post(f"/board/{noticed}/complaints", COMPLAINT)
        server.post("/petitions", {**SAID, "about": f"{url}/pet/{noticed}"})
        cameras = server.get("/cameras")["items"]
        for camera, state in zip(cameras, ("live", "live", "live", "stalled"), strict=False):
            secret = server.post(f"/cameras/{camera['id']}/key", {})["secret"]
            with Client(url, secret) as box:
                box.post(f"/cameras/{camera['id']}/heartbeat", {"state": state, "counters": {"waiting": 0}})
        server.patch(f"/cameras/{cameras[-1]['id']}", {"paused": True})
    here = {scope: url + link[link.index("/desk#") :] for scope, link in made.items()}
    return {**here, "notice": f"{url}/pet/{noticed}"}


def _screens(page: Any, url: str, known: dict[str, str], shoot: Shoot, width: int) -> None:
    """Every room of the desk, and what people without an account can say."""
    page.goto(f"{url}/desk")
    page.wait_for_selector(".sign-in")
    shoot(page, "desk-sign-in", width)
    page.goto(known["admin"])
    for room in ROOMS:
        with _at_room(page, room):
            shoot(page, f"desk-{room}", width)
    page.goto(f"{known['notice']}/complaint")
    shoot(page, "complaint", width)
    page.goto(f"{url}/privacy")
    shoot(page, "privacy", width)


@contextmanager
def _at_room(page: Any, room: str) -> Iterator[None]:
    page.wait_for_selector(".desk-tabs")
    page.evaluate("room => { location.hash = room }", room)
    page.wait_for_selector(f".desk-tabs [href='#{room}'][aria-current]")
    page.wait_for_selector(".desk-room h1")
    page.wait_for_selector(".desk-room [aria-busy]", state="detached")
    if room == "cameras":
        page.wait_for_selector(".camera-map[data-ready]")
    page.evaluate("Promise.allSettled([...document.images].map(each => each.loading === 'lazy' || each.decode()))")
    yield


@contextmanager
def _city() -> Iterator[tuple[str, str]]:
    """The demo city's address, and an operator's key to it."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", START, "demo", "--data", f"{folder}/demo", "--port", "0"]
        env = {"HOMEWARD_MAP_STYLE": "none", "PATH": "/usr/bin:/bin"}
        process = subprocess.Popen(  # noqa: S603 - our own command
            command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            assert process.stdout is not None
            url = next(found[1] for line in process.stdout if (found := re.search(r"(http\S+)/lost/\S+", line)))
            yield url, (Path(folder) / "demo" / "operator.key").read_text(encoding="ascii")
        finally:
            process.terminate()
            process.wait(30)
