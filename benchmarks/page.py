"""The owner's page in a real browser: first load, filter change to paint, a map full of points, the API under load.

A phone is played by Chromium's own throttling: 150 ms and 1.6 Mbit/s, a processor four times slower. The map is drawn
in software (SwiftShader) and put into the page in software too, as Chromium does where there is no graphics chip;
beside 5,000 points ten are dragged in the same way, which tells how much of a frame is the points'.
"""

import gzip
import json
import re
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import httpx2
import numpy as np

from benchmarks import crowd
from benchmarks.served import Served
from homeward.api.routes.pages import STATIC
from homeward.cli.demo.city import DISTRICTS
from tests.browser import CHROMIUM, COMPOSED, DRAWING

LINE = {"offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 0.75e6 / 8}
SLOWER = 4
FEW = 10
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1440, "height": 900}
MOVES_PER_S = 60  # as often as a screen is drawn; a browser joins what a mouse tells oftener
CLIENTS, SECONDS = 8, 20.0
# a change of the filter until the frame after the one in which it was drawn: with the map's own answer where it is open
FILTER_TO_PAINT = """async () => {
  const select = document.querySelector(".choice-grid select"), times = [];
  for (const value of ["2", "10", "1", "25", "5", "", "2", "10", "1", "25", "5", ""]) {
    const start = performance.now();
    select.value = value;
    select.dispatchEvent(new Event("change", { bubbles: true }));
    await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
    times.push(performance.now() - start);
    await new Promise((done) => setTimeout(done, 300));
  }
  return times;
}"""
# when the first match can be judged: its buttons are there, drawn, and the thread is free to answer them
JUDGEABLE = """new MutationObserver((_, observer) => {
  if (!document.querySelector(".verdict button")) return;
  observer.disconnect();
  requestAnimationFrame(() => setTimeout(() => (window.judgeable = performance.now())));
}).observe(document, { childList: true, subtree: true })"""
FRAMES = """(during) => new Promise((done) => {
  const start = performance.now();
  let frames = 0;
  const count = () => {
    frames += 1;
    if (performance.now() - start < during) requestAnimationFrame(count);
    else done((1000 * frames) / (performance.now() - start));
  };
  requestAnimationFrame(count);
})"""


def measure(*, short: bool) -> dict[str, Any]:
    """Kilobytes, milliseconds, frames a second."""
    from playwright.sync_api import sync_playwright

    matches, points, seconds, times = (20, 100, 1.0, 1) if short else (200, 5000, SECONDS, 5)
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        data.mkdir()
        crowd.fill(data, matches)
        with (
            Served(Path(folder), HOMEWARD_MAP_STYLE="none", HOMEWARD_DISTRICTS=str(DISTRICTS)) as server,
            sync_playwright() as playwright,
        ):
            url = server.url + crowd.link(server.url, data)
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=DRAWING)
            found = {**_first_load(browser, url, times), **_filters(browser, url)}
            browser.close()
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=(*DRAWING, COMPOSED))
            found |= _map(browser, url, points, times)
            found |= {} if short else _map(browser, url, FEW, times)
            browser.close()
            found |= _calls(server.url, url.split("#token=")[1], seconds)
    return {"first_load_kb": _first_kilobytes(), "matches": float(matches), **found}


def _first_kilobytes() -> float:
    """The document, and the scripts and styles that it names, compressed as any browser takes them."""
    shell = STATIC / "index.html"
    named = re.findall(r'(?:src|href)="/(assets/[^"]+)"', shell.read_text(encoding="utf-8"))
    files = [shell, *(STATIC / name for name in named)]
    return sum(len(gzip.compress(file.read_bytes())) for file in files) / 1000


def _first_load(browser: Any, url: str, often: int) -> dict[str, float]:
    """From the address to the first match that can be judged, on a slow phone with an empty cache: the median."""
    times = []
    for _ in range(often):
        context = browser.new_context(viewport=PHONE)
        page = context.new_page()
        control = context.new_cdp_session(page)
        control.send("Network.enable")
        control.send("Network.emulateNetworkConditions", LINE)
        control.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        page.add_init_script(JUDGEABLE)
        page.goto(url, wait_until="commit")
        page.wait_for_function("() => window.judgeable")
        times.append(page.evaluate("window.judgeable"))
        context.close()
    return {"interactive_on_a_phone_ms": float(np.median(times)), "interactive_best_ms": min(times)}


def _filters(browser: Any, url: str) -> dict[str, float]:
    """A change of the filter to the next frame, with the table and the map open."""
    context = browser.new_context(viewport=DESK)
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector(".map[data-ready]", timeout=60_000)
    page.click(".filter-line > button")
    page.wait_for_selector(".choice-grid select")
    times = page.evaluate(FILTER_TO_PAINT)
    context.close()
    return {"filter_to_paint_p50_ms": float(np.median(times)), "filter_to_paint_max_ms": max(times)}


def _map(browser: Any, url: str, points: int, seconds: float) -> dict[str, float]:
    """Frames a second while the map is dragged; the points are put into the answer of the API on its way."""
    context = browser.new_context(viewport=DESK, service_workers="block")
    page = context.new_page()
    page.route("**/api/v1/lost/*/matches*", lambda route: _many(route, points))
    page.goto(url)
    page.wait_for_selector(".map[data-ready]", timeout=120_000)
    page.wait_for_load_state("networkidle")
    still = page.evaluate(FRAMES, 1000 * seconds)
    box = page.locator(".map").bounding_box()
    x, y = box["x"] + 200, box["y"] + 300
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate(f"(during) => void (window.counted = ({FRAMES})(during))", 1000 * seconds)
    until = time.monotonic() + seconds
    step = 0
    while time.monotonic() < until:
        step += 1
        page.mouse.move(x + 90 * np.sin(step / 12), y + 90 * np.cos(step / 12))
        time.sleep(1 / MOVES_PER_S)
    page.mouse.up()
    dragged = page.evaluate("window.counted")
    context.close()
    return {f"frames_still_{points}_points": float(still), f"frames_while_dragged_{points}_points": float(dragged)}


def _many(route: Any, points: int) -> None:
    body = route.fetch().json()
    rng, first = np.random.default_rng(1), body["items"][0]
    words = ("very_unlikely", "unlikely", "possible", "likely", "very_likely")
    body["items"] = [
        {**first, "found_id": f"p{n}", "degree": (degree := float(rng.random())), "degree_word": words[int(5 * degree)],
         "verdict": None, "camera": None,
         "place": {**first["place"], "lat": 57.6 + rng.normal() / 20, "lon": 39.85 + rng.normal() / 10}}
        for n in range(points)
    ]  # fmt: skip
    body["next"] = None
    route.fulfill(body=json.dumps(body), content_type="application/json")


def _calls(url: str, token: str, seconds: float) -> dict[str, float]:
    """What the page asks for, by eight readers at once without a pause; milliseconds of each kind of call."""
    with httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}) as http:
        photo = http.get(f"/api/v1/lost/{crowd.LOST}/matches").json()["items"][0]["photo"]["thumb"]
    asked = {
        "report": f"/api/v1/reports/{crowd.LOST}",
        "matches": f"/api/v1/lost/{crowd.LOST}/matches?limit=200",
        "thumb": photo,
        "map": "/api/v1/map",
    }
    times: dict[str, list[float]] = {name: [] for name in asked}
    until = time.monotonic() + seconds

    def read() -> None:
        with httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60) as http:
            while time.monotonic() < until:
                for name, path in asked.items():
                    start = time.perf_counter()
                    http.get(path).raise_for_status()
                    times[name].append(1000 * (time.perf_counter() - start))

    readers = [threading.Thread(target=read) for _ in range(CLIENTS)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    figures = {f"api_{name}_p{p}_ms": float(np.percentile(times[name], p)) for name in asked for p in (50, 99)}
    return figures | {"api_calls_per_s": sum(map(len, times.values())) / seconds}
