"""WebKit, the engine of every iPhone's browser, driven over WebDriver: https://www.w3.org/TR/webdriver2/."""

import os
import shutil
import subprocess
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import httpx2

from tests.ports import free_port

DEADLINE_S = 30.0
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # what the standard calls an element in JSON
BROWSERS = sorted(Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"))
MISSING = [
    *(name for name in ("WebKitWebDriver", "Xvfb") if not shutil.which(name)),
    *(() if BROWSERS else ("MiniBrowser",)),
]


class WebKit:
    """A window as large as a phone, with one page."""

    def __init__(self, address):
        self._http = httpx2.Client(base_url=address, timeout=DEADLINE_S)
        wait_for(self._is_there)
        options = {"binary": str(BROWSERS[-1]), "args": ["--automation"]}
        asked = {"capabilities": {"alwaysMatch": {"webkitgtk:browserOptions": options}}}
        self._session = f"/session/{self._ask('POST', '/session', **asked)['sessionId']}"
        self._ask("POST", f"{self._session}/window/rect", width=400, height=850)

    def _is_there(self):
        try:
            return self._http.get("/status").status_code == 200
        except httpx2.HTTPError:
            return False

    def _ask(self, method, path, **body):
        answer = self._http.request(method, path, json=body if method == "POST" else None).json()["value"]
        assert not (isinstance(answer, dict) and "error" in answer), answer
        return answer

    def visit(self, url):
        self._ask("POST", f"{self._session}/url", url=url)

    def runs(self, script, *given):
        return self._ask("POST", f"{self._session}/execute/sync", script=script, args=list(given))

    def sees(self, words):
        """Wait until the page shows them."""
        wait_for(lambda: words in self.text(), lambda: (words, self.text()))

    def text(self):
        return self.runs("return document.body.innerText")

    def count(self, selector):
        return self.runs("return document.querySelectorAll(arguments[0]).length", selector)

    def taps(self, words):
        """The first button, link or label that begins with them."""
        found = self.runs(
            "return [...document.querySelectorAll('button, a, label')].find(e => e.innerText.startsWith(arguments[0]))",
            words,
        )
        assert found, (words, self.text())
        self.runs("arguments[0].scrollIntoView({ block: 'center' }); arguments[0].click()", found)

    def chooses(self, *paths):
        """Files for the first field that takes some."""
        field = self.runs("return document.querySelector('input[type=file]')")[ELEMENT]
        self._ask("POST", f"{self._session}/element/{field}/value", text="\n".join(str(path) for path in paths))

    def close(self):
        self._ask("DELETE", self._session)
        self._http.close()


@contextmanager
def webkit():
    """A window on a screen that nobody sees."""
    port, (read, write) = free_port(), os.pipe()
    screen = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", "800x900x24"], pass_fds=[write], stderr=subprocess.DEVNULL
    )
    os.close(write)
    with os.fdopen(read) as told:
        display = f":{told.readline().strip()}"
    driver = subprocess.Popen(
        ["WebKitWebDriver", f"--port={port}"],
        env=os.environ | {"DISPLAY": display, "LANG": "en_US.UTF-8"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        window = WebKit(f"http://127.0.0.1:{port}")
        yield window
        window.close()
    finally:
        for process in (driver, screen):
            process.terminate()
            process.wait(DEADLINE_S)


def wait_for(condition, told=lambda: "it did not happen"):
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline, told()
        threading.Event().wait(0.05)
