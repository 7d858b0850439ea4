import gc
import io
import os
import random
from pathlib import Path

import pytest
import structlog
from hypothesis import settings
from PIL import Image

SHARED = Path(os.environ.get("HOMEWARD_SHARED", Path(__file__).parent.parent / ".." / "shared"))
configure = structlog.configure


def pytest_configure():
    """A command that a test runs within its own process sets up logging for all: never for longer than that test."""
    settings.register_profile("homeward", deadline=None)  # a busy machine is no error
    settings.load_profile("homeward")
    structlog.configure = lambda **given: configure(**given | {"cache_logger_on_first_use": False})


# so that no worker is left alone with one of them
LONGEST_FIRST = ("e2e", "web", "watcher", "cli", "bot", "evaluation")


def pytest_collection_modifyitems(items):
    folders = {name: number for number, name in enumerate(LONGEST_FIRST)}
    here = Path(__file__).parent
    items.sort(key=lambda item: folders.get(item.path.relative_to(here).parts[0], len(folders)))
    if SHARED.is_dir():
        return
    skip = pytest.mark.skip(reason=f"wants real pictures; there are none at HOMEWARD_SHARED ({SHARED})")
    for item in items:
        if "shared" in item.keywords:
            item.add_marker(skip)


def pytest_collection_finish():
    """All that is imported by now stays: nobody looks through it for garbage during the tests."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def shared():
    return SHARED


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch, tmp_path):
    """No setting of the person who runs the tests gets in."""
    for name in list(os.environ):
        if name.startswith("HOMEWARD_") and name != "HOMEWARD_SHARED":
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOMEWARD_LANG", "en")


@pytest.fixture(autouse=True)
def _own_logs():
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def postgres_server():
    """One real server for all tests of a process, with one database that has tables."""
    from homeward.storage.sql.postgres import PostgresDatabase
    from tests.fakes import postgres

    with postgres.running() as server:
        server.ask("CREATE DATABASE tables")
        PostgresDatabase.open(server.url("tables")).close()
        yield server


@pytest.fixture
def postgres_url(postgres_server):
    """A database with tables and no rows."""
    yield postgres_server.url("tables")
    postgres_server.empty("tables")


def picture(seed: int, *, noise: int = 0, size: int = 240) -> Image.Image:
    """Blocks of colour: one seed is one animal; ``noise`` makes it another photo of the same one."""
    rng, other = random.Random(seed), random.Random(seed * 1000 + noise)
    shake = 12 if noise else 0
    image = Image.new("RGB", (6, 6))
    blocks = [tuple(rng.randrange(256) for _ in range(3)) for _ in range(36)]
    image.putdata([tuple(max(0, min(255, c + other.randint(-shake, shake))) for c in block) for block in blocks])
    return image.resize((size, size), Image.Resampling.NEAREST)


def jpeg(image: Image.Image, **how) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", **how)
    return file.getvalue()


def photo(seed: int, *, noise: int = 0) -> bytes:
    return jpeg(picture(seed, noise=noise), quality=95)


GREY = jpeg(Image.new("RGB", (240, 240), (120, 120, 120)))


@pytest.fixture
def cat_clip(tmp_path):
    """A cat that walks through a room: a clip of three seconds."""
    import av
    import numpy as np
    from skimage import data

    cat = data.cat()[::2, ::2]
    path = tmp_path / "yard.mp4"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("mpeg4", rate=5, options={"qscale": "2"})
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        for step in range(15):
            room = np.full((360, 640, 3), 120, np.uint8)
            room[100 : 100 + cat.shape[0], 20 + 20 * step : 20 + 20 * step + cat.shape[1]] = cat
            file.mux(stream.encode(av.VideoFrame.from_ndarray(room, format="rgb24")))
        file.mux(stream.encode())
    return path
