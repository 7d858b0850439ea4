"""A Mini App of Telegram signs a person in by what Telegram signed; nothing else does."""

import hashlib
import hmac
import json
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from starlette.testclient import TestClient

from homeward.api.factory import create_api
from homeward.api.telegram import app_secret
from homeward.domain.ids import AccountId
from tests.conftest import photo
from tests.doors.conftest import Door

TOKEN = "42:AAHtestTOKENtestTOKENtestTOKENtest42"
CLIENT = "https://web.telegram.org"


def launch_data(token, person, at, **more):
    """As Telegram signs it, written from its documentation."""
    fields = {
        "query_id": "AAHdF6IQAAAAAN0XohDhrOrc",
        "user": json.dumps({"id": person, "first_name": "Алекс", "language_code": "ru"}, separators=(",", ":")),
        "auth_date": str(int(at.timestamp())),
        "signature": "third-party",
        **more,
    }
    lines = "\n".join(f"{name}={fields[name]}" for name in sorted(fields))
    secret = hmac.new(b"WebAppData", token.encode(), hashlib.sha256).digest()
    return urlencode({**fields, "hash": hmac.new(secret, lines.encode(), hashlib.sha256).hexdigest()})


def with_app(door):
    """As `homeward.app` joins them, with a token and a public address."""
    config = replace(door.context.config, public_url="https://pets.example.org", telegram_app_secret=app_secret(TOKEN))
    door.context = replace(door.context, config=config)
    door.api = create_api(door.context)
    door.http = TestClient(door.api, base_url="https://pets.example.org", raise_server_exceptions=False)
    return door


@pytest.fixture
def door(tmp_path):
    made = with_app(Door(tmp_path, uploads_per_minute=0))
    yield made
    made.http.close()
    made.world.database.close()


def filed_in_the_chat(door, person):
    """A lost pet of somebody on Telegram, as the bot files it."""
    account = door.world.engine.people.arrive("telegram", str(person), "ru")
    headers = {**door.key("bot"), "Homeward-Account": AccountId(account.id)}
    return door.report("lost", photo(person), headers=headers, name="Barsik").json()


def sign_in(door, report, init_data):
    body = {"init_data": init_data, "report_id": report["id"]}
    return door.http.post("/api/v1/telegram/session", json=body)


def test_the_owner_is_signed_in_for_their_own_pet(door):
    report = filed_in_the_chat(door, 7)
    assert report["app"] == f"https://pets.example.org/telegram/lost/{report['id']}"
    opened = sign_in(door, report, launch_data(TOKEN, 7, door.world.clock.now()))

    assert opened.status_code == 204
    cookie = opened.headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "Secure", "SameSite=None", "Partitioned"))
    seen = door.http.get(f"/api/v1/reports/{report['id']}", headers={"Homeward-Report": report["id"]})
    assert seen.json()["name"] == "Barsik"


def refused(door, report, init_data):
    answer = sign_in(door, report, init_data)
    assert "set-cookie" not in answer.headers
    return answer.status_code


def test_whatever_telegram_did_not_sign_just_now_for_this_person_opens_nothing(door):
    report, now = filed_in_the_chat(door, 7), door.world.clock.now()
    from datetime import timedelta

    good = launch_data(TOKEN, 7, now)
    assert refused(door, report, good.replace("%22id%22%3A7", "%22id%22%3A8")) == 401
    assert refused(door, report, good[:-1] + ("0" if good[-1] != "0" else "1")) == 401
    assert refused(door, report, launch_data("43:another-bots-token", 7, now)) == 401
    assert refused(door, report, launch_data(TOKEN, 7, now - timedelta(minutes=61))) == 401
    assert refused(door, report, launch_data(TOKEN, 7, now + timedelta(minutes=5))) == 401
    assert refused(door, report, launch_data(TOKEN, 8, now)) == 403
    for nonsense in ("x", "hash=", "user=%7B%7D&hash=é", "&" * 100, "auth_date=1&hash=" + "0" * 64):
        assert refused(door, report, nonsense) == 401, nonsense
    filed_in_the_chat(door, 8)
    assert refused(door, report, launch_data(TOKEN, 8, now, query_id="other")) == 403
    assert refused(door, {"id": "nowhere"}, launch_data(TOKEN, 7, now, query_id="third")) == 403
    assert sign_in(door, report, good).status_code == 204


def test_a_launch_opens_once(door):
    report = filed_in_the_chat(door, 7)
    launched = launch_data(TOKEN, 7, door.world.clock.now())

    assert sign_in(door, report, launched).status_code == 204
    assert refused(door, report, launched) == 401


def test_only_the_mini_app_may_stand_in_a_frame_and_only_in_telegrams(door):
    report = filed_in_the_chat(door, 7)
    framed = door.http.get(f"/telegram/lost/{report['id']}").headers["content-security-policy"]
    alone = door.http.get(f"/lost/{report['id']}").headers["content-security-policy"]

    assert f"frame-ancestors {CLIENT}" in framed
    assert "frame-ancestors 'none'" in alone
    assert framed.replace(f"frame-ancestors {CLIENT}", "frame-ancestors 'none'") == alone


def test_without_a_token_there_is_no_mini_app(tmp_path):
    door = Door(tmp_path, uploads_per_minute=0)
    report = filed_in_the_chat(door, 7)

    assert "app" not in report
    assert sign_in(door, report, launch_data(TOKEN, 7, door.world.clock.now())).status_code == 404
    door.http.close()
    door.world.database.close()
