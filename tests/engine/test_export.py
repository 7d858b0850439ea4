"""One's own data: all that is kept of a report's sender, and nothing of the other people in it."""

import json

import pytest

from homeward.domain.accounts import Account
from homeward.domain.desk import Actor, Decision, Opinion
from homeward.domain.ids import AccountId, KeyId
from homeward.domain.reports import Shelf
from tests.conftest import photo
from tests.world import HOME

VOLUNTEER = Actor(KeyId("k"), "Vera")
DEVICE = {"p256dh": "public", "auth": "secret", "language": "ru", "utc_offset_min": None}


@pytest.fixture
def both(world):
    """An owner who is told by e-mail and in a browser, and a finder in a chat, who talk."""
    with world.database.write() as work:
        now = world.clock.now()
        work.accounts.save(Account(AccountId("owner"), "email", "anna@example.org", "ru", now))
        work.accounts.save(Account(AccountId("finder"), "telegram", "7700", "ru", now))
    found = world.file("found", photo(1), place=HOME, account_id=AccountId("finder"), contact="+7 901").report.id
    lost = world.file("lost", photo(1, noise=1), place=HOME, home=HOME, account_id=AccountId("owner")).report.id
    world.engine.devices.add(lost, endpoint="https://push.example.org/own-secret", **DEVICE)
    talk = world.engine.talks.propose(lost, found, Shelf.FOUND)
    world.engine.talks.answer(talk.id, Shelf.LOST, agrees=True)
    world.engine.talks.write(talk.id, Shelf.LOST, text="Is he well?", place=HOME)
    world.engine.talks.write(talk.id, Shelf.FOUND, photo=photo(1, noise=2))
    return lost, found


def test_an_owner_gets_conversations_and_where_news_went(world, both):
    lost, found = both
    export = world.engine.export(lost)

    (talk,) = export["conversations"]
    assert (talk["with"], talk["you_agree"], talk["the_other_agrees"]) == (found, True, True)
    asked, shown = talk["messages"]
    assert (asked["from"], asked["text"], asked["place"]) == ("you", "Is he well?", {"lat": HOME.lat, "lon": HOME.lon})
    assert (shown["from"], shown["text"], shown["photo"]) == ("the other", None, shown["id"])
    assert (export["told"]["messenger"], export["told"]["address"]) == ("email", "anna@example.org")
    assert export["devices"] == [{"service": "push.example.org", "since": world.clock.now().isoformat()}]
    assert {alert["kind"] for alert in export["alerts"]} >= {"asked", "message"}
    assert {alert["about"] for alert in export["alerts"]} == {found}


def test_nothing_of_the_other_side_and_no_secret_is_in_it(world, both):
    owners, finders = (json.dumps(world.engine.export(each)) for each in both)

    assert not [each for each in ("7700", "+7 901", "finder", "own-secret", '"public"', '"secret"') if each in owners]
    assert "anna@example.org" not in finders
    assert {each["kind"] for each in json.loads(finders)["alerts"]} >= {"connected", "message"}
    assert not [each for each in json.loads(finders)["alerts"] if "degree" in each]  # it depends on where a home lies


def test_what_volunteers_think_and_operators_did_is_counted_and_named_by_no_person(world, both):
    lost, found = both
    world.engine.desk.pairs.judge(VOLUNTEER, lost, found, Opinion.SAME)
    world.engine.desk.moderation.decide(VOLUNTEER, lost, Decision.KEEP, "")
    world.engine.desk.moderation.decide(VOLUNTEER, lost, Decision.HIDE, "a stolen photo")
    export = world.engine.export(lost)

    assert export["opinions"] == {"same": 1}
    assert [(each["act"], each["why"]) for each in export["decisions"]] == [("report.hide", "a stolen photo")]
    assert "Vera" not in json.dumps(export)
    assert world.engine.export(found)["opinions"] == {}
