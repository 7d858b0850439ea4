"""What a map of the city is drawn on, over HTTP."""

import httpx2
import pytest

from homeward.basemap import checked
from homeward.errors import BadSettings
from homeward.settings import Settings
from tests.doors.conftest import Door
from tests.fakes.city_map import pmtiles
from tests.running import served


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "city.pmtiles"
    path.write_bytes(pmtiles({}, west=39.7, south=57.5, east=40.0, north=57.7))
    return path


@pytest.fixture
def server(tmp_path, file):
    door = Door(tmp_path / "house", map_file=checked(file))
    with served(door.api) as url:
        yield url
    door.http.close()
    door.world.database.close()


def test_the_city_file_is_read_in_ranges(server, file):
    data = file.read_bytes()
    with httpx2.Client(base_url=server) as http:
        address = http.get("/api/v1/map").json()["file"]
        part = http.get(address, headers={"Range": "bytes=0-6"})
        rest = http.get(address, headers={"Range": f"bytes={len(data) - 5}-"})
        beyond = http.get(address, headers={"Range": f"bytes={len(data) + 10}-"})
        stale = http.get(address, headers={"Range": "bytes=0-6", "If-Range": '"another"'})

    assert (part.status_code, part.content) == (206, b"PMTiles")
    assert part.headers["content-range"] == f"bytes 0-6/{len(data)}"
    assert part.headers["etag"]
    assert "content-encoding" not in part.headers
    assert rest.content == data[-5:]
    assert beyond.status_code == 416
    assert (stale.status_code, stale.content) == (200, data)


def test_without_a_city_file_there_is_none(tmp_path):
    door = Door(tmp_path / "house")

    assert door.http.get("/api/v1/map").json()["file"] is None
    assert door.http.get("/map/city.pmtiles").status_code == 404
    door.http.close()
    door.world.database.close()


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"PK\3\4" * 100, "no PMTiles file"), (b"PMTiles\2" + bytes(200), "of version 3"), (b"", "no PMTiles")],
)
def test_another_file_is_refused_at_the_start(tmp_path, data, words):
    path = tmp_path / "x.pmtiles"
    path.write_bytes(data)

    with pytest.raises(BadSettings, match=words) as refused:
        checked(path)
    assert refused.value.field == "map_file"


def test_a_missing_file_and_one_of_pictures_are_refused(tmp_path, file):
    with pytest.raises(BadSettings, match="cannot be read"):
        checked(tmp_path / "none.pmtiles")
    png = bytearray(file.read_bytes())
    png[99] = 2
    file.write_bytes(png)
    with pytest.raises(BadSettings, match="pictures"):
        checked(file)


def test_a_dark_screen_gets_a_dark_style_of_the_same_house():
    assert Settings().map_styles == (
        "https://tiles.openfreemap.org/styles/liberty",
        "https://tiles.openfreemap.org/styles/dark",
    )
    own = Settings(map_style="https://maps.example/day")
    assert own.map_styles == ("https://maps.example/day",) * 2
    assert Settings(map_style="none").map_styles is None
    assert Settings(map_file="city.pmtiles").map_styles is None
