"""Write docs/screens: what people see of the page, from a demo city in a real browser.

Needs chromium and `make web`.
"""

import io
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

FOLDER = Path(__file__).parent / "screens"
START = "from homeward.cli import main; main()"
DRAWING = ("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist")
SIZES = {320: 640, 768: 1024, 1440: 900}
QUALITY = 82


def main() -> None:
    """All screens in three widths, each width with a language and a brightness of its own."""
    from playwright.sync_api import sync_playwright

    FOLDER.mkdir(exist_ok=True)
    with _city() as (url, owner), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=DRAWING)
        for (width, height), (language, scheme) in zip(
            SIZES.items(), (("ru-RU", "dark"), ("en-US", "light"), ("en-US", "light")), strict=True
        ):
            context = browser.new_context(
                viewport={"width": width, "height": height}, locale=language, color_scheme=scheme
            )
            _screens(context, url, owner, width)
        browser.close()


def _screens(context: Any, url: str, owner: str, width: int) -> None:
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector("h1")
    _shoot(page, "front", width)
    page.goto(f"{url}/lost/new")
    with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
        file.write(_cat())
        file.flush()
        page.set_input_files("input[type=file]", file.name)
        page.wait_for_selector("rect")
    _shoot(page, "report", width)
    page.goto(owner)
    page.wait_for_selector(".pair")
    page.wait_for_load_state("networkidle")
    _shoot(page, "owner", width)
    page.click(".filter-line button")
    _shoot(page, "filter", width)
    page.click(".filter-line button")
    page.click(".pair >> nth=0")
    _shoot(page, "compare", width)
    page.keyboard.press("Escape")
    if page.locator(".views").is_visible():
        page.click(".views button:last-child")
        page.wait_for_selector(".map[data-ready]")
        page.wait_for_load_state("networkidle")
        _shoot(page, "map", width)
    page.goto(f"{url}/lost/erased#token=nothing")
    page.wait_for_selector(".trouble")
    _shoot(page, "link", width)


def _shoot(page: Any, name: str, width: int) -> None:
    with Image.open(io.BytesIO(page.screenshot(animations="disabled"))) as shot:
        shot.convert("RGB").save(FOLDER / f"{name}-{width}.jpg", "JPEG", quality=QUALITY)


def _cat() -> bytes:
    from skimage.data import chelsea

    file = io.BytesIO()
    Image.fromarray(chelsea()).save(file, "JPEG", quality=90)
    return file.getvalue()


@contextmanager
def _city() -> Iterator[tuple[str, str]]:
    """The demo city's address and the link of its first owner."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", START, "demo", "--data", f"{folder}/demo", "--port", "0"]
        env = {"HOMEWARD_MAP_STYLE": "none", "PATH": "/usr/bin:/bin"}
        process = subprocess.Popen(  # noqa: S603 - our own command
            command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            assert process.stdout is not None
            link = next(found for line in process.stdout if (found := re.search(r"(http\S+)(/lost/\S+)", line)))
            yield link.group(1), link.group(0)
        finally:
            process.terminate()
            process.wait(30)


if __name__ == "__main__":
    main()
