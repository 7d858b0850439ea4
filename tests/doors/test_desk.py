"""The operator's desk over HTTP: who may do what, and what the people concerned notice of it."""

import re
from datetime import timedelta

import pytest

from homeward.api.auth import DESK_COOKIE, new_key
from homeward.ports import ReportQuery
from tests.conftest import GREY, photo
from tests.doors.conftest import own

DESK = "/api/v1/desk"
HERE = {"Homeward-Desk": "1", "Origin": "http://testserver"}
PLACE = {"lat": "57.612345", "lon": "39.854321"}
SECRET = {"contact": "8 800 555", "address": "Mill street 7", "description": "scar under the left ear"}
NASTY = "<img src=x onerror=alert(1)>"


def key_of(door, scope, name):
    _, secret = new_key(door.context, name, scope, None)
    return {"Authorization": f"Bearer {secret}"}


@pytest.fixture
def anna(door):
    return key_of(door, "admin", "Anna")


@pytest.fixture
def volunteers(door):
    return [key_of(door, "volunteer", name) for name in ("Vera", "Boris", "Gleb")]


@pytest.fixture
def lost(door):
    home = {"home_lat": "57.612346", "home_lon": "39.854322"}
    return door.report("lost", photo(1), name="Barsik", listed="true", **PLACE, **home, **SECRET)


@pytest.fixture
def uncertain(door, lost):
    """A find whose match nobody is sure of."""
    found = door.report("found", photo(1, noise=3), **PLACE, **SECRET)
    set_degree(door, 0.5)
    return found.json()["id"]


def set_degree(door, degree):
    from sqlalchemy import text

    with door.world.database._writer.begin() as connection:
        connection.execute(text("UPDATE matches SET degree = :degree"), {"degree": degree})


def log_of(door, key, **query):
    return [
        (each["who"], each["act"]) for each in door.http.get(f"{DESK}/log", params=query, headers=key).json()["items"]
    ]


def signed_in(door, key):
    answer = door.http.post(f"{DESK}/session", headers=key)
    assert answer.status_code == 200, answer.text
    return answer


# --- sessions -------------------------------------------------------------------------------------------------------


def test_a_key_is_exchanged_for_a_cookie_that_scripts_cannot_read(door, anna):
    answer = signed_in(door, anna)

    assert answer.json() == {"name": "Anna", "role": "operator"}
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert anna["Authorization"].split("_")[2] not in cookie
    assert door.http.get(f"{DESK}/me", headers=HERE).json()["name"] == "Anna"
    assert door.http.delete(f"{DESK}/session", headers=HERE).status_code == 204
    assert door.http.get(f"{DESK}/me", headers=HERE).status_code == 401


def test_signing_out_ends_the_session_wherever_its_cookie_was_copied_to(door, anna, volunteers):
    signed_in(door, volunteers[0])
    others = door.http.cookies.get(DESK_COOKIE)
    signed_in(door, anna)
    copied = door.http.cookies.get(DESK_COOKIE)
    assert door.http.delete(f"{DESK}/session", headers={"Origin": "https://evil.example"}).status_code == 403
    assert door.http.delete(f"{DESK}/session", headers=HERE).status_code == 204

    door.http.cookies.set(DESK_COOKIE, copied)
    assert door.http.get(f"{DESK}/me", headers=HERE).status_code == 401
    assert door.http.delete(f"{DESK}/session", headers=HERE).status_code == 204
    door.http.cookies.clear()
    door.http.cookies.set(DESK_COOKIE, others)
    assert door.http.get(f"{DESK}/me", headers=HERE).json()["name"] == "Vera"
    door.http.cookies.clear()
    signed_in(door, anna)
    assert door.http.get(f"{DESK}/me", headers=HERE).json()["name"] == "Anna"


def test_the_cookie_alone_opens_nothing_and_another_site_cannot_use_it(door, anna):
    signed_in(door, anna)
    body = {"decision": "keep"}

    assert door.http.get(f"{DESK}/me").status_code == 401
    assert door.http.post("/api/v1/keys", json={"name": "x", "scope": "admin"}).status_code == 401
    for foreign in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = door.http.post(f"{DESK}/reports/x/decision", json=body, headers={"Homeward-Desk": "1", **foreign})
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert door.http.post(f"{DESK}/reports/x/decision", json=body, headers=HERE).status_code == 404


@pytest.mark.parametrize("cookie", ["", "nonsense", "WyJhIl0.aaaa.bbbb", "W10.aaaa.bbbb", "x" * 4000])
def test_a_forged_cookie_opens_nothing(door, cookie):
    door.http.cookies.set(DESK_COOKIE, cookie)

    answer = door.http.get(f"{DESK}/me", headers=HERE)

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")


def test_an_owners_cookie_is_no_desk_session(door, lost):
    from homeward.api.auth import link_token

    report = door.world.engine.report(lost.json()["id"]).report
    door.http.cookies.set(DESK_COOKIE, link_token(door.context, report))

    assert door.http.get(f"{DESK}/me", headers=HERE).status_code == 401


def test_a_session_ends_with_its_key_and_after_its_time(door, anna, volunteers):
    signed_in(door, volunteers[0])
    keys = door.http.get("/api/v1/keys", headers=anna).json()["items"]
    vera = next(key["id"] for key in keys if key["name"] == "Vera")
    assert door.http.get(f"{DESK}/me", headers=HERE).status_code == 200
    door.http.delete(f"/api/v1/keys/{vera}", headers=anna)
    assert door.http.get(f"{DESK}/me", headers=HERE).status_code == 401

    signed_in(door, anna)
    door.world.clock.forward(hours=13)
    assert door.http.get(f"{DESK}/me", headers=HERE).status_code == 401


def test_only_people_of_the_desk_sign_in(door):
    for headers in ({}, door.key("bot"), door.key("sightings", door.world.camera().id)):
        assert door.http.post(f"{DESK}/session", headers=headers).status_code in {401, 403}


def test_a_volunteer_is_made_by_name_with_a_link_and_revoked(door, anna):
    made = door.http.post("/api/v1/keys", json={"name": NASTY, "scope": "volunteer"}, headers=anna).json()
    assert made["link"] == f"http://127.0.0.1:8000/desk#token={made['secret']}"
    volunteer = {"Authorization": f"Bearer {made['secret']}"}
    assert door.http.get(f"{DESK}/me", headers=volunteer).json()["role"] == "volunteer"

    assert door.http.delete(f"/api/v1/keys/{made['id']}", headers=anna).status_code == 204

    assert door.http.get(f"{DESK}/me", headers=volunteer).status_code == 401
    assert log_of(door, anna) == [("Anna", "key.revoke"), ("Anna", "key.create")]
    assert door.http.get(f"{DESK}/log", headers=anna).json()["items"][1]["why"] == f"volunteer: {NASTY}"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"{DESK}/reports"), ("GET", f"{DESK}/blocks"), ("GET", f"{DESK}/petitions"), ("GET", f"{DESK}/log"),
        ("GET", f"{DESK}/models"), ("GET", f"{DESK}/health"), ("GET", "/api/v1/cameras"), ("GET", "/api/v1/keys"),
        ("GET", "/api/v1/reports"), ("GET", "/api/v1/stats"), ("GET", "/api/v1/reindex"),
    ],
)  # fmt: skip
def test_a_volunteer_sees_nothing_but_pairs(door, volunteers, method, path):
    answer = door.http.request(method, path, headers=volunteers[0])

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert door.http.request(method, path).status_code == 401


def test_a_volunteer_opens_no_report(door, volunteers, lost):
    report = lost.json()["id"]
    for path in (f"/api/v1/reports/{report}", f"/api/v1/lost/{report}/matches", f"/api/v1/reports/{report}/export"):
        assert door.http.get(path, headers=volunteers[0]).status_code == 403


# --- moderation -----------------------------------------------------------------------------------------------------


def decide(door, key, report_id, decision, why="because", **more):
    return door.http.post(
        f"{DESK}/reports/{report_id}/decision", json={"decision": decision, "why": why}, headers={**key, **more}
    )


def test_an_operator_sees_new_reports_but_no_home_and_no_exact_place(door, anna, lost):
    (seen,) = door.http.get(f"{DESK}/reports", headers=anna).json()["items"]

    assert (seen["name"], seen["contact"], seen["status"]) == ("Barsik", "8 800 555", "open")
    assert door.http.get(seen["photos"][0]["crop"]).status_code == 200
    assert "57.61" not in str(seen)
    assert "home" not in seen


def test_a_hidden_report_leaves_the_board_and_the_matches_and_its_owner_reads_why(door, anna, lost):
    found = door.report("found", photo(1, noise=3), listed="true", **PLACE)
    link, report = own(found), found.json()["id"]
    matches = lambda: door.http.get(f"/api/v1/lost/{lost.json()['id']}/matches", headers=own(lost)).json()["items"]  # noqa: E731
    assert [each["found_id"] for each in matches()] == [report]
    photos = f"/api/v1/lost/{lost.json()['id']}/matches/{report}/photos"
    assert door.http.get(photos, headers=own(lost)).status_code == 200

    assert decide(door, anna, report, "hide", f"It sells puppies {NASTY}").status_code == 200

    assert matches() == []
    assert door.http.get(photos, headers=own(lost)).status_code == 404
    assert door.http.get(f"/pet/{report}").status_code == 404
    mine = door.http.get(f"/api/v1/reports/{report}", headers=link).json()
    assert (mine["status"], mine["hidden_because"]) == ("hidden", f"It sells puppies {NASTY}")
    again = door.http.patch(f"/api/v1/reports/{report}", json={"status": "open"}, headers=link)
    assert (again.status_code, again.json()["code"]) == (403, "forbidden")
    assert decide(door, anna, report, "show").status_code == 200
    door.world.engine.run_due_jobs()
    assert [each["found_id"] for each in matches()] == [report]
    assert door.http.get(f"/pet/{report}").status_code == 200


def pet_of(door, talk, found):
    return door.http.get(f"/api/v1/handovers/{talk}", headers=own(found)).json()["pet"]


def test_a_hidden_report_talks_to_nobody(door, anna, lost):
    found = door.report("found", photo(1, noise=3), held="held", **PLACE)
    pair = {"lost_id": lost.json()["id"], "found_id": found.json()["id"]}
    talk = door.http.post("/api/v1/handovers", json=pair, headers=own(found)).json()["id"]
    decide(door, anna, found.json()["id"], "hide", "It asks for money first")

    refused = [
        door.http.post("/api/v1/handovers", json=pair, headers=own(found)),
        door.http.put(f"/api/v1/handovers/{talk}/answer", json={"agrees": True}, headers=own(lost)),
        door.http.post(f"/api/v1/handovers/{talk}/messages", files={"text": (None, "Pay first")}, headers=own(found)),
        door.http.post(f"/api/v1/handovers/{talk}/messages", files={"text": (None, "Where?")}, headers=own(lost)),
    ]
    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [(403, "forbidden")] * 4
    assert pet_of(door, talk, found)["name"] == "Barsik"
    decide(door, anna, lost.json()["id"], "hide", "It asks for money too")
    assert pet_of(door, talk, found) is None
    said_no = door.http.put(f"/api/v1/handovers/{talk}/answer", json={"agrees": False}, headers=own(lost))
    assert said_no.status_code == 200


def close(door, lost, found):
    path = f"/api/v1/lost/{lost.json()['id']}/matches/{found.json()['id']}/verdict"
    return door.http.put(path, json={"verdict": "same", "close": True}, headers=own(lost))


def status_of(door, report):
    return door.http.get(f"/api/v1/reports/{report.json()['id']}", headers=own(report)).json()["status"]


def test_a_hidden_report_is_not_shown_again_by_closing_its_case(door, anna, lost):
    found = door.report("found", photo(1, noise=3), **PLACE)
    decide(door, anna, lost.json()["id"], "hide", "It sells puppies")

    answer = close(door, lost, found)

    assert (answer.status_code, answer.json()["field"]) == (403, "status")
    assert (status_of(door, lost), status_of(door, found)) == ("hidden", "open")
    match = door.http.get(f"/api/v1/lost/{lost.json()['id']}/matches", headers=own(lost)).json()["items"][0]
    assert match["verdict"] is None


def test_a_hidden_find_stays_hidden_when_its_owner_closes_the_case(door, anna, lost):
    found = door.report("found", photo(1, noise=3), **PLACE)
    decide(door, anna, found.json()["id"], "hide", "It asks for money first")

    assert close(door, lost, found).status_code == 200

    assert (status_of(door, lost), status_of(door, found)) == ("reunited", "hidden")


def test_what_is_hidden_finds_nobody_new(door, anna, lost):
    decide(door, anna, lost.json()["id"], "hide")

    found = door.report("found", photo(1, noise=4), **PLACE)

    assert found.json()["matches"] == []


def test_a_report_is_erased_once_with_its_reason_in_the_log(door, anna, lost):
    report, key = lost.json()["id"], {"Idempotency-Key": "one"}

    assert decide(door, anna, report, "erase", "a scam", **key).status_code == 200
    assert decide(door, anna, report, "erase", "a scam", **key).headers["Idempotency-Replayed"] == "true"
    assert decide(door, anna, report, "erase", "again").status_code == 404

    assert door.is_empty()
    assert log_of(door, anna) == [("Anna", "report.erase")]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"decision": "hide", "why": ""}, "why"),
        ({"decision": "hide", "why": "x" * 10_000}, "why"),
        ({"decision": "hide", "why": "bad\x00sign"}, "why"),
        ({"decision": "burn", "why": "because"}, "decision"),
        ({"decision": "hide", "why": "because", "more": 1}, "more"),
    ],
)
def test_a_decision_without_sense_is_refused_by_name(door, anna, lost, body, field):
    answer = door.http.post(f"{DESK}/reports/{lost.json()['id']}/decision", json=body, headers=anna)

    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert door.http.get(f"/pet/{lost.json()['id']}").status_code == 200


def test_a_complaint_comes_to_the_queue_and_goes_with_the_decision(door, anna, lost):
    report = lost.json()["id"]
    said = door.http.post(f"/api/v1/board/{report}/complaints", json={"kind": "scam", "text": NASTY})
    assert said.status_code == 201

    (flagged,) = door.http.get(f"{DESK}/reports?flagged=true", headers=anna).json()["items"]

    assert [(each["kind"], each["text"]) for each in flagged["complaints"]] == [("scam", NASTY)]
    assert door.http.get(f"{DESK}/me", headers=anna).json()["waiting"]["reports"] == 1
    decide(door, anna, report, "keep", "")
    assert door.http.get(f"{DESK}/reports?flagged=true", headers=anna).json()["items"] == []
    assert door.http.get(f"/pet/{report}").status_code == 200


def test_of_those_with_complaints_only_the_ones_that_stand_so_are_listed_where_a_status_is_asked_for(door, anna, lost):
    report = lost.json()["id"]
    door.http.post(f"/api/v1/board/{report}/complaints", json={"kind": "scam"})

    def listed(status):
        answer = door.http.get(f"{DESK}/reports?flagged=true&status={status}", headers=anna)
        return [each["id"] for each in answer.json()["items"]]

    assert (listed("open"), listed("hidden")) == ([report], [])
    assert door.http.get(f"{DESK}/reports?flagged=true&status=lame", headers=anna).status_code == 422


def test_those_with_complaints_come_page_by_page_whatever_is_decided_meanwhile(door, anna):
    first, second, third = (door.report("lost", photo(n), name="Rex", listed="true").json()["id"] for n in (1, 4, 5))
    for report in (first, second, second, third):
        assert door.http.post(f"/api/v1/board/{report}/complaints", json={"kind": "scam"}).status_code == 201

    def page(**query):
        answer = door.http.get(f"{DESK}/reports", params={"flagged": "true", "limit": 1, **query}, headers=anna).json()
        return [each["id"] for each in answer["items"]], answer["next"]

    listed, cursor = page()
    assert listed == [second]
    decide(door, anna, second, "keep", "")
    listed, cursor = page(cursor=cursor)
    last, end = page(cursor=cursor)
    assert (listed + last, end) == (sorted([first, third]), None)


@pytest.mark.parametrize(
    "cursor", ["x", "1", "1~", "~~", "nan~2026-11-20T15:30:00Z~x", "1~2026-11-20~x", "99~2026-11-20T15:30:00Z~x"]
)
def test_a_made_up_place_in_the_list_of_complaints_is_refused(door, anna, cursor):
    answer = door.http.get(f"{DESK}/reports", params={"flagged": "true", "cursor": cursor}, headers=anna)

    assert (answer.status_code, answer.json()["field"]) == (422, "cursor")


def test_what_is_not_on_the_board_cannot_be_complained_about(door):
    private = door.report("lost", photo(2), name="Private").json()["id"]

    for report in (private, "nobody"):
        answer = door.http.post(f"/api/v1/board/{report}/complaints", json={"kind": "scam"})
        assert answer.status_code == 404
    assert door.http.get(f"/pet/{private}/complaint").status_code == 404


def test_complaints_and_requests_are_limited_by_the_minute(door, lost):
    path = f"/api/v1/board/{lost.json()['id']}/complaints"
    codes = [door.http.post(path, json={"kind": "scam"}).status_code for _ in range(6)]

    assert codes == [201] * 5 + [429]
    assert door.http.post("/api/v1/petitions", json={"text": "please erase"}).status_code == 429


def test_the_complaint_form_works_without_javascript_and_keeps_words_as_words(door, anna, lost):
    path = f"/pet/{lost.json()['id']}/complaint"
    assert f"href='{path}'" in door.http.get(f"/pet/{lost.json()['id']}").text
    page = door.http.get(path, headers={"Accept-Language": "ru"})
    assert "Что не так с этим объявлением?" in page.text
    assert "<script" not in page.text

    wrong = door.http.post(path, data={"kind": "scam", "text": NASTY + "x" * 3000})
    assert wrong.status_code == 422
    assert NASTY not in wrong.text
    assert "at most 2,000 characters" in wrong.text
    thanks = door.http.post(path, data={"kind": "cruel", "text": NASTY})
    assert "Thank you" in thanks.text
    foreign = door.http.post(path, data={"kind": "cruel"}, headers={"Origin": "https://evil.example"})
    assert foreign.status_code == 403

    (flagged,) = door.http.get(f"{DESK}/reports?flagged=true", headers=anna).json()["items"]
    assert [each["text"] for each in flagged["complaints"]] == [NASTY]


# --- blocks ---------------------------------------------------------------------------------------------------------


def block(door, key, report_id, **fields):
    return door.http.post(f"{DESK}/blocks", json={"report_id": report_id, "why": "spam", **fields}, headers=key)


def test_a_blocked_sender_is_refused_politely_and_may_still_read_erase_and_object(door, anna, lost):
    report, link = lost.json()["id"], own(lost)
    assert block(door, anna, report).status_code == 201

    refused = door.report("found", photo(5), headers={"Accept-Language": "ru"})

    assert (refused.status_code, refused.json()["code"]) == (403, "blocked")
    assert "ничего от вас не принимаем" in refused.json()["title"]
    assert "/privacy" in refused.json()["hint"]
    said = {"kind": "scam"}
    assert door.http.post(f"/api/v1/board/{report}/complaints", json=said).json()["code"] == "blocked"
    assert door.http.patch(f"/api/v1/reports/{report}", json={"name": "x"}, headers=link).json()["code"] == "blocked"
    assert door.http.patch(f"/api/v1/reports/{report}", json={"status": "closed"}, headers=link).status_code == 200
    assert door.http.get(f"/api/v1/reports/{report}", headers=link).status_code == 200
    appeal = door.http.post("/api/v1/petitions", json={"kind": "appeal", "text": "It was not me."})
    assert appeal.status_code == 201
    assert door.http.delete(f"/api/v1/reports/{report}", headers=link).status_code == 204


def test_a_block_ends_by_itself_or_by_an_operator(door, anna, lost):
    made = block(door, anna, lost.json()["id"]).json()
    assert block(door, anna, lost.json()["id"]).json()["code"] == "conflict"
    assert door.report("found", photo(5)).status_code == 403
    assert door.http.delete(f"{DESK}/blocks/{made['id']}", headers=anna).status_code == 204
    assert door.http.delete(f"{DESK}/blocks/{made['id']}", headers=anna).status_code == 404
    found = door.report("found", photo(5))
    assert found.status_code == 201

    block(door, anna, found.json()["id"], days=2)
    assert door.report("found", photo(6)).status_code == 403
    door.world.clock.forward(days=3)
    assert door.report("found", photo(6)).status_code == 201
    listed = door.http.get(f"{DESK}/blocks", headers=anna).json()["items"]
    assert [each["holds"] for each in listed] == [False, False]
    assert [act for _, act in log_of(door, anna)] == ["block.add", "block.lift", "block.add"]


def test_on_a_messenger_the_account_is_blocked_and_not_its_bot(door, anna):
    bot = door.key("bot")
    accounts = [
        door.http.post("/api/v1/accounts", json={"messenger": "telegram", "address": str(n), "language": "en"},
                       headers=bot).json()["id"]
        for n in (1, 2)
    ]  # fmt: skip
    filed = door.report("lost", photo(1), headers={**bot, "Homeward-Account": accounts[0]})
    assert block(door, anna, filed.json()["id"]).json()["network"] is False

    again = [door.report("lost", photo(2), headers={**bot, "Homeward-Account": each}) for each in accounts]

    assert [each.status_code for each in again] == [403, 201]


def test_a_block_tells_neither_account_nor_address(door, anna, lost):
    account = door.world.engine.report(lost.json()["id"]).report.account_id
    made = block(door, anna, lost.json()["id"])

    assert account not in made.text
    assert "testclient" not in made.text
    assert made.json()["network"] is True


def test_where_a_report_came_from_is_forgotten_after_a_month(door, anna, lost):
    report = lost.json()["id"]
    assert door.http.get(f"{DESK}/reports/{report}", headers=anna).json()["network_known"] is True
    door.world.clock.forward(days=31)
    door.world.engine.forget_due()

    assert door.http.get(f"{DESK}/reports/{report}", headers=anna).json()["network_known"] is False


# --- pairs ----------------------------------------------------------------------------------------------------------


def judge(door, key, lost_id, found_id, opinion):
    return door.http.put(f"{DESK}/pairs/{lost_id}/{found_id}", json={"opinion": opinion}, headers=key)


def reasons_of(door, lost):
    page = door.http.get(f"/api/v1/lost/{lost.json()['id']}/matches", headers=own(lost)).json()
    return [(each["verdict"], [reason["code"] for reason in each["reasons"]]) for each in page["items"]]


def test_volunteers_see_two_animals_a_district_and_a_day_and_nothing_else(door, volunteers, uncertain):
    answer = door.http.get(f"{DESK}/pairs", headers=volunteers[0])

    (pair,) = answer.json()["items"]
    assert pair.keys() == {"lost_id", "found_id", "species", "lost", "found"}
    assert pair["lost"].keys() == pair["found"].keys() == {"photos", "district", "day"}
    assert (answer.json()["waiting"], answer.json()["judged"]) == (1, 0)
    for secret in ("57.6", "39.8", "8 800", "Mill", "scar", "Barsik", "token"):
        assert secret not in answer.text
    shown = pair["lost"]["photos"][0]
    assert door.http.get(shown).content[:2] == b"\xff\xd8"
    assert "size=crop" in shown
    assert door.http.get(shown.replace("size=crop", "size=full")).status_code == 403


def test_volunteers_see_the_day_of_the_place(door, volunteers):
    vladivostok = {"lat": "43.12", "lon": "131.89"}
    for shelf, moment in (("lost", "2026-06-01T08:00:00+10:00"), ("found", "2026-06-02T08:00:00+10:00")):
        door.report(shelf, photo(1), happened_at=moment, **vladivostok)
    set_degree(door, 0.5)

    (pair,) = door.http.get(f"{DESK}/pairs", headers=volunteers[0]).json()["items"]

    assert (pair["lost"]["day"], pair["found"]["day"]) == ("2026-06-01", "2026-06-02")


def test_volunteers_see_no_photo_that_shows_more_than_the_animal(door, volunteers):
    seen = door.report("lost", GREY, photo(1), species="cat", **PLACE).json()
    whole = door.report("lost", GREY, species="cat", keep_without_animal="true", **PLACE).json()
    door.report("found", photo(1, noise=3), **PLACE)
    set_degree(door, 0.5)
    with door.world.database.read() as work:
        assert len(work.matches.of_found(door.world.engine.reports(ReportQuery(shelf="found"))[0].id, 9)) == 2

    (pair,) = door.http.get(f"{DESK}/pairs", headers=volunteers[0]).json()["items"]

    assert pair["lost_id"] == seen["id"] != whole["id"]
    assert [re.search(r"photos/(\w+)", shown)[1] for shown in pair["lost"]["photos"]] == [seen["photos"][1]["id"]]


def test_faces_are_blurred_for_volunteers_too(tmp_path):
    from tests.doors.conftest import Door

    door = Door(tmp_path, uploads_per_minute=0)
    door.world.detector.people = True
    door.report("lost", photo(1), **PLACE)
    door.report("found", photo(1, noise=3), **PLACE)
    set_degree(door, 0.5)
    (pair,) = door.http.get(f"{DESK}/pairs", headers=key_of(door, "volunteer", "Vera")).json()["items"]
    photo_id = re.search(r"photos/(\w+)", pair["lost"]["photos"][0])[1]

    seen = door.http.get(pair["lost"]["photos"][0]).content

    engine = door.world.engine
    assert seen == engine.photo(photo_id, "crop", viewer=None, is_owner=False)
    assert engine.photo_row(photo_id).people
    door.http.close()
    door.world.database.close()


def test_two_volunteers_of_one_mind_are_a_reason_for_the_owner_and_no_verdict(door, volunteers, lost, uncertain):
    report = lost.json()["id"]
    assert judge(door, volunteers[0], report, uncertain, "same").status_code == 204
    assert all("volunteers" not in str(reasons) for _, reasons in reasons_of(door, lost))

    assert judge(door, volunteers[1], report, uncertain, "same").status_code == 204

    ((verdict, reasons),) = reasons_of(door, lost)
    assert (verdict, reasons[0]) == (None, "volunteers_same")
    page = door.http.get(f"/api/v1/lost/{report}/matches", headers={**own(lost), "Accept-Language": "ru"}).json()
    assert page["items"][0]["reasons"][0]["text"] == "двое волонтёров считают, что это одно животное"
    assert page["items"][0]["degree"] == 0.5
    assert door.http.get(f"{DESK}/pairs", headers=volunteers[2]).json()["items"] == []


def test_one_against_one_is_no_hint_and_the_third_decides(door, volunteers, lost, uncertain):
    for key, opinion in zip(volunteers[:2], ("same", "different"), strict=True):
        judge(door, key, lost.json()["id"], uncertain, opinion)
    assert "volunteers" not in str(reasons_of(door, lost))
    assert door.http.get(f"{DESK}/pairs", headers=volunteers[2]).json()["waiting"] == 1

    judge(door, volunteers[2], lost.json()["id"], uncertain, "different")

    assert reasons_of(door, lost)[0][1][0] == "volunteers_different"


def test_nobody_counts_twice(door, volunteers, lost, uncertain):
    for _ in range(2):
        judge(door, volunteers[0], lost.json()["id"], uncertain, "same")

    assert "volunteers" not in str(reasons_of(door, lost))
    assert door.http.get(f"{DESK}/pairs", headers=volunteers[0]).json()["judged"] == 1


def test_a_settled_pair_is_told_as_such(door, volunteers, lost, uncertain):
    report = lost.json()["id"]
    assert judge(door, volunteers[0], report, "nobody", "same").status_code == 404
    door.http.put(f"/api/v1/lost/{report}/matches/{uncertain}/verdict", json={"verdict": "same"}, headers=own(lost))

    answer = judge(door, volunteers[0], report, uncertain, "different")

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert judge(door, volunteers[0], report, uncertain, "maybe").status_code == 422


# --- requests of people ---------------------------------------------------------------------------------------------


def test_anybody_asks_for_erasure_and_finds_the_answer_at_the_address_given(door, anna):
    page = door.http.get("/privacy", headers={"Accept-Language": "ru"})
    assert "Что хранится и кто это видит" in page.text
    asked = door.http.post(
        "/privacy", data={"kind": "erasure", "text": f"My face is on it {NASTY}", "contact": NASTY, "about": "/pet/x"},
        follow_redirects=False,
    )  # fmt: skip
    assert asked.status_code == 303
    address = asked.headers["location"]
    waits = door.http.get(address)
    assert "You will get an answer by" in waits.text
    assert waits.headers["X-Robots-Tag"] == "noindex"
    assert "My face" not in waits.text

    (petition,) = door.http.get(f"{DESK}/petitions", headers=anna).json()["items"]
    assert petition["text"] == f"My face is on it {NASTY}"
    due = door.world.clock.now() + timedelta(days=10)
    assert petition["due_at"].startswith(f"{due:%Y-%m-%d}")
    answered = door.http.post(f"{DESK}/petitions/{petition['id']}/answer", json={"answer": NASTY}, headers=anna)
    assert (answered.status_code, answered.json()["sent"]) == (200, False)

    done = door.http.get(address).text
    assert "&lt;img src=x onerror=alert(1)&gt;" in done
    assert NASTY not in done
    again = door.http.post(f"{DESK}/petitions/{petition['id']}/answer", json={"answer": "more"}, headers=anna)
    assert again.status_code == 409
    assert log_of(door, anna) == [("Anna", "petition.answer")]


@pytest.mark.parametrize("path", ["/request/nobody", "/api/v1/petitions/nobody"])
def test_a_request_that_is_not_there_is_told_as_such(door, path):
    assert door.http.get(path).status_code == 404


def test_a_request_without_words_gets_the_form_again(door):
    answer = door.http.post("/privacy", data={"kind": "erasure", "text": " ", "about": '"><b>'})

    assert answer.status_code == 422
    assert "Say it in a few words" in answer.text
    assert '"><b>' not in answer.text


def test_who_runs_the_server_stands_on_the_page(tmp_path):
    from tests.doors.conftest import Door

    door = Door(tmp_path, operator="Cats of Rybinka <cats@example.org>")
    assert "Cats of Rybinka &lt;cats@example.org&gt;" in door.http.get("/privacy").text
    door.http.close()
    door.world.database.close()


# --- cameras and the house ------------------------------------------------------------------------------------------


def test_a_camera_is_moved_renamed_and_its_key_renewed(door, anna):
    added = door.http.post(
        "/api/v1/cameras", json={"name": "Yard", "lat": 57.6, "lon": 39.8, "id": "yard"}, headers=anna
    )
    assert added.status_code == 201
    first = door.http.post("/api/v1/cameras/yard/key", headers=anna).json()["secret"]
    camera = {"Authorization": f"Bearer {first}"}
    assert door.http.post("/api/v1/cameras/yard/heartbeat", json={}, headers=camera).status_code == 200

    change = {"name": "Gate", "lat": 57.7, "lon": 39.9, "district": "Old town"}
    assert door.http.patch("/api/v1/cameras/yard", json=change, headers=camera).status_code == 403
    moved = door.http.patch("/api/v1/cameras/yard", json=change, headers=anna).json()
    assert (moved["name"], moved["place"]) == (
        "Gate",
        {"lat": 57.7, "lon": 39.9, "name": "Gate", "district": "Old town"},
    )
    second = door.http.post("/api/v1/cameras/yard/key", headers=anna).json()["secret"]

    assert door.http.post("/api/v1/cameras/yard/heartbeat", json={}, headers=camera).status_code == 401
    fresh = {"Authorization": f"Bearer {second}"}
    assert door.http.post("/api/v1/cameras/yard/heartbeat", json={}, headers=fresh).status_code == 200
    assert door.http.post("/api/v1/cameras/nobody/key", headers=anna).status_code == 404
    assert door.http.patch("/api/v1/cameras/yard", json={}, headers=anna).status_code == 422
    assert [act for _, act in log_of(door, anna)] == ["camera.key", "camera.change", "camera.key", "camera.add"]


@pytest.mark.parametrize(
    "change", [{"lat": 99, "lon": 0}, {"lat": 1}, {"name": ""}, {"name": "x" * 101}, {"paused": "no way"}]
)
def test_a_camera_is_not_changed_into_nonsense(door, anna, change):
    door.world.camera()

    assert door.http.patch("/api/v1/cameras/yard", json=change, headers=anna).status_code == 422


def test_all_that_a_camera_sent_is_erased(door, anna):
    camera = door.key("sightings", door.world.camera().id)
    now = door.world.clock.now().isoformat()
    for number in range(3):
        sent = door.http.post(
            "/api/v1/sightings", data={"seen_at": now}, files={"photo": photo(number)}, headers=camera
        )
        assert sent.status_code == 201
    assert door.http.get("/api/v1/cameras", headers=anna).json()["items"][0]["last_sighting_at"] is not None

    answer = door.http.delete("/api/v1/cameras/yard/sightings", headers=anna)

    assert answer.json() == {"erased": 3, "left": False}
    assert door.is_empty()
    assert log_of(door, anna)[0] == ("Anna", "sighting.erase_all")


def test_the_house_tells_of_models_queues_and_spools(door, anna):
    camera = door.world.camera()
    door.http.post(f"/api/v1/cameras/{camera.id}/heartbeat", json={"counters": {"waiting": 7}},
                   headers=door.key("sightings", camera.id))  # fmt: skip
    door.report("lost", photo(1), **PLACE)
    door.report("found", photo(1, noise=3), **PLACE)

    health = door.http.get(f"{DESK}/health", headers=anna).json()
    models = door.http.get(f"{DESK}/models", headers=anna).json()

    assert {"database", "models"} <= health["ready"].keys()
    assert all(health["ready"].values())
    assert [(queue["name"], queue["waiting"]) for queue in health["queues"]] == [("match", 1), ("owner_near", 1)]
    assert [(spool["name"], spool["waiting"]) for spool in health["spools"]] == [("yard", 7)]
    assert models["reindex"]["model"]
    assert models["items"] == []


def test_the_bundled_cards_come_with_their_curves(door, anna):
    from dataclasses import replace

    from homeward.models.registry import Registry
    from tests.doors.conftest import TestClient, create_api

    cards = [card.raw for card in Registry([door.folder / "models"]).cards()]
    http = TestClient(create_api(replace(door.context, cards=lambda: cards)))

    items = http.get(f"{DESK}/models", headers=anna).json()["items"]

    embedder = next(each for each in items if each["kind"] == "embedder")
    bundled = next(card for card in cards if card["kind"] == "embedder")
    assert len(embedder["curves"]) == len(bundled["calibration"])
    assert all(len(curve["knots_l2"]) == len(curve["llr"]) for curve in embedder["curves"])
    assert "golden" not in embedder
    http.close()


def test_the_log_is_read_page_by_page_and_by_person(door, anna, volunteers):
    boris = key_of(door, "admin", "Boris")
    for number in range(3):
        door.http.post("/api/v1/keys", json={"name": str(number), "scope": "volunteer"}, headers=anna)
    door.http.post("/api/v1/keys", json={"name": "x", "scope": "bot"}, headers=boris)

    first = door.http.get(f"{DESK}/log?limit=3", headers=anna).json()
    rest = door.http.get(f"{DESK}/log?limit=3&cursor={first['next']}", headers=anna).json()

    assert [len(first["items"]), len(rest["items"]), rest["next"]] == [3, 1, None]
    assert log_of(door, anna, who="Boris") == [("Boris", "key.create")]
