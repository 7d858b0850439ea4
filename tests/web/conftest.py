from contextlib import contextmanager
from pathlib import Path

import pytest

from homeward.api.routes.pages import STATIC
from tests.browser import CHROMIUM, COMPOSED, DRAWING
from tests.doors.conftest import Door
from tests.running import served

HOUSE = "house.example"  # this machine under a name of its own: to the browser a network without https
FLAGS = (*DRAWING, COMPOSED, f"--host-resolver-rules=MAP {HOUSE} 127.0.0.1")
AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
# Two frames on: a transition that a new scheme sets off has begun by then. What turns for ever is not waited for.
# Nor is a promise of the animation: one that is cut short may never keep it.
SETTLED = """() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(
    document.getAnimations().every(each =>
        each.playState !== "running" || each.effect.getComputedTiming().endTime === Infinity)
))))"""
GROUND = "() => getComputedStyle(document.documentElement).backgroundColor"
PHONE, SMALL, DESK = {"width": 390, "height": 844}, {"width": 320, "height": 640}, {"width": 1440, "height": 900}

MISSING = [
    *([] if (STATIC / "index.html").is_file() else ["the web page is not built (make web)"]),
    *([] if CHROMIUM else ["there is no chromium"]),
]
needs_browser = pytest.mark.skipif(bool(MISSING), reason="; ".join(MISSING))


def pytest_collection_modifyitems(items):
    """Without a browser skipped; with one, a test that fails is run once more, and the report counts that."""
    mark = needs_browser if MISSING else pytest.mark.flaky(reruns=1)
    for item in items:
        if "tests/web/" in item.path.as_posix():
            item.add_marker(mark)


@contextmanager
def browsing(executable):
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=30_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")  # it runs an event loop in this thread, which other modules must not find
def chromium():
    with browsing(CHROMIUM) as browser:
        yield browser


@pytest.fixture
def door(tmp_path):
    made = Door(tmp_path / "house", uploads_per_minute=0)
    yield made
    made.http.close()
    made.world.database.close()


@pytest.fixture
def server(door):
    with served(door.api) as url:
        yield url


@pytest.fixture
def visit(chromium, server):
    """Open addresses of the server as a person with a device does; whatever goes wrong in the page fails the test."""
    contexts, troubles = [], []

    def open_page(path, *, viewport=PHONE, language="en-US", scheme="light", page=None, base_url=server, **device):
        if page is None:
            about = {"viewport": viewport, "locale": language, "color_scheme": scheme, "base_url": base_url}
            contexts.append(chromium.new_context(**about, **device))
            page = contexts[-1].new_page()
            page.set_default_timeout(30_000)
            page.on("pageerror", lambda error: troubles.append(str(error)))
            page.on("console", lambda said: "Content Security Policy" in said.text and troubles.append(said.text))
            page.on(
                "request",
                lambda asked: asked.url.startswith((base_url, "data:", "blob:")) or troubles.append(asked.url),
            )
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert troubles == []


def come_closer(page):
    """From the whole world to a town, as a pin wants it, for a reader who wants no motion."""
    for _ in range(9):
        page.get_by_role("button", name="Zoom in").click()


def just_now(page):
    """Say so of what is being reported."""
    page.locator(".when").get_by_role("radio").first.check()


def path_of(filed):
    """Of the page that a report's link opens."""
    return "/" + filed.json()["link"].split("/", 3)[3]


def wear(page, scheme):
    """Show the page in ``scheme``; the colour of its ground tells that it does, which may take more than two frames."""
    shown, is_new = page.evaluate(GROUND), page.evaluate(f"!matchMedia('(prefers-color-scheme: {scheme})').matches")
    page.emulate_media(color_scheme=scheme)
    if is_new:
        page.wait_for_function(f"shown => ({GROUND})() !== shown", arg=shown)


def violations(page):
    """What axe finds against WCAG 2.2 AA, once colours that fade from one scheme into another have settled."""
    page.wait_for_function(SETTLED)
    page.evaluate(AXE.read_text(encoding="utf-8"))
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    found = page.evaluate("tags => axe.run(document, {runOnly: tags})", tags)["violations"]
    return [(each["id"], [node["html"][:120] for node in each["nodes"]][:3]) for each in found]
