"""What goes wrong on the page: each has a quiet screen of its own that says what to do."""

import io

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.conftest import photo
from tests.web.conftest import PHONE, just_now, path_of, violations

HOME = {"lat": "57.6", "lon": "39.85"}
MEGA = 1_000_000


def file(data, name="pet.jpg", kind="image/jpeg"):
    return {"name": name, "mimeType": kind, "buffer": data}


@pytest.fixture
def lost(door):
    door.report("found", photo(1, noise=2), **HOME)
    return door.report("lost", photo(1), name="Barsik", **HOME)


@pytest.mark.parametrize(
    ("language", "title", "ways"),
    [
        (
            "en-US",
            "This link has expired",
            ["“Search again”", "by e-mail", "/my", "ask the people who run this server"],
        ),
        ("ru-RU", "Срок ссылки истёк", ["«Искать снова»", "письмом", "/my", "у тех, кто ведёт этот сервер"]),
    ],
)
def test_an_expired_link_says_who_has_a_new_one_and_how_the_search_goes_on(
    visit, lost, monkeypatch, language, title, ways
):
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: 4e9)
    page = visit(path_of(lost), language=language)

    expect(page.get_by_role("heading", name=title)).to_be_visible()
    for way in ways:
        expect(page.locator(".trouble > p")).to_contain_text(way)
    assert violations(page) == []


def test_an_erased_case_says_that_it_is_gone_here_and_on_the_device(visit, lost, door):
    page = visit(path_of(lost))
    expect(page.locator("li.card")).to_have_count(1)
    token = lost.json()["link"].split("#token=")[1]
    door.http.delete(f"/api/v1/reports/{lost.json()['id']}", headers={"Authorization": f"Bearer {token}"})
    page.reload()

    expect(page.get_by_role("heading", name="This report was erased")).to_be_visible()
    assert page.evaluate("Object.keys(localStorage).filter(key => key.startsWith('homeward.case'))") == []
    assert violations(page) == []


@pytest.mark.parametrize("script", ["this is no script", None], ids=["too new for the browser", "lost on the way"])
def test_where_the_pages_script_does_not_run_it_says_so_and_leads_to_what_goes_on_without(chromium, server, script):
    context = chromium.new_context(base_url=server, locale="ru-RU", service_workers="block")
    page = context.new_page()
    fulfil = (lambda route: route.fulfill(body=script, content_type="text/javascript")) if script else None
    page.route("**/assets/page-*.js", fulfil or (lambda route: route.abort()))
    page.goto("/lost/new")

    expect(page.get_by_role("heading")).to_be_visible()
    expect(page.get_by_text("Страница не запустилась.")).to_be_visible()
    page.get_by_role("link", name="Что делать сейчас").click()
    page.wait_for_url("**/now")
    context.close()


OLD = """
delete window.createImageBitmap; delete window.structuredClone; delete window.Notification; delete window.PushManager;
delete Array.prototype.at; delete Object.hasOwn; delete crypto.randomUUID; delete AbortSignal.timeout;
delete HTMLFormElement.prototype.requestSubmit; delete Array.prototype.findLast; delete String.prototype.at;
delete Array.prototype.toSorted; delete navigator.share; delete CSS.supports;
"""


def test_a_phone_of_years_ago_reports_and_sees_its_matches(visit, door):
    door.report("found", photo(1, noise=2), lat="57.605", lon="39.852")
    page = visit("/lost/new", viewport=PHONE)
    page.add_init_script(OLD)
    page.reload()
    page.get_by_label("Choose or take photos").set_input_files(file(photo(1)))
    expect(page.get_by_text("We see a cat.")).to_be_visible()
    just_now(page)
    page.get_by_role("button", name="Send").click()
    page.get_by_role("link", name="Open my page").click()

    expect(page.get_by_text("1 possible match")).to_be_visible()
    expect(page.locator("li.card")).to_have_count(1)


@pytest.mark.parametrize("path", ["/", "/lost/new", "/lost/abc"])
def test_without_javascript_the_page_says_so_and_leads_to_what_goes_on_without(visit, path):
    ways = {"Lost and found near you": "/board", "What to do now": "/now", "Write to the people": "/privacy"}
    for name, where in ways.items():
        page = visit(path, java_script_enabled=False)
        told = page.locator("noscript")
        expect(told.locator("h1")).to_be_visible()
        assert "This page needs JavaScript." in told.inner_text()
        link, title = (each.bounding_box() for each in (told.get_by_role("link", name=name), told.locator("h1")))
        assert link["x"] > title["x"] > 0  # its mark has room
        assert title["y"] > title["x"]
        told.get_by_role("link", name=name).click()
        page.wait_for_url(f"**{where}")
        expect(page.get_by_role("heading").first).to_be_visible()


def test_a_sending_that_breaks_off_goes_again_by_itself_and_files_once(visit, door):
    page = visit("/lost/new")
    page.get_by_label("Choose or take photos").set_input_files(file(photo(1)))
    expect(page.get_by_text("We see a cat.")).to_be_visible()
    tries = []

    def break_off(route):
        tries.append(route.request.headers["idempotency-key"])
        route.fetch()
        route.abort() if len(tries) == 1 else route.continue_()

    page.route("**/api/v1/reports", break_off)
    just_now(page)
    page.get_by_role("button", name="Send").click()

    expect(page.get_by_role("heading", name="We are searching.")).to_be_visible()
    assert len(set(tries)) == 1 < len(tries)
    assert len(reports(door)) == 1


def test_a_photo_of_sixty_megabytes_is_shrunk_and_sent(visit, door):
    page = visit("/lost/new")
    padding = b"".join(b"\xff\xfe\xff\xff" + bytes(65533) for _ in range(60 * MEGA // 65537))
    small = photo(1)
    page.context.set_default_timeout(60_000)
    with page.expect_file_chooser() as chooser:
        page.get_by_label("Choose or take photos").click()
    path = door.folder / "large.jpg"
    path.write_bytes(small[:2] + padding + small[2:])
    chooser.value.set_files(path)
    expect(page.get_by_text("We see a cat.")).to_be_visible(timeout=60_000)
    just_now(page)
    page.get_by_role("button", name="Send").click()

    expect(page.get_by_role("heading", name="We are searching.")).to_be_visible(timeout=60_000)


def test_a_large_file_that_this_browser_cannot_open_is_named(visit, door):
    page = visit("/found/new")
    path = door.folder / "sixty.heic"
    path.write_bytes(bytes(60 * MEGA))
    page.get_by_label("Choose or take photos").set_input_files(path)

    expect(page.get_by_role("alert")).to_contain_text("sixty.heic is too large")
    assert violations(page) == []


def test_of_eleven_photos_ten_are_taken_and_that_is_said(visit, door):
    page = visit("/lost/new")
    page.get_by_label("Choose or take photos").set_input_files([file(photo(n), f"{n}.jpg") for n in range(11)])

    expect(page.get_by_role("alert")).to_contain_text("At most 10 photos; 1 were left out.")
    expect(page.get_by_role("button", name="Remove this photo")).to_have_count(10)


def test_hostile_words_run_nowhere(visit, door):
    nasty = "<img src=x onerror=window.broken=1><script>window.broken=1</script>"
    door.report("found", photo(1, noise=2), address=nasty, description=nasty, **HOME)
    lost = door.report("lost", photo(1), name=nasty[:90], description=nasty, listed="true", **HOME)
    page = visit(path_of(lost))
    expect(page.locator("li.card")).to_have_count(1)
    page.get_by_role("button", name="Compare up close").click()
    page.keyboard.press("Escape")
    page.wait_for_function("!history.state?.compared")  # the browser is back: it goes one way at a time
    for path in (f"/lost/{lost.json()['id']}/poster", "/board", f"/pet/{lost.json()['id']}"):
        visit(path, page=page)
        expect(page.locator("h1").first).to_be_visible()
        assert page.evaluate("window.broken") is None


def test_it_can_be_installed_and_begins_with_the_cases_of_this_device(visit, lost):
    page = visit(path_of(lost))
    expect(page.locator("li.card")).to_have_count(1)
    control = page.context.new_cdp_session(page)
    errors = control.send("Page.getInstallabilityErrors")["installabilityErrors"]
    assert [each["errorId"] for each in errors if each["errorId"] != "in-incognito"] == []
    visit("/", page=page)
    page.get_by_role("navigation", name="Opened on this device").get_by_role("link").click()

    expect(page.get_by_role("heading", name="Barsik")).to_be_visible()


def test_every_answer_keeps_to_itself(visit, lost, door):
    page = visit("/")
    for path in ("/", "/lost/new", "/now", "/board", "/lost/abc", "/sw.js", "/api/v1/map", "/nowhere"):
        headers = page.request.get(path).headers
        policy = headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "default-src 'self'" in policy
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-content-type-options"] == "nosniff"
        assert (headers["x-robots-tag"] == "noindex") is (path not in {"/", "/lost/new", "/now", "/board"})


def reports(door):
    from homeward.ports import ReportQuery

    return door.world.engine.reports(ReportQuery())


@pytest.mark.parametrize("viewport", [PHONE])
def test_a_tall_photo_is_turned_upright_before_it_is_sent(visit, door, viewport):
    page = visit("/lost/new", viewport=viewport)
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = io.BytesIO()
    Image.open(io.BytesIO(photo(1))).resize((640, 480)).save(turned, "JPEG", exif=exif)
    page.get_by_label("Choose or take photos").set_input_files(file(turned.getvalue()))
    expect(page.locator("svg image")).to_have_attribute("height", "640")
