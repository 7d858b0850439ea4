"""The main stories in WebKit: whoever holds an iPhone has no other engine, whatever its browser is called."""

import pytest
from PIL import Image

from homeward.ports import ReportQuery
from tests.conftest import photo, picture
from tests.web.films import film
from tests.web.webkit import MISSING, webkit

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")


@pytest.fixture
def window():
    with webkit() as opened:
        yield opened


def test_an_owner_reports_with_a_turned_photo_and_a_video_and_sees_the_match_on_the_map(window, server, door, tmp_path):
    door.report("found", photo(1, noise=2), lat="57.605", lon="39.852")
    exif = Image.Exif()
    exif[0x0112] = 6  # held upright, kept on its side
    picture(1).crop((0, 0, 180, 240)).transpose(Image.Transpose.ROTATE_90).save(tmp_path / "tall.jpg", exif=exif)
    (tmp_path / "pet.webm").write_bytes(film(1, lambda _: picture(1)))

    window.visit(f"{server}/lost/new")
    window.sees("Choose or take photos")
    window.chooses(tmp_path / "tall.jpg", tmp_path / "pet.webm")
    window.sees("We see a cat.")
    window.taps("just now")
    window.taps("Send")
    window.sees("We are searching.")
    window.taps("Open my page")
    window.sees("1 possible match")

    filed = next(each for each in door.world.engine.reports(ReportQuery()) if each.shelf == "lost")
    kept = [shown.photo for shown in door.world.engine.report(filed.id).photos]
    assert len(kept) == 3
    assert (kept[0].width, kept[0].height) == (180, 240)
    window.runs("document.querySelector('li.card img').click()")
    window.sees("Close")
    assert window.count("dialog[open]") == 1
    window.taps("Close")
    window.taps("Map")
    window.sees("A plain map: districts, no streets.")
    assert window.count("canvas") == 1


def test_a_finder_reports_an_avif_and_writes_to_the_owner(window, server, door, tmp_path):
    door.report("lost", photo(1), name="Rex", lat="57.6", lon="39.85")
    picture(1, noise=1).save(tmp_path / "found.avif")

    window.visit(f"{server}/found/new")
    window.sees("Choose or take photos")
    window.chooses(tmp_path / "found.avif")
    window.sees("We see a cat.")
    window.taps("today")
    window.taps("Send")
    window.sees("Open my page")
    window.taps("Open my page")
    window.sees("Rex")
