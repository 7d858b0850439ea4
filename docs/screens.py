"""Write docs/screens: every screen of the page in three widths, in a real browser, from data made here.

Needs chromium and `make web`. The only photograph is scikit-image's chelsea (CC0), changed as the demo changes it.
"""

import io
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

from benchmarks import crowd
from benchmarks.served import Served
from docs import desk_screens
from homeward.cli.demo.city import DISTRICTS

FOLDER = Path(__file__).parent / "screens"
DRAWING = ("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist")
# each width has a language and a brightness of its own
LOOKS = {320: (640, "ru-RU", "dark"), 768: (1024, "en-US", "light"), 1440: (900, "en-US", "light")}
QUALITY = 72


def main() -> None:
    """All screens: with nothing found yet, with one match, with 200, and when things go wrong."""
    from playwright.sync_api import sync_playwright

    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=DRAWING)
        for count, shots in ((0, _nothing), (1, _one), (200, _many)):
            with _town(count) as (url, owner):
                for width, (height, language, scheme) in LOOKS.items():
                    context = browser.new_context(
                        viewport={"width": width, "height": height}, locale=language, color_scheme=scheme
                    )
                    shots(context.new_page(), url, owner, width)
                    context.close()
        desk_screens.screens(browser, LOOKS, _shoot)
        browser.close()


def _nothing(page: Any, url: str, owner: str, width: int) -> None:
    page.goto(url)
    page.wait_for_selector("h1")
    _shoot(page, "front", width)
    page.goto(owner)
    page.wait_for_selector(".empty")
    _shoot(page, "empty", width)
    page.goto(f"{url}/lost/erased#token=nothing")
    page.wait_for_selector(".trouble")
    _shoot(page, "link", width)


def _one(page: Any, _url: str, owner: str, width: int) -> None:
    page.goto(owner)
    page.wait_for_selector(".pair")
    _wait_for_map(page, width)
    _shoot(page, "one", width)
    page.goto(f"{owner.split('#', maxsplit=1)[0]}/poster")
    page.wait_for_selector(".poster-photo")
    _shoot(page, "poster", width)
    page.route("**/api/v1/reports/*", lambda route: route.fulfill(status=500, body=json.dumps({"code": "internal"})))
    page.goto(owner.split("#", maxsplit=1)[0])
    page.wait_for_selector(".trouble")
    _shoot(page, "failed", width)


def _many(page: Any, url: str, owner: str, width: int) -> None:
    _owner(page, owner, width)
    if page.locator(".views").is_visible():
        page.click(".views button:last-child")
    page.wait_for_selector(".map[data-ready]")
    if width < max(LOOKS):
        page.locator(".legend").evaluate("legend => legend.open = false")
        _shoot(page, "map", width)
    page.locator("input[type=range]").fill("24")
    _shoot(page, "time", width)
    _filed(page, url, width)
    _offline(page, owner.split("#", maxsplit=1)[0], width)


def _owner(page: Any, owner: str, width: int) -> None:
    page.goto(owner)
    page.wait_for_selector(".pair")
    _wait_for_map(page, width)
    _shoot(page, "owner", width)
    page.click(".filter-line button")
    page.locator(".choice-grid select").nth(0).select_option("2")
    _shoot(page, "filter", width)
    page.click(".hidden .plain")
    page.click(".filter-line button")
    page.locator(".pair").nth(1).click()
    _shoot(page, "compare", width)
    page.keyboard.press("Escape")


def _filed(page: Any, url: str, width: int) -> None:
    """A finder's report, from the photo to the link; then the public board, which it is on."""
    page.goto(f"{url}/found/new")
    page.set_input_files("input[type=file]", {"name": "cat.jpg", "mimeType": "image/jpeg", "buffer": _cat()})
    page.wait_for_selector("rect")
    _shoot(page, "report", width)
    page.check("input[name=listed]")
    page.click(".send button")
    page.wait_for_selector(".done")
    _shoot(page, "done", width)
    page.goto(f"{url}/board")
    _shoot(page, "board", width)


def _offline(page: Any, owner: str, width: int) -> None:
    page.goto(owner)
    page.wait_for_selector(".pair")
    page.evaluate("navigator.serviceWorker.ready")
    page.reload()
    page.wait_for_selector(".pair")
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    page.reload()
    page.wait_for_selector(".notice")
    _wait_for_map(page, width)
    _shoot(page, "offline", width)


def _wait_for_map(page: Any, width: int) -> None:
    """The widest screen shows it beside the table."""
    if width == max(LOOKS):
        page.wait_for_selector(".map[data-ready]")


def _shoot(page: Any, name: str, width: int) -> None:
    page.wait_for_function("() => [...document.images].every(image => image.loading === 'lazy' || image.complete)")
    with Image.open(io.BytesIO(page.screenshot(animations="disabled"))) as shot:
        shot.convert("RGB").save(FOLDER / f"{name}-{width}.webp", "WEBP", quality=QUALITY, method=6)


def _cat() -> bytes:
    from skimage.data import chelsea

    file = io.BytesIO()
    Image.fromarray(chelsea()).save(file, "JPEG", quality=90)
    return file.getvalue()


@contextmanager
def _town(count: int) -> Iterator[tuple[str, str]]:
    """A server with one lost cat and ``count`` matches: its address and that of the owner's page."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        data.mkdir()
        crowd.fill(data, count)
        with Served(Path(folder), HOMEWARD_MAP_STYLE="none", HOMEWARD_DISTRICTS=str(DISTRICTS)) as server:
            yield server.url, server.url + crowd.link(server.url, data)


if __name__ == "__main__":
    main()
