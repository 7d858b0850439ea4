import gzip
import io
import socket
import struct
import threading
import zlib

import pytest
from PIL import Image
from structlog.testing import capture_logs

from tests.conftest import GREY, jpeg, photo, picture
from tests.doors.conftest import Door, own
from tests.world import on_postgres

GOOD = photo(1)


def png_of(width, height):
    """A tiny file that claims to be huge."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    )


def gif():
    file = io.BytesIO()
    Image.new("RGB", (50, 50)).save(file, "GIF")
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (GOOD[: len(GOOD) // 2], 422, "photo_unreadable"),
        (b"", 422, "photo_unreadable"),
        (b"hello", 415, "photo_kind_unsupported"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415, "photo_kind_unsupported"),
        (b"%PDF-1.7", 415, "photo_kind_unsupported"),
        (gif(), 415, "photo_kind_unsupported"),
        (png_of(30_000, 30_000), 413, "photo_too_large"),
        (png_of(60_000, 1), 413, "photo_too_large"),
        (jpeg(Image.new("RGB", (8, 8))), 422, "photo_unreadable"),
        (GREY, 422, "no_animal_found"),
        (b"\xff\xd8" + b"\xff\xda\x00\x02" * 500 + b"\xff\xd9", 415, "photo_kind_unsupported"),
    ],
    ids=["truncated", "empty", "text", "svg", "pdf", "gif", "huge", "long", "tiny", "no animal", "no scans"],
)
def test_a_bad_picture_is_refused_by_name_and_leaves_nothing(door, data, status, code):
    answer = door.report("lost", data)

    body = answer.json()
    assert (answer.status_code, body["code"], body["field"]) == (status, code, "photo")
    assert answer.headers["content-type"] == "application/problem+json"
    assert body["hint"]
    assert door.is_empty()


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("lat", {"lat": "91", "lon": "0"}),
        ("lat", {"lat": "nan", "lon": "0"}),
        ("lon", {"lat": "1", "lon": "inf"}),
        ("lon", {"lat": "1"}),
        ("home_lat", {"home_lat": "-90.1", "home_lon": "0"}),
        ("happened_at", {"happened_at": "2999-01-01T00:00:00Z"}),
        ("happened_at", {"happened_at": "2026-01-01T00:00:00"}),
        ("happened_at", {"happened_at": "yesterday"}),
        ("species", {"species": "dragon"}),
        ("held", {"held": "maybe"}),
        ("animal", {"animal": "-1"}),
        ("animal", {"animal": "1.5"}),
        ("animal", {"animal": "0,0"}),
        ("animal", {"animal": "0," * 5000}),
        ("animal", {"animal": "1" * 5000}),
        ("keep_without_animal", {"keep_without_animal": "perhaps"}),
        ("colour", {"colour": "red"}),
        ("name", {"name": "x" * 200}),
        ("about", {"about": "../../etc/passwd"}),
    ],
)
def test_a_bad_field_is_refused_by_name_and_leaves_nothing(door, field, fields):
    answer = door.report("found" if field in {"about", "held"} else "lost", GOOD, **fields)

    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert door.is_empty()


@pytest.mark.parametrize(
    ("shelf", "photos", "field"), [("stolen", [GOOD], "shelf"), ("lost", [], "photo"), ("lost", [GOOD] * 11, "photo")]
)
def test_a_wrong_shelf_or_count_of_photos_is_refused(door, shelf, photos, field):
    answer = door.report(shelf, *photos)

    assert (answer.status_code, answer.json()["field"]) in {(422, field), (415, "Content-Type")}
    assert door.is_empty()


def test_a_file_over_the_limit_is_refused_and_so_is_a_body(tmp_path):
    door = Door(tmp_path, max_upload_bytes=20_000)
    big = jpeg(picture(1, size=500).effect_spread(60), quality=95)
    assert len(big) > 20_000

    assert door.report("lost", big).json()["code"] == "photo_too_large"
    assert door.report("lost", b"x" * 2_000_000).json()["code"] == "payload_too_large"
    assert door.is_empty()
    door.world.database.close()


def test_a_body_without_a_length_is_cut_off_while_it_streams(server):
    import httpx2

    def endless():
        yield b'--x\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\n\r\n'
        for _ in range(400):
            yield b"x" * 1_000_000

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    try:
        answer = httpx2.post(f"{server}/api/v1/reports", content=endless(), headers=headers, timeout=60)
    except httpx2.TransportError:
        return  # the server hung up on us, which is fine too
    assert answer.status_code == 413


def test_json_over_the_limit_is_refused_alike_with_and_without_its_length(door):
    body = b'{"text": "' + b"x" * 200_000 + b'"}'
    headers = {"Content-Type": "application/json"}

    told = door.http.post("/api/v1/petitions", content=body, headers=headers)
    streamed = door.http.post("/api/v1/petitions", content=(body for _ in range(1)), headers=headers)

    answers = [answer.json() | {"request_id": None} for answer in (told, streamed)]
    assert (told.status_code, streamed.status_code) == (413, 413)
    assert answers[0] == answers[1]
    assert answers[0]["hint"]


@pytest.mark.parametrize("number", [10**30, -(10**30), 2**63])
def test_a_number_that_no_row_holds_is_the_callers_mistake(tmp_path, number):
    door = Door(tmp_path, telegram_secret="s")
    bot, telegram = door.key("bot"), {"X-Telegram-Bot-Api-Secret-Token": "s"}
    sent = [
        door.http.post(
            "/api/v1/accounts", json={"messenger": "console", "address": "1", "numbers": [number]}, headers=bot
        ),
        door.http.post("/api/v1/alerts/done", json={"ids": [number]}, headers=bot),
        door.http.get("/api/v1/updates", params={"messenger": "console", "after": abs(number)}, headers=bot),
        door.http.post("/api/v1/telegram", json={"update_id": number}, headers=telegram),
    ]

    assert {answer.status_code for answer in sent} == {422}
    door.world.database.close()


@pytest.mark.parametrize("name", ["srt", "max_kilometres", "distrct"])
def test_a_filter_that_does_not_exist_is_refused(door, name):
    lost = door.report("lost", GOOD)

    answer = door.http.get(f"/api/v1/lost/{lost.json()['id']}/matches?{name}=1", headers=own(lost))

    assert (answer.status_code, answer.json()["field"]) == (422, name)


@pytest.mark.parametrize(
    "query", ["max_km=-1", "max_km=nan", "min_degree=2", "limit=0", "limit=1e9", "sort=name", "cursor=x", "since=now"]
)
def test_a_filter_with_a_wrong_value_is_refused(door, query):
    lost = door.report("lost", GOOD)

    answer = door.http.get(f"/api/v1/lost/{lost.json()['id']}/matches?{query}", headers=own(lost))

    assert (answer.status_code, answer.json()["field"]) == (422, query.split("=")[0])


def test_a_foreign_link_a_torn_one_and_an_old_one_open_nothing(door, monkeypatch):
    mine, other = door.report("lost", GOOD), door.report("lost", photo(2))
    address = f"/api/v1/lost/{mine.json()['id']}/matches"

    assert door.http.get(address).status_code == 401
    assert door.http.get(address, headers=own(other)).status_code == 403
    assert door.http.get(address, headers={"Authorization": own(mine)["Authorization"][:-4]}).status_code == 401
    assert door.http.get(address, headers={"Authorization": "Basic eDp5"}).status_code == 401
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: 4e9)
    answer = door.http.get(address, headers=own(mine))
    assert (answer.status_code, answer.json()["code"]) == (401, "token_expired")


@pytest.mark.parametrize("name", ["token", "access_token", "key"])
def test_a_secret_in_the_address_is_refused(door, name):
    lost = door.report("lost", GOOD)
    token = own(lost)["Authorization"][7:]

    answer = door.http.get(f"/api/v1/lost/{lost.json()['id']}/matches?{name}={token}")

    assert (answer.status_code, answer.json()["field"]) == (422, name)


@pytest.mark.parametrize(
    "path", ["/api/v1/photos/..%2f..%2fetc%2fpasswd", "/api/v1/reports/..%2f..", "/../etc/passwd", "/api/v1/nowhere"]
)
def test_a_path_that_climbs_leads_nowhere(door, path):
    answer = door.http.get(path)

    assert answer.status_code in {401, 404}
    assert answer.headers["content-type"] == "application/problem+json"


def test_json_that_is_none_gets_a_problem(door):
    admin = door.key("admin")

    answer = door.http.post("/api/v1/cameras", content=b"{", headers=admin)
    unknown = door.http.post("/api/v1/cameras", json={"name": "x", "lat": 1, "lon": 2, "colour": 1}, headers=admin)

    assert answer.status_code == 422
    assert (unknown.status_code, unknown.json()["field"]) == (422, "colour")


@pytest.mark.parametrize(
    ("body", "status", "field", "detail"),
    [
        (b"{", 422, "body", "The body is no JSON."),
        (b"", 422, "body", "body is missing."),
        (b"null", 422, "body", "body must be a JSON object."),
        (b"[]", 422, "body", "body must be a JSON object."),
        (b"[" * 50_000 + b"]" * 49_000, 400, "body", "The request cannot be understood."),
        (b'{"name": "\xff"}', 400, "body", "The request cannot be understood."),
        (b'{"lat": ' + b"9" * 5000 + b"}", 400, "body", "The request cannot be understood."),
        (b'{"status": "hidden"}', 422, "status", "status must be open, reunited or closed."),
        (b'{"listed": "perhaps"}', 422, "listed", "listed must be true or false."),
        (b'{"name": 3}', 422, "name", "name must be a text."),
        (b'{"name": "\\ud800"}', 422, "name", "name is no whole text."),
        (b'{"name": "a\\u0085b"}', 422, "name", "name has more than one line."),
        (b'{"name": "a\\u0090b"}', 422, "name", "name holds control characters."),
        (b'{"lat": NaN, "lon": 1}', 422, "lat", "lat must be a number."),
        (b'{"lat": true, "lon": 1}', 422, "lat", "lat must be a number."),
        (b'{"home_lat": 1, "home_lon": false}', 422, "home_lon", "home_lon must be a number."),
        (b'{"lat": 1e308, "lon": 1}', 422, "lat", "1e+308 is no latitude."),
        (b'{"' + b"z" * 5000 + b'": 1}', 422, "z" * 60, f"There is no field {'z' * 60!r}."),
    ],
)
def test_json_without_sense_is_refused_by_name_in_plain_words_with_what_to_do(door, body, status, field, detail):
    filed = door.report("lost", GOOD)
    answer = door.http.patch(
        f"/api/v1/reports/{filed.json()['id']}",
        content=body,
        headers={"Content-Type": "application/json", **own(filed)},
    )

    told = answer.json()
    assert (answer.status_code, told["field"], told["detail"]) == (status, field, detail)
    assert told["hint"]


@pytest.mark.parametrize(
    ("path", "body", "field", "detail"),
    [
        ("/cameras", {"name": "", "lat": 1, "lon": 2}, "name", "name is blank."),
        ("/cameras", {"name": "x" * 101, "lat": 1, "lon": 2}, "name", "name must be at most 100 characters long."),
        ("/cameras", {"name": "x", "lat": 1}, "lon", "lon is missing."),
        ("/cameras", {"name": "x", "lat": 1, "lon": True}, "lon", "lon must be a number."),
        ("/petitions", {"kind": "praise", "text": "x"}, "kind", "kind must be erasure, appeal or question."),
        ("/desk/blocks", {"report_id": "x", "why": "spam", "days": 0}, "days", "days must be 1 or more."),
    ],
)
def test_a_body_that_breaks_a_bound_is_told_which(door, path, body, field, detail):
    answer = door.http.post(f"/api/v1{path}", json=body, headers=door.key("admin"))

    told = answer.json()
    assert (answer.status_code, told["field"], told["detail"]) == (422, field, detail)
    assert told["hint"]


def test_what_is_not_there_is_said_with_what_may_have_become_of_it(door):
    answer = door.http.get("/api/v1/photos/nobody")

    assert (answer.status_code, answer.json()["hint"]) == (404, "It may have been erased meanwhile.")


def in_parts(*parts):
    return b"".join(b"--x\r\nContent-Disposition: form-data; " + part + b"\r\n" for part in parts) + b"--x--\r\n"


PHOTO = b'name="photo"; filename="a.jpg"\r\n\r\n' + GOOD
SHELF = b'name="shelf"\r\n\r\nlost'
AS_FORM = {"Content-Type": "multipart/form-data; boundary=x"}


@pytest.mark.parametrize(
    ("body", "field", "detail"),
    [
        (b"\0" * 5000, "body", "The form cannot be read."),
        (in_parts(SHELF, PHOTO).replace(b"--x", b"--y"), "body", "The form cannot be read."),
        (in_parts(SHELF, b"\r\n\r\nnameless", PHOTO), "body", "The form cannot be read."),
        (in_parts(SHELF, b'name=""\r\n\r\nx', PHOTO), "body", "There is no field ''."),
        (in_parts(SHELF, SHELF, PHOTO), "shelf", "shelf is given twice."),
        (in_parts(*[b'name="f%d"\r\n\r\nx' % n for n in range(50)]), "body", "More than 40 fields came with the form."),
        (in_parts(b'name="name"\r\n\r\n' + b"x" * 30_000), "body", "A field has more than 20000 bytes."),
        (in_parts(SHELF, b'name="lat"\r\n\r\n1_0', b'name="lon"\r\n\r\n1', PHOTO), "lat", "lat must be a number."),
        (in_parts(SHELF, b'name="lat"\r\n\r\n1,5', b'name="lon"\r\n\r\n1', PHOTO), "lat", "lat must be a number."),
        (in_parts(SHELF, b'name="listed"\r\n\r\nyes', PHOTO), "listed", "listed must be true or false."),
    ],
)
def test_an_odd_form_is_refused_in_plain_words_with_what_to_do(door, body, field, detail):
    answer = door.http.post(
        "/api/v1/reports", content=body, headers={"Content-Type": "multipart/form-data; boundary=x"}
    )

    told = answer.json()
    assert (answer.status_code, told["field"], told["detail"]) == (422, field, detail)
    assert told["hint"]
    assert door.is_empty()


def test_the_kind_of_a_form_may_be_written_in_capitals(door):
    kind = {"Content-Type": "Multipart/Form-Data; boundary=x"}

    assert door.http.post("/api/v1/reports", content=in_parts(SHELF, PHOTO), headers=kind).status_code == 201


def test_photos_to_be_added_of_which_there_are_none_are_missed_by_name(door):
    filed = door.report("lost", GOOD)
    path = f"/api/v1/reports/{filed.json()['id']}/photos"

    answer = door.http.post(
        path, content=in_parts(), headers={"Content-Type": "multipart/form-data; boundary=x"} | own(filed)
    )

    assert (answer.status_code, answer.json()["detail"]) == (422, "No photo came.")


def test_signs_that_turn_round_what_comes_after_them_are_left_off(door):
    turned = "\u202egnimrahC\u202c \u2066Rex\u2069 \u200fabc"
    filed = door.report("lost", GOOD, name=turned, contact="\u202a+7 900\u202c")
    changed = door.http.patch(f"/api/v1/reports/{filed.json()['id']}", json={"description": turned}, headers=own(filed))

    assert (filed.json()["name"], filed.json()["contact"]) == ("gnimrahC Rex \u200fabc", "+7 900")
    assert changed.json()["description"] == "gnimrahC Rex \u200fabc"


def test_whoever_hangs_up_in_the_middle_of_a_form_is_no_error_of_ours(server, capfd):
    host, port = server.removeprefix("http://").split(":")
    head = b"POST /api/v1/reports HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=x\r\n"
    with capture_logs() as logged:
        with socket.create_connection((host, int(port))) as phone:
            phone.sendall(head + b"Content-Length: 5000\r\n\r\n" + in_parts(SHELF)[:40])
        while not [entry for entry in logged if entry["event"] == "request"]:
            threading.Event().wait(0.01)

    assert [entry["status"] for entry in logged if entry["event"] == "request"] == [499]
    assert [entry for entry in logged if entry["log_level"] == "error"] == []
    assert "Traceback" not in capfd.readouterr().err


def test_an_error_of_ours_tells_nothing_of_our_insides(door, monkeypatch):
    def broken(*_args, **_kwargs):
        raise RuntimeError("secret at /home/me")

    monkeypatch.setattr(door.world.engine, "add_lost", broken)
    answer = door.report("lost", GOOD)

    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "secret" not in answer.text


def test_a_form_that_is_no_form_is_refused(door):
    answer = door.http.post("/api/v1/reports", json={"shelf": "lost"})

    assert answer.status_code == 415


@pytest.fixture(params=["sqlite", "postgres"])
def either_door(request, tmp_path):
    """The same on both kinds of rows."""
    world = None
    if request.param == "postgres":
        world = on_postgres(request.getfixturevalue("postgres_url"), tmp_path)
    made = Door(tmp_path, world=world)
    yield made
    made.http.close()
    made.world.database.close()


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/board?district=a%00b",
        "/board?district=a%00b",
        "/api/v1/reports/a%00b",
        "/api/v1/photos/a%00b",
        "/api/v1/board?cursor=2026-11-20T15:30:00Z~a%00b",
        "/api/v1/reports?cursor=2026-11-20T15:30:00Z~a%00b",
        "/api/v1/desk/reports?flagged=true&cursor=1~2026-11-20T15:30:00Z~a%00b",
        "/api/v1/desk/log?who=a%00b",
        "/api/v1/cameras/a%00b/sightings",
        "/api/v1/lost/a%00b/matches?found_id=a%00b&district=a%00b",
    ],
)
def test_a_zero_sign_in_an_address_is_the_callers_mistake(either_door, path):
    answer = either_door.http.get(path, headers=either_door.key("admin"))

    assert answer.status_code in {200, 404, 422}
    assert "retry-after" not in answer.headers


@pytest.mark.parametrize("name", ["a\0b", "a\x1bb", "a\nb", " "])
def test_a_camera_and_a_key_have_plain_names(either_door, name):
    either_door.world.camera()
    admin = either_door.key("admin")

    def refused(method, path, body):
        answer = either_door.http.request(method, f"/api/v1/{path}", json=body, headers=admin)
        return answer.status_code, answer.json().get("field")

    assert refused("POST", "cameras", {"name": name, "lat": 57, "lon": 39}) == (422, "name")
    assert refused("PATCH", "cameras/yard", {"name": name}) == (422, "name")
    assert refused("POST", "keys", {"name": name, "scope": "bot"}) == (422, "name")


def test_a_cameras_district_is_plain_text(either_door):
    either_door.world.camera()
    admin, district = either_door.key("admin"), {"district": "a\0b"}
    added = either_door.http.post(
        "/api/v1/cameras", json={"name": "n", "lat": 57, "lon": 39, **district}, headers=admin
    )
    changed = either_door.http.patch("/api/v1/cameras/yard", json=district, headers=admin)

    assert [answer.json()["field"] for answer in (added, changed)] == ["district", "district"]


def test_a_text_in_another_coding_is_refused_and_not_kept_as_gibberish(door):
    windows = b'name="name"\r\nContent-Type: text/plain; charset=windows-1251\r\n\r\n' + "Рекс".encode("cp1251")
    ours = b'name="name"\r\n\r\n' + "Рекс, Björn".encode()

    refused, taken = (
        door.http.post("/api/v1/reports", content=in_parts(SHELF, name, PHOTO), headers=AS_FORM)
        for name in (windows, ours)
    )

    assert (refused.status_code, refused.json()["field"]) == (422, "name")
    assert refused.json()["detail"] == "name is not in UTF-8."
    assert taken.json()["name"] == "Рекс, Björn"


def test_a_photo_that_came_as_a_field_is_told_how_it_is_sent(door):
    body = in_parts(SHELF, b'name="photo"\r\nContent-Type: image/jpeg\r\n\r\n' + b"\xff\xd8" * 20_000)

    told = door.http.post("/api/v1/reports", content=body, headers=AS_FORM).json()

    assert told["detail"] == "A field has more than 20000 bytes."
    assert "A photo is sent as a file" in told["hint"]


@pytest.mark.parametrize(("method", "path"), [("POST", "/api/v1/detections"), ("PATCH", "/api/v1/reports/x")])
def test_a_compressed_body_is_refused_as_such(door, method, path):
    answer = door.http.request(method, path, content=gzip.compress(b"{}"), headers={"Content-Encoding": "gzip"})

    assert (answer.status_code, answer.json()["field"]) == (422, "Content-Encoding")
    assert answer.json()["detail"] == "Compressed bodies are not taken."


@pytest.mark.parametrize("path", ["/", "/board", "/livez", "/readyz", "/api/v1/board", "/icon.svg", "/nothing"])
def test_head_is_answered_as_get_is_without_the_body(door, path):
    told, whole = door.http.head(path), door.http.get(path)

    assert told.status_code == whole.status_code
    assert told.headers["content-type"] == whole.headers["content-type"]
    assert told.headers["content-length"] == str(len(whole.content))
    assert told.content == b""


def test_head_of_the_events_is_refused_since_they_have_no_end(door):
    assert door.http.head("/api/v1/events").status_code == 405
