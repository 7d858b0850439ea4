import csv
import io
import json
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from homeward.domain.animals import Label
from homeward.domain.breeds import BreedHead
from homeward.domain.places import Point
from homeward.errors import StorageFull
from homeward.ports import Space
from homeward.storage.sql.reports import SqlReports
from homeward.testing import FakeEmbedder
from homeward.testing.fakes import CALIBRATION
from tests.conftest import photo
from tests.doors.conftest import own

PLACE = {"lat": "57.605", "lon": "39.852"}


@pytest.fixture
def pair(door):
    found = door.report("found", photo(1), **PLACE)
    lost = door.report("lost", photo(1, noise=1), lat="57.6", lon="39.85", home_lat="57.6", home_lon="39.85")
    return found, lost


def matches(door, lost, query="", **headers):
    return door.http.get(f"/api/v1/lost/{lost.json()['id']}/matches{query}", headers={**own(lost), **headers})


def test_a_lost_report_answers_with_its_match_and_a_link(pair):
    found, lost = pair

    body = lost.json()

    assert lost.status_code == 201
    assert body["matches"][0]["found_id"] == found.json()["id"]
    assert body["link"].startswith("http://127.0.0.1:8000/lost/")
    assert [crop["part"] for crop in body["photos"][0]["animals"][0]["crops"]] == ["body", "face"]


def test_each_found_report_that_is_asked_for_is_looked_up_however_many_there_are(door, pair):
    found, lost = pair
    asked = "&".join(f"found_id={each}" for each in [*range(250), found.json()["id"]])

    (match,) = matches(door, lost, f"?{asked}").json()["items"]

    assert match["found_id"] == found.json()["id"]


def test_a_match_carries_everything_that_an_owner_needs(door, pair):
    (match,) = matches(door, pair[1]).json()["items"]

    assert match["place"] == {"lat": 57.605, "lon": 39.852, "name": None, "district": None}
    assert match["distance_km"] == pytest.approx(0.57, abs=0.02)
    assert 0 <= match["l2_distance"] <= 2
    assert match["degree_word"] == "very_likely"
    assert {"seen_at", "source", "species", "encounter", "verdict", "camera", "reasons", "model"} <= set(match)


def test_reasons_and_degrees_speak_the_readers_language(door, pair):
    (match,) = matches(door, pair[1], **{"Accept-Language": "ru-RU,ru;q=0.9,en;q=0.5"}).json()["items"]

    assert match["degree_text"] == "очень вероятно"
    assert "550\N{NO-BREAK SPACE}м от дома" in [reason["text"] for reason in match["reasons"]]


@pytest.mark.parametrize(
    ("language", "lost_h", "found_h", "said"),
    [
        ("ru", 21, 0, "через 21 час после пропажи"),
        ("ru", 3, 0, "через 3 часа после пропажи"),
        ("en", 5, 0, "seen 5 hours after it was lost"),
        ("ru", 41 * 24, 0, "спустя 41 день"),
        ("en", 40 * 24, 0, "seen 40 days later"),
        ("ru", 0, 5 * 24, "за 5 дней до пропажи"),
    ],
)
def test_the_time_between_is_said_in_whole_words(door, language, lost_h, found_h, said):
    now = door.world.clock.now()
    at = {shelf: (now - timedelta(hours=h)).isoformat() for shelf, h in (("lost", lost_h), ("found", found_h))}
    door.report("found", photo(1), happened_at=at["found"], **PLACE)
    lost = door.report("lost", photo(1, noise=1), happened_at=at["lost"], **PLACE)

    (match,) = matches(door, lost, **{"Accept-Language": language}).json()["items"]

    assert said in [reason["text"] for reason in match["reasons"]]


def test_matches_come_as_csv_that_a_spreadsheet_reads(door, pair):
    answer = matches(door, pair[1], Accept="text/csv")

    assert answer.text.startswith("\ufeff")
    (row,) = csv.DictReader(io.StringIO(answer.text[1:]))
    assert row["found_id"] == pair[0].json()["id"]


def test_matches_come_as_geojson_with_longitude_first(door, pair):
    body = matches(door, pair[1], Accept="application/geo+json").json()

    assert body["features"][0]["geometry"]["coordinates"] == [39.852, 57.605]


def test_filters_hide_and_say_how_many(door, pair):
    body = matches(door, pair[1], "?max_km=0.1").json()

    assert (body["items"], body["total"], body["hidden"]) == ([], 0, 1)


def test_pages_follow_each_other(door):
    for noise in range(1, 6):
        door.report("found", photo(1, noise=noise), **PLACE)
    lost = door.report("lost", photo(1), **PLACE)

    first = matches(door, lost, "?limit=3&sort=l2_distance").json()
    second = matches(door, lost, f"?limit=3&sort=l2_distance&cursor={first['next']}").json()

    distances = [m["l2_distance"] for m in first["items"] + second["items"]]
    assert len(distances) == 5
    assert distances == sorted(distances)
    assert second["next"] is None


def test_the_same_request_again_gets_the_same_report_and_a_link_that_works(door):
    key = {"Idempotency-Key": "once"}
    first = door.report("lost", photo(1), headers=key)
    again = door.report("lost", photo(1), headers=key)

    assert again.status_code == 201
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json()["id"] == first.json()["id"]
    assert door.http.get(f"/api/v1/reports/{first.json()['id']}", headers=own(again)).status_code == 200


def test_a_key_used_for_another_body_is_refused(door):
    key = {"Idempotency-Key": "once"}
    first = door.report("lost", photo(1), headers=key)

    refused = door.report("lost", photo(2), headers=key)

    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
    assert first.json()["id"] not in refused.text, "it may be a stranger's"


def test_a_verdict_moves_the_match_to_the_bottom(door, pair):
    found, lost = pair
    url = f"/api/v1/lost/{lost.json()['id']}/matches/{found.json()['id']}/verdict"

    answer = door.http.put(url, json={"verdict": "different"}, headers=own(lost))

    assert answer.json()["found_ids"] == [found.json()["id"]]
    (match,) = matches(door, lost).json()["items"]
    assert match["verdict"] == "different"
    assert match["degree"] < 0.001
    assert matches(door, lost, "?verdict=none").json()["items"] == []


def test_the_finder_sees_bands_and_never_contact_or_place(door):
    door.report("lost", photo(1), lat="57.6123", lon="39.8523", home_lat="57.6123", home_lon="39.8523",
                contact="+7 900 000", name="Rex")  # fmt: skip
    found = door.report("found", photo(1, noise=1), **PLACE)

    answer = door.http.get(f"/api/v1/found/{found.json()['id']}/matches", headers=own(found))

    (match,) = answer.json()["items"]
    assert match["name"] == "Rex"
    assert match["distance_band_km"] == [0.0, 2.0]
    assert "900" not in answer.text
    assert "57.6123" not in answer.text


def test_what_the_api_answers_is_kept_by_nobody_on_the_way_unless_it_is_a_picture(door, pair):
    lost = pair[1]

    answers = [
        door.http.get(f"/api/v1/{path}", headers=own(lost))
        for path in (f"reports/{lost.json()['id']}", f"lost/{lost.json()['id']}/matches", "reports/nobodys")
    ]

    assert [answer.headers["cache-control"] for answer in answers] == ["no-store"] * 3
    picture = door.http.get(matches(door, lost).json()["items"][0]["photo"]["crop"])
    assert picture.headers["cache-control"].startswith("private, max-age")


def test_a_picture_is_kept_for_minutes_and_then_sent_again_only_where_it_is_another(door):
    lost = door.report("lost", photo(1), photo(2), listed="true")
    identity = lost.json()["id"]
    for address in (lost.json()["photos"][0]["crop"], f"/api/v1/board/{identity}/photo"):
        first = door.http.get(address)
        known = {"If-None-Match": f'"another", W/{first.headers["etag"]}'}
        again = door.http.get(address, headers=known)
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", first.headers["etag"])
        assert again.headers["cache-control"] == first.headers["cache-control"]
        assert int(first.headers["cache-control"].split("max-age=")[1]) <= 600
        assert door.http.get(address, headers={"If-None-Match": '"another"'}).content == first.content
    gone = lost.json()["photos"][0]
    door.http.delete(f"/api/v1/reports/{identity}/photos/{gone['id']}", headers=own(lost))
    tag = {"If-None-Match": first.headers["etag"]}
    assert door.http.get(gone["crop"], headers=tag).status_code == 404
    assert door.http.get(f"/api/v1/board/{identity}/photo", headers=tag).status_code == 200, "another photo by now"


def test_half_a_point_is_not_taken_away_in_silence(door):
    lost = door.report("lost", photo(1), **PLACE, home_lat="57.6", home_lon="39.8")

    answer = door.http.patch(f"/api/v1/reports/{lost.json()['id']}", json={"home_lon": None}, headers=own(lost))

    assert answer.status_code == 422
    assert answer.json()["field"] == "home_lon"


def test_pictures_have_signed_addresses_and_no_metadata(door, pair):
    address = matches(door, pair[1]).json()["items"][0]["photo"]["crop"]

    picture = door.http.get(address)

    assert picture.headers["content-type"] == "image/jpeg"
    assert b"Exif" not in picture.content
    assert door.http.get(address.replace("size=crop", "size=full")).status_code == 403
    assert door.http.get(address[:-3]).status_code == 403


def test_an_owner_sees_every_photo_of_a_match_and_of_nothing_else(door):
    found = door.report("found", photo(2), photo(1), photo(1, noise=3), **PLACE).json()
    lost = door.report("lost", photo(1, noise=1), **PLACE)
    address = f"/api/v1/lost/{lost.json()['id']}/matches"
    seen = door.http.get(f"{address}/{found['id']}/photos", headers=own(lost)).json()["items"]

    assert seen[0]["id"] == matches(door, lost).json()["items"][0]["photo"]["id"]
    assert {each["id"] for each in seen} == {each["id"] for each in found["photos"]}
    assert door.http.get(seen[-1]["full"]).headers["content-type"] == "image/jpeg"
    assert door.http.get(f"{address}/nothing/photos", headers=own(lost)).status_code == 404
    assert door.http.get(f"{address}/{found['id']}/photos").status_code == 401
    stranger = door.report("lost", photo(5))
    assert door.http.get(f"{address}/{found['id']}/photos", headers=own(stranger)).status_code in {403, 404}


def test_a_picture_address_expires(door, pair, monkeypatch):
    address = matches(door, pair[1]).json()["items"][0]["photo"]["thumb"]
    monkeypatch.setattr("homeward.api.auth.PHOTO_LINK_S", -1)

    assert door.http.get(address).status_code == 403


def test_a_list_asked_for_again_within_the_hour_names_the_same_pictures(door, pair, monkeypatch):
    named = []
    for second in (10, 3500, 3700):
        monkeypatch.setattr("itsdangerous.timed.time.time", lambda second=second: 500_000 * 3600.0 + second)
        named.append(matches(door, pair[1]).json()["items"][0]["photo"]["crop"])

    assert named[0] == named[1] != named[2]


def test_a_report_and_its_lists_are_compressed_for_who_takes_it_so(door, pair):
    address = f"/api/v1/reports/{pair[1].json()['id']}"
    for path in (address, f"/api/v1/lost/{pair[1].json()['id']}/matches", "/api/v1/map"):
        narrow = door.http.get(path, headers=own(pair[1]) | {"Accept-Encoding": "gzip"})
        plain = door.http.get(path, headers=own(pair[1]) | {"Accept-Encoding": "identity"})
        assert len(plain.content) < 1000 or narrow.headers["content-encoding"] == "gzip", path
        assert narrow.json().keys() == plain.json().keys()
    assert len(door.http.get(address, headers=own(pair[1]) | {"Accept-Encoding": "identity"}).content) >= 1000


def test_a_cookie_stands_for_the_link_and_other_sites_cannot_use_it(door, pair):
    _, lost = pair
    door.http.post("/api/v1/session", headers=own(lost))
    address = f"/api/v1/reports/{lost.json()['id']}"

    assert door.http.get(address).status_code == 200
    assert door.http.delete(address, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert door.http.delete(address, headers={"Origin": "https://evil.example"}).status_code == 403
    door.http.delete("/api/v1/session")
    door.http.cookies.clear()
    assert door.http.get(address).status_code == 401


def test_a_session_that_has_ended_keeps_nobody_from_reporting_anew(door, pair):
    _, lost = pair
    door.http.post("/api/v1/session", headers=own(lost))
    cookies = dict(door.http.cookies)
    door.http.delete(f"/api/v1/reports/{lost.json()['id']}")
    door.http.cookies.update(cookies)  # as another browser has it still
    named = {"Homeward-Report": lost.json()["id"]}

    assert door.http.get(f"/api/v1/reports/{lost.json()['id']}", headers=named).json()["code"] == "report_erased"
    assert door.http.post("/api/v1/detections", files={"photo": photo(1)}).status_code == 200
    assert door.report("lost", photo(1)).status_code == 201


def test_an_owner_reads_what_the_finder_wrote_but_no_contact(door):
    told = door.report("found", photo(1, noise=2), description="Рыжий, хромает. +7 910 123-45-67, anna@example.org")
    long, silent = (
        door.report("found", photo(1, noise=n), description=text) for n, text in ((3, "рыжий " * 200), (4, ""))
    )
    before = door.report("found", photo(1, noise=5), description="Из прежних времён")
    with door.world.database.write() as work:
        work.reports.update(replace(work.reports.get(before.json()["id"]), consent_version="2"))
    lost = door.report("lost", photo(1), description="кусается")

    matches = door.http.get(f"/api/v1/lost/{lost.json()['id']}/matches", headers=own(lost)).json()["items"]
    read = {match["found_id"]: match["description"] for match in matches}
    assert read[told.json()["id"]] == "Рыжий, хромает. •••, •••"
    assert len(read[long.json()["id"]]) == 1001
    assert [read[each.json()["id"]] for each in (silent, before)] == [None, None], "nobody had said that owners read it"
    seen = door.http.get(f"/api/v1/found/{told.json()['id']}/matches", headers=own(told))
    assert "кусается" not in seen.text


def test_whoever_has_the_link_or_its_cookie_is_told_it_again_and_nobody_else_is(door, pair):
    found, lost = pair
    address = f"/api/v1/reports/{lost.json()['id']}"
    told = door.http.get(f"{address}/link", headers=own(lost))

    assert told.headers["cache-control"] == "no-store"
    assert told.json()["link"].startswith(lost.json()["link"].split("#")[0])
    assert door.http.get(address, headers=own(told)).status_code == 200
    assert door.http.get(address, headers=own(lost)).status_code == 200, "the one before it stays"
    assert [door.http.get(f"{address}/link", headers=each).status_code for each in (None, own(found))] == [401, 403]
    for scope in ("admin", "bot"):
        assert door.http.get(f"{address}/link", headers=door.key(scope)).status_code == 403
    door.http.post("/api/v1/session", headers=own(lost))
    by_cookie = door.http.get(f"{address}/link")
    assert door.http.get(address, headers=own(by_cookie)).status_code == 200
    door.http.post(f"{address}/link", headers=own(lost))
    assert door.http.get(f"{address}/link").status_code == 401, "a session of a link that was revoked"


def test_a_renewed_link_revokes_the_old_one(door, pair):
    _, lost = pair
    address = f"/api/v1/reports/{lost.json()['id']}"
    newer = door.http.post(f"{address}/link", headers=own(lost))

    assert door.http.get(address, headers=own(lost)).status_code == 401
    assert door.http.get(address, headers=own(newer)).status_code == 200


def test_a_link_asked_for_again_is_the_same_and_revokes_nothing_more(door, pair):
    _, lost = pair
    path, admin = f"/api/v1/reports/{lost.json()['id']}", door.key("admin") | {"Idempotency-Key": "one"}
    first, again = (door.http.post(f"{path}/link", headers=admin) for _ in range(2))

    assert again.headers["Idempotency-Replayed"] == "true"
    assert (first.status_code, again.status_code) == (200, 200)
    assert door.http.get(path, headers=own(first)).status_code == 200
    assert door.http.get(path, headers=own(again)).status_code == 200
    with door.world.database.read() as work:
        assert "#token" not in work.answers.get("operators", "one").body


def test_a_key_asked_for_again_is_not_made_twice(door):
    admin, body = door.key("admin"), {"name": "Anna", "scope": "volunteer"}
    first, again = (
        door.http.post("/api/v1/keys", json=body, headers=admin | {"Idempotency-Key": "one"}) for _ in range(2)
    )

    assert (first.status_code, again.status_code) == (201, 409)
    assert again.json()["code"] == "shown_once"
    assert "revoke" in again.json()["hint"]
    names = [key["name"] for key in door.http.get("/api/v1/keys", headers=admin).json()["items"]]
    assert names.count("Anna") == 1
    assert door.http.post("/api/v1/keys", json=body, headers=admin).status_code == 201


def test_a_cameras_key_asked_for_again_stays_in_force(door):
    door.world.camera()
    admin = door.key("admin")

    def renew(key):
        return door.http.post("/api/v1/cameras/yard/key", headers=admin | {"Idempotency-Key": key})

    def beat(answer):
        camera = {"Authorization": f"Bearer {answer.json()['secret']}"}
        return door.http.post("/api/v1/cameras/yard/heartbeat", json={}, headers=camera).status_code

    first, again = renew("one"), renew("one")
    assert (again.status_code, again.json()["code"], beat(first)) == (409, "shown_once", 200)
    assert "new Idempotency-Key" in again.json()["hint"]
    assert (beat(renew("two")), beat(first)) == (200, 401)


def test_an_erased_report_is_gone_with_its_files(door):
    lost = door.report("lost", photo(1))

    assert door.http.delete(f"/api/v1/reports/{lost.json()['id']}", headers=own(lost)).status_code == 204

    assert door.is_empty()


def test_a_wrong_photo_is_taken_off_by_its_sender_alone_and_the_last_one_stays(door):
    lost, other = door.report("lost", photo(1), photo(2)), door.report("lost", photo(3))
    address = f"/api/v1/reports/{lost.json()['id']}/photos"
    right, wrong = (each["id"] for each in lost.json()["photos"])

    assert door.http.delete(f"{address}/{wrong}").status_code == 401
    assert door.http.delete(f"{address}/{wrong}", headers=own(other)).status_code == 403
    theirs = door.http.delete(f"{address}/{other.json()['photos'][0]['id']}", headers=own(lost))
    assert (theirs.status_code, theirs.json()["detail"]) == (404, "This report has no such photo.")

    taken = door.http.delete(f"{address}/{wrong}", headers=own(lost))

    assert (taken.status_code, [each["id"] for each in taken.json()["photos"]]) == (200, [right])
    assert door.http.get(f"/api/v1/photos/{wrong}?size=thumb", headers=own(lost)).status_code in {401, 403, 404}
    last = door.http.delete(f"{address}/{right}", headers=own(lost))
    assert (last.status_code, last.json()["code"]) == (409, "conflict")
    assert "Add the right one first" in last.json()["hint"]


def test_an_erasure_for_which_the_disk_has_no_room_says_that_nothing_went_and_what_to_do(door, monkeypatch):
    lost = door.report("lost", photo(1))

    def full(*_given):
        raise StorageFull("The disk is full; nothing was kept.", hint="Free some space, then send it again.")

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(SqlReports, "remove", full)
        where = f"/api/v1/reports/{lost.json()['id']}"
        refused = door.http.delete(where, headers=own(lost) | {"Accept-Language": "ru"})

    assert (refused.status_code, refused.json()["code"]) == (507, "not_erased")
    assert "пока ничего не удалено" in refused.json()["title"]
    assert "nothing was erased" in refused.json()["detail"]
    assert refused.json()["hint"] == "Free some space on the server's disk, then erase it again."
    assert door.http.get(where, headers=own(lost)).status_code == 200
    assert door.http.delete(where, headers=own(lost)).status_code == 204


def test_one_exports_ones_own_data(door, pair):
    body = door.http.get(f"/api/v1/reports/{pair[1].json()['id']}/export", headers=own(pair[1])).json()

    assert body["report"]["id"] == pair[1].json()["id"]
    assert body["photos"][0]["crops"]
    assert body["conversations"] == []


def test_an_operators_export_leaves_out_what_is_between_people(door, pair):
    body = door.http.get(f"/api/v1/reports/{pair[1].json()['id']}/export", headers=door.key("admin")).json()

    assert body["matches"]
    assert not {"conversations", "told", "devices"} & body.keys()
    assert "secret_mark" not in body["report"]


@pytest.mark.parametrize(
    "name",
    ["Rex\nof the yard", "Rex\u2028", chr(0xD800), "   "],
    ids=["two lines", "line separator", "half a sign", "blank"],
)
def test_a_name_is_one_whole_line(door, name):
    lost = door.report("lost", photo(1))
    body = json.dumps({"name": name})  # halves of signs as JSON escapes them
    headers = {**own(lost), "Content-Type": "application/json"}
    answer = door.http.patch(f"/api/v1/reports/{lost.json()['id']}", content=body, headers=headers)

    assert answer.status_code == 422
    assert "name" in answer.json()["field"]


def test_a_change_moves_the_match(door, pair):
    address = f"/api/v1/reports/{pair[1].json()['id']}"

    body = door.http.patch(address, json={"home_lat": 58.0, "home_lon": 39.85}, headers=own(pair[1])).json()

    assert body["matches"][0]["distance_km"] > 40


def test_an_emptied_field_is_empty(door):
    lost = door.report("lost", photo(1), name="Rex", home_lat="57", home_lon="39")

    body = door.http.patch(
        f"/api/v1/reports/{lost.json()['id']}",
        json={"name": None, "home_lat": None, "home_lon": None},
        headers=own(lost),
    ).json()

    assert (body["name"], body["home"]) == (None, None)


def test_a_camera_sends_with_its_key_and_the_owner_sees_which(door):
    admin = door.key("admin")
    lost = door.report("lost", photo(1), **PLACE)
    door.http.post("/api/v1/cameras", json={"id": "yard", "name": "Yard", "lat": 57.6, "lon": 39.85}, headers=admin)
    camera = door.key("sightings", "yard")
    seen_at = (door.world.clock.now() + timedelta(seconds=1)).isoformat()

    def send():
        files = {"photo": ("a.jpg", photo(1, noise=1))}
        return door.http.post("/api/v1/sightings", data={"seen_at": seen_at}, files=files, headers=camera)

    assert send().status_code == 201
    assert send().json()["is_repeat"]
    (match,) = matches(door, lost).json()["items"]
    assert match["camera"] == {"id": "yard", "name": "Yard"}
    assert match["place"]["name"] == "Yard"
    beat = door.http.post("/api/v1/cameras/yard/heartbeat", json={"state": "live"}, headers=camera)
    assert beat.json()["state"] == "live"


def sent_by(door, camera, seed, **headers):
    files = {"photo": ("a.jpg", photo(seed), "image/jpeg")}
    fields = {"seen_at": door.world.clock.now().isoformat()}
    return door.http.post("/api/v1/sightings", data=fields, files=files, headers=camera | headers)


def test_the_date_of_a_sightings_request_says_how_wrong_the_cameras_clock_is(door):
    door.world.camera()
    camera = door.key("sightings", "yard")

    def send(seed, date):
        files, fields = {"photo": ("a.jpg", photo(seed), "image/jpeg")}, {"seen_at": "1970-01-01T00:05:00Z"}
        return door.http.post("/api/v1/sightings", data=fields, files=files, headers=camera | {"Date": date})

    filed = send(1, "Thu, 01 Jan 1970 00:15:00 GMT").json()
    seen_before = door.world.clock.now() - datetime.fromisoformat(filed["happened_at"])
    assert timedelta(minutes=9) < seen_before < timedelta(minutes=11)
    for date in ("", "yesterday", "Thu, 01 Jan 1970 00:15:00 -0000", "Thu, 01 Jan 99999 00:15:00 GMT"):
        assert send(2, date).json()["field"] == "seen_at", date


def test_a_sighting_sent_again_with_its_key_gets_the_answer_that_was_lost(door):
    door.world.camera()
    camera = door.key("sightings", "yard")

    def send(key):
        answer = sent_by(door, camera, 33, **{"Idempotency-Key": key})
        return answer.status_code, answer.json()["id"], answer.json()["is_repeat"]

    new, repeat = send("one"), send("two")

    assert (new[0], new[2]) == (201, False)
    assert repeat == (200, new[1], True)
    assert (send("one"), send("two")) == (new, repeat)


def test_a_cameras_owner_sees_what_was_sent_pauses_it_and_erases(door):
    door.world.camera()
    camera = door.key("sightings", "yard")
    first, second = (sent_by(door, camera, seed).json() for seed in (31, 32))
    path = "/api/v1/cameras/yard/sightings"

    shown = door.http.get(path, headers=camera).json()["items"]
    assert {item["id"] for item in shown} == {first["id"], second["id"]}
    assert door.http.get(shown[0]["photo"]["full"]).content[:2] == b"\xff\xd8"

    newest = door.http.get(path, params={"limit": 1}, headers=camera).json()
    rest = door.http.get(path, params={"limit": 1, "cursor": newest["next"]}, headers=camera).json()
    assert [item["id"] for item in newest["items"] + rest["items"]] == [item["id"] for item in shown]
    assert rest["next"] is None
    later = {"since": (door.world.clock.now() + timedelta(days=1)).isoformat()}
    assert door.http.get(path, params=later, headers=camera).json()["items"] == []
    assert door.http.get(path, params={"since": "yesterday"}, headers=camera).json()["field"] == "since"

    assert door.http.delete(f"{path}/{first['id']}", headers=camera).status_code == 204
    assert [item["id"] for item in door.http.get(path, headers=camera).json()["items"]] == [second["id"]]
    assert door.http.delete(f"{path}/{first['id']}", headers=camera).status_code == 404

    assert door.http.patch("/api/v1/cameras/yard", json={"paused": True}, headers=camera).json()["paused"]
    refused = sent_by(door, camera, 33)
    assert (refused.status_code, refused.json()["code"]) == (403, "camera_paused")
    beat = door.http.post("/api/v1/cameras/yard/heartbeat", json={"counters": {"frames": 7}}, headers=camera).json()
    assert (beat["paused"], beat["counters"]) == (True, {"frames": 7})
    door.http.patch("/api/v1/cameras/yard", json={"paused": False}, headers=camera)
    assert sent_by(door, camera, 33).status_code == 201


def test_a_camera_that_is_not_there_is_not_one_that_sent_nothing(door):
    door.world.camera()
    admin = door.key("admin")

    assert door.http.get("/api/v1/cameras/yard/sightings", headers=admin).json()["items"] == []
    nobody = door.http.get("/api/v1/cameras/nope/sightings", headers=admin)
    assert (nobody.status_code, nobody.json()["code"], nobody.json()["field"]) == (404, "not_found", "camera")


def test_another_cameras_key_and_other_peoples_reports_are_out_of_reach(door):
    door.world.camera()
    stranger = door.key("sightings", "gate") if door.world.camera("gate") else None
    sent = sent_by(door, door.key("sightings", "yard"), 34).json()
    person = door.world.file("found", photo(35)).report

    for method, path, body in (
        ("GET", "/cameras/yard/sightings", None),
        ("PATCH", "/cameras/yard", {"paused": True}),
        ("DELETE", f"/cameras/yard/sightings/{sent['id']}", None),
    ):
        assert door.http.request(method, f"/api/v1{path}", json=body, headers=stranger).status_code == 403
    for report in (sent["id"], person.id):
        answer = door.http.delete(f"/api/v1/cameras/gate/sightings/{report}", headers=stranger)
        assert answer.status_code == 404
    assert door.http.patch("/api/v1/cameras/yard", json={"paused": True}).status_code == 401


@pytest.mark.parametrize("counters", [{"frames": -1}, {"Frames": 1}, {f"c{'x' * n}": 1 for n in range(41)}, [1]])
def test_a_heartbeat_counts_in_small_words_and_whole_numbers(door, counters):
    door.world.camera()
    beat = {"state": "live", "counters": counters}
    answer = door.http.post("/api/v1/cameras/yard/heartbeat", json=beat, headers=door.key("sightings", "yard"))
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/reports"), ("GET", "/cameras"), ("POST", "/cameras"), ("GET", "/keys"), ("POST", "/sightings")],
)
def test_what_needs_a_key_is_closed_without_one_and_for_another_scope(door, method, path):
    door.world.camera()
    wrong = door.key("bot" if path == "/sightings" else "sightings", None if path == "/sightings" else "yard")
    body = {"json": {"name": "x", "lat": 1, "lon": 1}} if method == "POST" and path == "/cameras" else {}

    assert door.http.request(method, f"/api/v1{path}", **body).status_code == 401
    assert door.http.request(method, f"/api/v1{path}", headers=wrong, **body).status_code == 403


def test_an_operator_switches_the_model_and_goes_back(door):
    admin, world = door.key("admin"), door.world
    world.spaces.spaces.append(Space(FakeEmbedder(called="newer"), replace(CALIBRATION, name="newer@1")))
    world.engine.take_over()
    door.report("found", photo(1), **PLACE)

    def switched(body):
        answer = door.http.post("/api/v1/reindex", json=body, headers=admin)
        assert answer.status_code == 202
        while world.engine.run_reindex():
            pass
        return door.http.get("/api/v1/reindex", headers=admin).json()

    there = switched({"model": "newer"})
    assert (there["model"], there["next"], there["previous"]) == ("newer", None, "fake-embedder")
    assert there["embedded"] == there["total"] == 2
    assert switched({"rollback": True})["model"] == "fake-embedder"
    assert door.http.delete("/api/v1/reindex", headers=admin).status_code == 204


def test_a_switch_asked_for_again_is_not_begun_again(door):
    admin = door.key("admin") | {"Idempotency-Key": "one"}
    door.world.spaces.spaces.append(Space(FakeEmbedder(called="newer"), replace(CALIBRATION, name="newer@1")))
    door.world.engine.take_over()
    first = door.http.post("/api/v1/reindex", json={"model": "newer"}, headers=admin)
    door.http.delete("/api/v1/reindex", headers=admin)

    again = door.http.post("/api/v1/reindex", json={"model": "newer"}, headers=admin)

    assert (again.status_code, again.json()) == (202, first.json())
    assert door.http.get("/api/v1/reindex", headers=admin).json()["next"] is None


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 422, "model"),
        ({"model": "newer", "rollback": True}, 422, "model"),
        ({"model": "nobody"}, 404, "model"),
        ({"model": "fake-embedder"}, 409, "model"),
        ({"rollback": True}, 409, "rollback"),
    ],
)
def test_a_wrong_wish_for_a_model_is_refused_with_its_reason(door, body, status, field):
    answer = door.http.post("/api/v1/reindex", json=body, headers=door.key("admin"))

    assert (answer.status_code, answer.json()["field"]) == (status, field)
    assert door.http.post("/api/v1/reindex", json=body, headers=door.key("bot")).status_code == 403


def test_a_revoked_key_opens_nothing(door):
    admin, other = door.key("admin"), door.key("admin")
    key_id = other["Authorization"].split("_")[1]

    assert door.http.delete(f"/api/v1/keys/{key_id}", headers=admin).status_code == 204

    assert door.http.get("/api/v1/keys", headers=other).status_code == 401


def test_a_bot_acts_for_its_account_only(door):
    bot = door.key("bot")
    mine = door.report("lost", photo(1), headers={**bot, "Homeward-Account": "telegram-1"})
    address = f"/api/v1/reports/{mine.json()['id']}"

    assert door.http.get(address, headers={**bot, "Homeward-Account": "telegram-1"}).status_code == 200
    assert door.http.get(address, headers={**bot, "Homeward-Account": "telegram-2"}).status_code == 403


def test_uploads_are_limited_for_each_caller(tmp_path):
    from tests.doors.conftest import Door

    door = Door(tmp_path, uploads_per_minute=2)
    answers = [door.report("found", photo(n)) for n in range(3)]

    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert int(answers[2].headers["Retry-After"]) >= 1
    assert door.report("found", photo(9), headers=door.key("bot")).status_code == 201
    door.world.database.close()


def test_ready_says_which_part_is_not(door):
    door.world.detector.is_down = True
    answer = door.http.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["checks"] == {"database": True, "photos": True, "models": False}
    door.world.detector.is_down = False
    assert door.http.get("/readyz").status_code == 200


def test_steps_are_counted(door):
    door.report("found", photo(1))

    assert 'homeward_steps_total{outcome="ok",step="remember"}' in door.http.get("/metrics").text


def test_logs_hold_no_contact_no_token_and_no_exact_point(door, capfd):
    lost = door.report("lost", photo(1), contact="+7 900 123", lat="57.61234", lon="39.85432", name="Rex")
    matches(door, lost)

    out = "".join(capfd.readouterr())

    assert lost.json()["id"] in out
    for secret in ("900 123", "57.61234", "39.85432", own(lost)["Authorization"][7:]):
        assert secret not in out


@pytest.mark.parametrize(
    ("field", "value", "word"),
    [("happened_at", "2099-01-01T00:00:00Z", "Время"), ("name", "Rex\nRex", "Кличка"), ("lat", "95", "карте")],
)
def test_a_russian_reader_learns_which_answer_is_wrong(door, field, value, word):
    given = {"lat": "57.6", "lon": "39.8", field: value}
    refused = door.report("lost", photo(1), headers={"Accept-Language": "ru"}, **given)

    assert refused.status_code == 422
    assert word in refused.json()["title"]
    assert "Недопустимое" not in refused.json()["title"]


def test_the_front_page_speaks_russian(door):
    assert "возвращает домой" in door.http.get("/", headers={"Accept-Language": "ru"}).text


def test_districts_name_a_place():
    from homeward.cli.demo.city import DISTRICTS
    from homeward.districts import GeoJsonDistricts

    districts = GeoJsonDistricts(DISTRICTS)

    assert districts.district(Point(57.6007, 39.8512)) == "Old Town"
    assert districts.district(Point(10, 10)) is None


def test_districts_around_a_place_come_nearest_first():
    from homeward.cli.demo.city import DISTRICTS
    from homeward.districts import GeoJsonDistricts

    districts = GeoJsonDistricts(DISTRICTS)

    assert districts.near(Point(57.6007, 39.8625), 1.0) == ("Old Town", "Riverside")
    assert districts.near(Point(57.6500, 39.8500), 0.5) == ()
    assert districts.near(Point(57.6500, 39.8500), 1.0) == ("North Orchards",)


def test_a_dogs_breed_is_guessed_in_the_owners_language_and_a_cats_is_not(door):
    space = door.world.spaces.current()
    certain = BreedHead(("beagle", "pug"), np.zeros((2, 64 * 3), np.float32), np.array([3, 0], np.float32))
    door.world.spaces.use(replace(space, breeds=certain))

    cat = door.report("lost", photo(1), **PLACE).json()
    door.world.detector.label = Label.DOG
    found = door.report("found", photo(2), **PLACE).json()
    lost = door.report("lost", photo(2, noise=1), **PLACE)

    assert cat["breed"] is None
    assert found["breed"] == {"code": "beagle", "name": "Beagle", "probability": 0.953}
    (match,) = matches(door, lost).json()["items"]
    assert match["breed"]["name"] == "Beagle"
    russian = door.http.get(f"/api/v1/lost/{lost.json()['id']}/matches", headers=own(lost) | {"Accept-Language": "ru"})
    assert russian.json()["items"][0]["breed"]["name"] == "бигль"


def test_a_place_known_only_in_words_is_shown_again(door):
    filed = door.report("found", photo(1), address="behind the school")

    shown = door.http.get(f"/api/v1/reports/{filed.json()['id']}", headers=own(filed))

    assert shown.status_code == 200
    assert shown.json()["place"] == {"lat": None, "lon": None, "name": "behind the school", "district": None}
