"""Write the pictures of docs/how-to/watch-a-camera.md: what `homeward watch --show` shows, and what is sent.

Needs chromium. The photographs are scikit-image's: chelsea, grass (CC0), and NASA's of Eileen Collins (public domain).
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageColor, ImageDraw

from benchmarks.served import START, Served
from homeward.domain.crops import animals_from, people_from
from homeward.models.registry import Registry
from homeward.watcher.crops import crop_of
from homeward.watcher.drawing import ANIMAL, PERSON
from tests.browser import CHROMIUM, DRAWING
from tests.ports import free_port

FOLDER = Path(__file__).parent / "how-to"
SIZE, PER_SECOND, SECONDS = (720, 1280), 10, 60
QUALITY = 78
Picture = npt.NDArray[np.uint8]


def main() -> None:
    """Make them."""
    with tempfile.TemporaryDirectory() as name:
        _page(Path(name), _clip(Path(name) / "yard.mp4"))
    _person_beside()


def _lawn() -> Picture:
    from skimage import data

    height, width = SIZE
    grass = np.tile(data.grass(), (2, 3))[:height, :width, None] / 255
    lawn = 40 + grass * np.array([110, 140, 70])
    lawn[:200] = (150, 140, 130)  # a wall
    return lawn.astype(np.uint8)


def _cat(height: int) -> Picture:
    from skimage import data

    cat = Image.fromarray(data.cat())
    return np.asarray(cat.resize((round(height * cat.width / cat.height), height), Image.Resampling.LANCZOS))


def _put(picture: Picture, what: Picture, x: int, y: int) -> Picture:
    """``what`` at its place; what stands over the edge is left off."""
    put = picture.copy()
    left, right = max(0, x), min(put.shape[1], x + what.shape[1])
    if right > left:
        put[y : y + what.shape[0], left:right] = what[:, left - x : right - x]
    return put


def _clip(path: Path) -> Path:
    """A cat walks over the lawn and back, again and again."""
    lawn, cat = _lawn(), _cat(240)
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=PER_SECOND)
        stream.height, stream.width, stream.pix_fmt = *SIZE, "yuv420p"
        stream.options = {"crf": "18"}
        for n in range(PER_SECOND * SECONDS):
            x = 20 + abs((n * 16) % 1600 - 800)
            shown = _put(lawn, cat, x, 360)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(shown, format="rgb24")))
        file.mux(stream.encode())
    return path


def _page(folder: Path, clip: Path) -> None:
    """`homeward watch --show`, as a browser shows it."""
    from playwright.sync_api import sync_playwright

    port, cameras = free_port(), folder / "cameras.toml"
    with Served(folder) as server, sync_playwright() as playwright:
        cameras.write_text(
            f'server = "{server.url}"\n[[camera]]\nid = "yard"\nsource = "{clip}"\nlat = 57.6\nlon = 39.85\n'
            "zones = [[[0, 0.3], [1, 0.3], [1, 1], [0, 1]]]\nmasks = [[[0.8, 0], [1, 0], [1, 0.25], [0.8, 0.25]]]\n"
        )
        command = [sys.executable, "-c", START, "watch", str(cameras), "--data", str(folder / "data"), "--realtime"]
        watch = subprocess.Popen([*command, "--show", "--port", str(port)])  # noqa: S603 - our own command
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=DRAWING)
        try:
            page = browser.new_page(viewport={"width": 980, "height": 900})
            _until_open(page, f"http://127.0.0.1:{port}/")
            time.sleep(8)  # until something was sent
            for _ in range(50):
                page.screenshot(path=str(FOLDER / "watch-page.jpg"), type="jpeg", quality=QUALITY, full_page=True)
                if _shows_an_animal(FOLDER / "watch-page.jpg"):
                    break
        finally:
            watch.terminate()
            watch.wait(60)
            browser.close()


def _person_beside() -> None:
    """On the left what the camera sees, with the detector's boxes; on the right the crop that is sent."""
    from skimage import data

    woman = np.asarray(Image.fromarray(data.astronaut()).resize((620, 620)))
    frame = _put(_put(_lawn(), woman, 60, 100), _cat(250), 430, 460)
    (seen,) = Registry([]).detector("homeward-detector-1", 1).detect([frame])
    people, animal = people_from(seen), animals_from(seen, frame.shape[1], frame.shape[0])[0]
    crop = crop_of(frame, animal, people)
    assert crop is not None
    picture = Image.fromarray(frame)
    draw = ImageDraw.Draw(picture)
    for box, colour in (*((person, PERSON) for person in people), (animal.box, ANIMAL)):
        draw.rectangle((box.x0, box.y0, box.x1, box.y1), outline=colour, width=5)
    whole, sent = picture.crop((0, 60, 1000, 720)), Image.fromarray(crop.picture)
    sent.thumbnail((430, 660))
    both = Image.new("RGB", (whole.width + 20 + sent.width, whole.height), "white")
    both.paste(whole, (0, 0))
    both.paste(sent, (whole.width + 20, (whole.height - sent.height) // 2))
    both.thumbnail((1100, 1100))
    both.save(FOLDER / "watch-person.jpg", quality=QUALITY)


def _shows_an_animal(path: Path) -> bool:
    pixels = np.asarray(Image.open(path).convert("RGB")).astype(int)
    return bool((np.abs(pixels - ImageColor.getrgb(ANIMAL)).max(-1) < 40).sum() > 2000)


def _until_open(page: object, url: str) -> None:
    from playwright.sync_api import Error

    for _ in range(120):
        try:
            page.goto(url)  # type: ignore[attr-defined]
        except Error:
            time.sleep(0.5)
        else:
            return
    raise RuntimeError(f"nobody answers at {url}")


if __name__ == "__main__":
    main()
