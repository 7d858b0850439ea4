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
from urllib.parse import quote, urlsplit

from PIL import Image

from benchmarks import crowd
from benchmarks.served import Served
from docs import desk_screens
from homeward.cli.demo.city import DISTRICTS
from tests.browser import CHROMIUM, DRAWING

FOLDER = Path(__file__).parent / "screens"
# each width has a language and a brightness of its own
LOOKS = {320: (640, "ru-RU", "dark"), 768: (1024, "en-US", "light"), 1440: (900, "en-US", "light")}
QUALITY = 72
SHOWN = """() => [...document.images].every(image => {
  const box = image.getBoundingClientRect();
  const isOutOfSight = !box.width || box.top > innerHeight || box.bottom < 0;
  return image.complete || (image.loading === "lazy" && isOutOfSight);
})"""
NIGHT = {"bg_color": "#17212b", "text_color": "#f5f5f5", "secondary_bg_color": "#232e3c", "section_bg_color": "#17212b"}


def main() -> None:
    """All screens: with nothing found yet, with one match, with 200, and when things go wrong."""
    from playwright.sync_api import sync_playwright

    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=DRAWING)
        for count, shots in ((0, _nothing), (1, _one), (200, _many)):
            with _town(count) as (url, owner):
                for width in LOOKS:
                    with _device(browser, width) as page:
                        shots(page, url, owner, width)
                    if shots is _one:
                        _plainest(browser, owner, width)
        for width in LOOKS:  # each its own town, since in the end everything is erased
            with _town(1) as (_, owner), _device(browser, width) as page:
                _closed(page, owner, width)
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
    page.goto(f"{url}/lost/new")
    page.wait_for_selector("input[type=file]", state="attached")
    _shoot(page, "report-lost", width)
    for name, path in (("now", "/now?species=cat"), ("privacy", "/privacy"), ("email-wrong", "/email#token=nothing")):
        page.goto(f"{url}{path}")
        page.wait_for_selector("h1")
        _shoot(page, name, width)


def _one(page: Any, _url: str, owner: str, width: int) -> None:
    page.goto(owner)
    page.wait_for_selector(".pair")
    _wait_for_map(page, width)
    _shoot(page, "one", width)
    _telegram(page, owner, width)
    page.goto(f"{owner.split('#', maxsplit=1)[0]}/poster")
    page.wait_for_selector(".poster-photo")
    _shoot(page, "poster", width)
    page.route("**/api/v1/reports/*", lambda route: route.fulfill(status=500, body=json.dumps({"code": "internal"})))
    page.goto(owner.split("#", maxsplit=1)[0])
    page.wait_for_selector(".trouble")
    _shoot(page, "failed", width)


def _telegram(page: Any, owner: str, width: int) -> None:
    """The same case as a Mini App, in the colours of a night of Telegram."""
    case = urlsplit(owner)
    page.goto(f"{case.scheme}://{case.netloc}/telegram{case.path}#tgWebAppThemeParams={quote(json.dumps(NIGHT))}")
    page.wait_for_selector(".pair")
    _wait_for_map(page, width)
    _shoot(page, "telegram", width)


def _plainest(browser: Any, owner: str, width: int) -> None:
    """The same case without scripts, and without what draws maps."""
    with _device(browser, width, java_script_enabled=False) as page:
        page.goto(owner)
        _save(page, "no-script", width)
    with _device(browser, width) as page:
        page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
        page.goto(owner)
        page.wait_for_selector(".pair")
        if page.locator(".views").is_visible():
            page.click(".views button:last-child")
        page.wait_for_selector(".notice")
        _shoot(page, "no-webgl", width)


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
    _talk(page, owner.split("#", maxsplit=1)[0], width)
    _offline(page, owner.split("#", maxsplit=1)[0], width)
    page.context.set_offline(False)
    page.context.clear_cookies()  # somebody else files now
    _filed(page, url, width)


def _owner(page: Any, owner: str, width: int) -> None:
    page.goto(owner)
    page.wait_for_selector(".pair")
    _wait_for_map(page, width)
    _shoot(page, "owner", width)
    page.click(".filter-line > button")
    page.locator(".choice-grid select").nth(0).select_option("2")
    _shoot(page, "filter", width)
    page.click(".hidden .plain")
    page.click(".filter-line > button")
    page.locator(".pair").nth(1).click()
    _shoot(page, "compare", width)
    page.keyboard.press("Escape")


def _filed(page: Any, url: str, width: int) -> None:
    """A finder's report, from the photo to the link and its page; then the public board, which it is on."""
    page.goto(f"{url}/found/new")
    page.set_input_files("input[type=file]", {"name": "cat.jpg", "mimeType": "image/jpeg", "buffer": _cat()})
    page.wait_for_selector("rect")
    page.check("input[name=when][value=now]")
    _shoot(page, "report", width)
    page.check("input[name=listed]")
    page.click(".send button")
    page.wait_for_selector(".done")
    _shoot(page, "done", width)
    page.click(".done a.main")
    page.wait_for_selector(".finder .case-head")
    _shoot(page, "finder", width)
    page.goto(f"{url}/board")
    _shoot(page, "board", width)
    page.click(".notices a.card")
    page.wait_for_selector(".notice-page")
    _shoot(page, "pet", width)


def _talk(page: Any, owner: str, width: int) -> None:
    """The owner knows the animal, and asks to be put in touch with its finder."""
    page.goto(f"{owner}?source=person")
    page.locator(".verdict button.main").first.click()
    page.locator(".said button.main").first.click()
    page.wait_for_selector(".talk")
    page.locator(".talk").last.scroll_into_view_if_needed()
    _shoot(page, "talk", width)


def _closed(page: Any, owner: str, width: int) -> None:
    """The pet is home; then everything is erased."""
    page.goto(owner)
    page.wait_for_selector(".case .actions button")
    page.click(".case .actions > button")
    _shoot(page, "is-home", width)
    page.click("[role=alertdialog] button.main")
    page.wait_for_selector("[role=alertdialog]", state="detached")
    page.wait_for_selector(".case .notice button")
    _shoot(page, "closed", width)
    page.once("dialog", lambda asked: asked.accept())
    page.click(".case .notice button.plain")
    page.wait_for_selector(".trouble")
    _shoot(page, "erased", width)


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
    page.wait_for_function(SHOWN)
    _save(page, name, width)


def _save(page: Any, name: str, width: int) -> None:
    with Image.open(io.BytesIO(page.screenshot(animations="disabled"))) as shot:
        shot.convert("RGB").save(FOLDER / f"{name}-{width}.webp", "WEBP", quality=QUALITY, method=6)


def _cat() -> bytes:
    from skimage.data import chelsea

    file = io.BytesIO()
    Image.fromarray(chelsea()).save(file, "JPEG", quality=90)
    return file.getvalue()


@contextmanager
def _device(browser: Any, width: int, **more: Any) -> Iterator[Any]:
    """A page of a browser that knows nothing yet, of that width and its look."""
    height, language, scheme = LOOKS[width]
    size = {"width": width, "height": height}
    context = browser.new_context(viewport=size, locale=language, color_scheme=scheme, **more)
    yield context.new_page()
    context.close()


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
