"""E-mail as a person meets it: the form, the letter, the pages behind its links."""

import pytest
from playwright.sync_api import expect

from tests.conftest import photo
from tests.doors.conftest import Door
from tests.doors.test_email import with_letters
from tests.fakes.mail import Mailboxes, link
from tests.web.conftest import path_of, violations

OWNER = "owner@example.org"


@pytest.fixture
def mail():
    with Mailboxes() as made:
        yield made


@pytest.fixture
def door(tmp_path, mail):
    made = with_letters(Door(tmp_path / "house", uploads_per_minute=0), mail.url)
    yield made
    made.http.close()
    made.world.database.close()


def test_an_owner_gives_an_address_confirms_it_loses_the_link_and_stops_the_letters(visit, door, mail):
    page = visit(path_of(door.report("lost", photo(1), name="Barsik", lat="57.6", lon="39.85")))
    page.get_by_text("More", exact=True).click()
    page.get_by_label("E-mail address").fill(OWNER)
    page.get_by_role("button", name="Send me an e-mail to confirm").click()
    expect(page.get_by_text(f"An e-mail is on its way to {OWNER}.")).to_be_visible()
    visit(link(mail.wait(OWNER), "/email"), page=page)
    expect(page.get_by_role("heading", name="Confirmed.")).to_be_visible()

    stranger = visit("/")
    stranger.get_by_label("E-mail address").fill(OWNER)
    assert violations(stranger) == []
    stranger.get_by_role("button", name="Send my links").click()
    expect(stranger.get_by_text("their links are on the way")).to_be_visible()
    visit(link(mail.wait(OWNER, 2), "/lost/"), page=stranger)
    expect(stranger.get_by_role("heading", name="Barsik")).to_be_visible()

    door.report("found", photo(1, noise=2), lat="57.605", lon="39.852")
    door.world.engine.deliver_due_alerts()
    visit(link(mail.wait(OWNER, 3), "/api/v1/email/stop"), page=page)
    page.get_by_role("button", name="Stop the e-mails").click()
    expect(page.get_by_role("heading", name="Stopped.")).to_be_visible()
    with door.world.database.read() as work:
        assert not work.accounts.at("email", OWNER).reachable


def test_a_wrong_link_of_a_letter_says_what_to_do(visit):
    page = visit("/email#token=nonsense")

    expect(page.get_by_role("heading", name="This link has expired")).to_be_visible()
