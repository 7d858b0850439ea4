"""Photos in an object store that answers 503, is slow, refuses us, or is not where the settings say."""

import hashlib
import threading
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta

import httpx2
import pytest

from homeward.cli.elsewhere_checks import FileRows, examine_elsewhere, examine_photos
from homeward.domain.ids import PhotoId, new_token
from homeward.engine import readiness
from homeward.errors import BadSettings, Conflict, HomewardError, PhotoStoreUnavailable
from homeward.ports import ReportQuery
from homeward.settings import Settings
from homeward.storage.backup import backup, restore
from homeward.storage.photos import bucket, move
from homeward.storage.photos.place import PHOTOS_AT, Place, move_photos, open_photos
from homeward.storage.sql import SqlDatabase
from tests.conftest import photo
from tests.doors.conftest import Door, own
from tests.fakes.store import CUT, HANG, KEY, Faulty, s3_server

DATA = b"picture"
HASH = hashlib.sha256(DATA).hexdigest()
URL = "s3://photos/homeward"


@pytest.fixture(scope="module")
def s3():
    with s3_server() as url:
        yield url


@pytest.fixture
def store(s3):
    with Faulty(s3) as faulty:
        yield faulty


@pytest.fixture
def place(store, tmp_path):
    return Place(tmp_path / "photos", f"s3://photos/{new_token()}", store.url, KEY)


@pytest.fixture
def _impatient(monkeypatch):
    monkeypatch.setitem(bucket.CLIENT, "timeout", timedelta(seconds=0.2))


@pytest.mark.parametrize("fault", [503, 500, CUT])
def test_a_store_that_fails_now_and_then_loses_nothing(store, place, fault):
    photos = place.open()
    store.faults.extend([fault, fault])

    photos.put(HASH, DATA)

    assert photos.get(HASH) == DATA
    assert [verb for verb, _ in store.seen] == ["PUT", "PUT", "PUT", "GET"]


def test_a_store_that_goes_on_failing_is_given_up_after_some_tries(store, place):
    store.always = 503

    with pytest.raises(PhotoStoreUnavailable) as told:
        place.open().put(HASH, DATA)

    assert len(store.seen) == 1 + bucket.RETRIES["max_retries"]
    assert (told.value.status, told.value.hint is None) == (503, False)


@pytest.mark.usefixtures("_impatient")
def test_a_store_that_never_answers_is_given_up(store, place):
    store.always = HANG

    with pytest.raises(PhotoStoreUnavailable):
        place.open().put(HASH, DATA)


def test_a_refused_key_is_told_at_once_and_stands_nowhere(store, place, capfd):
    store.always = 403
    photos = place.open()

    with pytest.raises(BadSettings, match="refuses our key") as told:
        photos.check()
    with pytest.raises(PhotoStoreUnavailable) as later:
        photos.get(HASH)

    output = capfd.readouterr()
    shown = output.out + output.err + str(told.value) + str(later.value) + repr(photos) + repr(place)
    assert KEY.split(":")[1] not in shown
    assert "PermissionDenied" in shown


@pytest.mark.parametrize(
    ("url", "key", "field"),
    [
        ("ftp://photos", KEY, "photos_url"),
        ("photos", KEY, "photos_url"),
        ("s3://me:secret@photos", KEY, "photos_url"),
        ("s3://", KEY, "photos_url"),
        ("s3://photos", "no colon", "photos_key"),
        ("az://photos", ":empty", "photos_key"),
        ("gs://photos", "no json", "photos_url"),
        ("s3://nowhere-such", KEY, "photos_url"),
    ],
)
def test_a_wrong_setting_is_named_at_the_start(store, tmp_path, url, key, field):
    with pytest.raises(BadSettings) as told:
        Place(tmp_path, url, None if url.startswith("gs") else store.url, key).open(check=True)

    assert told.value.field == field
    assert "secret" not in str(told.value)


def bucket_door(tmp_path, place, **config):
    made = Door(tmp_path / "data", **config)
    photos = open_photos(replace(place, folder=tmp_path / "data" / "photos"), made.world.database)
    made.world.photos = photos
    made.world.__post_init__()
    made.context = replace(made.context, engine=made.world.engine)
    made.api.state.context = made.context
    return made


@pytest.fixture
def door(tmp_path, place):
    made = bucket_door(tmp_path, place, photo_link_s=60)
    yield made
    made.http.close()
    made.world.database.close()


def test_a_report_is_refused_rather_than_half_kept_and_taken_once_the_store_is_back(door, store):
    key = {"Idempotency-Key": "one"}
    store.always = 503

    refused = door.report("lost", photo(1), headers=key)

    assert (refused.status_code, refused.json()["code"]) == (503, "photo_store_unavailable")
    assert refused.json()["hint"]
    assert refused.headers["retry-after"]
    assert door.world.engine.reports(ReportQuery()) == []
    store.always = 0
    assert door.report("lost", photo(1), headers=key).status_code == 201


def test_when_the_store_stops_right_after_the_commit_the_report_stands(door, store):
    put = door.world.photos.put

    def stop(content_hash, jpeg):
        put(content_hash, jpeg)
        store.always = 503

    door.world.photos.put = stop
    assert door.report("lost", photo(1)).status_code == 201
    assert door.http.get("/readyz").json()["checks"]["photos"] is False


def test_a_browser_may_be_sent_to_the_store_for_what_it_may_see_unblurred(door):
    filed = door.report("lost", photo(1)).json()
    pictures = filed["photos"][0]

    sent = door.http.get(pictures["full"], follow_redirects=False)

    assert sent.status_code == 307
    assert "max-age=30" in sent.headers["cache-control"]
    kept = httpx2.get(sent.headers["location"])
    assert (kept.status_code, kept.headers["content-type"]) == (200, "image/jpeg")
    assert door.world.photos.link(door.world.engine.photo_row(PhotoId(pictures["id"])).content_hash, 1)
    with door.world.database.read() as work:
        assert [(viewer, size) for _, viewer, size, _ in work.audit.of_report(filed["id"])] == [("link", "full")]
    assert door.http.get(pictures["thumb"], follow_redirects=False).status_code == 200
    assert door.http.get(pictures["full"] + "x", follow_redirects=False).status_code == 403


def test_programs_get_the_bytes_from_us(door):
    filed = door.report("lost", photo(1))
    photo_id = filed.json()["photos"][0]["id"]

    answer = door.http.get(f"/api/v1/photos/{photo_id}?size=full", headers=own(filed), follow_redirects=False)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")


def test_others_never_get_the_address_of_a_photo_with_people_on_it(door):
    door.world.detector.people = True
    filed = door.report("found", photo(1)).json()
    with door.world.database.read() as work:
        row = work.photos.get(PhotoId(filed["photos"][0]["id"]))

    owner = door.world.engine.photo_link(row.id, "full", viewer="x", is_owner=True, valid_s=9)
    other = door.world.engine.photo_link(row.id, "full", viewer="x", is_owner=False, valid_s=9)

    assert row.people
    assert (owner is None, other) == (False, None)


def test_the_page_may_load_photos_from_the_store_only_where_it_is_sent_there(tmp_path, place):
    from homeward.api import ApiConfig
    from homeward.api.routes.pages import content_policy

    assert "store.example" in content_policy(ApiConfig(photo_origin="https://store.example"))
    assert "store.example" not in content_policy(ApiConfig())


def test_an_erasure_between_upload_and_commit_takes_nothing_from_the_new_report(door):
    first = door.report("lost", photo(1)).json()
    with door.world.database.read() as work:
        content_hash = work.photos.get(PhotoId(first["photos"][0]["id"])).content_hash
    put, calls = door.world.photos.put, []

    def erased_meanwhile(content_hash, jpeg):
        put(content_hash, jpeg)
        if not calls:
            calls.append(content_hash)
            door.world.engine.erase(first["id"])

    door.world.photos.put = erased_meanwhile
    second = door.report("found", photo(1)).json()

    assert calls == [content_hash]
    assert door.world.photos.has(content_hash)
    assert door.http.get(second["photos"][0]["thumb"]).status_code == 200


def test_a_report_filed_while_its_picture_is_being_erased_keeps_it(door):
    first = door.report("lost", photo(1)).json()
    remove, filed = door.world.photos.remove, []

    def filed_meanwhile(content_hash):
        if not filed:
            filed.append(door.report("found", photo(1)).json())
        remove(content_hash)

    door.world.photos.remove = filed_meanwhile
    door.world.engine.erase(first["id"])

    assert door.http.get(filed[0]["photos"][0]["thumb"]).status_code == 200


def test_the_sweep_removes_old_files_that_no_row_names(door):
    kept = door.report("lost", photo(1)).json()
    door.world.photos.put(HASH, DATA)
    door.world.clock.forward(minutes=50)
    door.world.engine.sweep()
    assert door.world.photos.has(HASH)

    door.world.clock.forward(minutes=20)
    door.world.engine.sweep()

    assert not door.world.photos.has(HASH)
    assert door.http.get(kept["photos"][0]["thumb"]).status_code == 200


def test_a_silent_store_is_told_within_the_deadline(door, store, monkeypatch):
    monkeypatch.setattr(readiness, "WITHIN_S", 1.0)
    store.always = HANG
    answer = door.http.get("/readyz")

    assert (answer.status_code, answer.json()["checks"]) == (503, {"database": True, "photos": False, "models": True})
    assert "is photos ready" in {thread.name for thread in threading.enumerate()}, "it was waited for"


def test_an_erasure_while_the_store_is_down_is_finished_by_the_sweep(door, store):
    filed = door.report("lost", photo(1))
    store.always = 503
    assert door.http.delete(f"/api/v1/reports/{filed.json()['id']}", headers=own(filed)).status_code == 204

    store.always = 0
    door.world.clock.forward(hours=2)
    door.world.engine.sweep()

    assert list(door.world.photos.hashes()) == []


@pytest.fixture
def folder(tmp_path):
    made = Door(tmp_path / "data")
    made.report("lost", photo(1), photo(2))
    yield made
    made.http.close()
    made.world.database.close()


def test_photos_move_to_the_store_and_back_and_the_folder_knows_where_they_are(folder, place, tmp_path, monkeypatch):
    monkeypatch.setattr(move, "BATCH", 1)
    database = folder.world.database
    place = replace(place, folder=tmp_path / "data" / "photos")
    with pytest.raises(BadSettings, match="are in: folder"):
        open_photos(place, database)
    hashes = {found for found, _ in folder.world.photos.hashes()}
    place.open().put(min(hashes), folder.world.photos.get(min(hashes)))  # an earlier try got that far

    moved = move_photos(replace(place, url=None), place.url, database, lambda _done: None)

    assert (moved.copied, moved.already, moved.damaged) == (1, 1, ())
    assert {found for found, _ in open_photos(place, database).hashes()} == hashes
    with pytest.raises(BadSettings, match="are in: s3://"):
        open_photos(replace(place, url=None), database)
    with pytest.raises(Conflict):
        move_photos(place, place.url, database, lambda _done: None)
    for path in (tmp_path / "data" / "photos").rglob("*.jpg"):
        path.unlink()
    assert move_photos(place, None, database, lambda _done: None).copied == 2
    assert {found for found, _ in open_photos(replace(place, url=None), database).hashes()} == hashes


def test_a_damaged_photo_stays_behind_and_a_store_that_stops_changes_nothing(folder, place, store, tmp_path):
    database = folder.world.database
    (tmp_path / "data" / "photos" / "aa" / "aa").mkdir(parents=True)
    (tmp_path / "data" / "photos" / "aa" / "aa" / f"{'a' * 64}.jpg").write_bytes(b"not what its name says")
    place = replace(place, folder=tmp_path / "data" / "photos", url=None)
    to = f"{URL}/damaged"
    store.always = 503
    with pytest.raises(PhotoStoreUnavailable):
        move_photos(place, to, database, lambda _done: None)
    open_photos(place, database)

    store.always = 0
    moved = move_photos(place, to, database, lambda _done: None)

    assert (moved.copied, moved.damaged) == (2, ("a" * 64,))


@pytest.mark.parametrize(("to", "told"), [("s3://nowhere-such/x", "no such bucket"), (f"{URL}/x", "Is it up")])
def test_a_move_asks_the_store_first_and_says_what_is_wrong_with_it(folder, place, store, tmp_path, to, told):
    place = replace(place, folder=tmp_path / "data" / "photos", url=None)
    if to.startswith(URL):
        store.always = 503

    with pytest.raises(HomewardError) as refused:
        move_photos(place, to, folder.world.database, lambda _done: None)

    assert told in refused.value.message + refused.value.hint
    assert not [path for _, path in store.seen if path.endswith(".jpg")]


@pytest.mark.parametrize("with_photos", [True, False])
def test_a_backup_knows_the_store(tmp_path, door, place, with_photos):
    door.report("lost", photo(1))
    place = replace(place, folder=tmp_path / "data" / "photos")

    made = backup(tmp_path / "data", tmp_path / "b.tar", place, with_photos=with_photos)
    back = restore(tmp_path / "b.tar", tmp_path / "new", Place(tmp_path / "new" / "photos"))

    assert (made.photos, made.elsewhere) == ((1, None) if with_photos else (0, place.name))
    assert (back.photos, back.elsewhere) == (made.photos, made.elsewhere)
    again = SqlDatabase.open(tmp_path / "new" / "homeward.sqlite")
    with again.read() as work:
        assert work.facts.get(PHOTOS_AT) == ("folder" if with_photos else place.name)
    again.close()
    with pytest.raises(BadSettings):
        backup(tmp_path / "data", tmp_path / "c.tar", replace(place, url=None))


@pytest.mark.parametrize(
    ("fault", "url", "finding"),
    [(0, None, "1 named, 1 looked for, 0 missing, 1 read, 0 damaged"), (503, None, "does not answer"), (403, None, "refuses our key"),
     (0, "s3://photos/other", "are in:")],
)  # fmt: skip
def test_the_doctor_finds_what_is_wrong_with_the_store(tmp_path, door, place, store, fault, url, finding):
    door.report("lost", photo(1))
    with door.world.database.read() as work:
        assert work.facts.get(PHOTOS_AT) == place.name
    store.always = fault
    chosen = Settings(data=tmp_path / "data", photos_url=url or place.url, photos_endpoint=place.endpoint,
                      photos_key=place.key)  # fmt: skip

    (check,) = examine_photos(chosen, FileRows(tmp_path / "data" / "homeward.sqlite"))

    assert finding in check.finding
    assert (check.state, bool(check.mend)) == (("ok", False) if "looked for" in finding else ("fail", True))


@pytest.mark.parametrize("kind", ["file", "server"])
@pytest.mark.parametrize(("fault", "state", "finding"), [(0, "ok", "0 named"), (403, "fail", "refuses our key")])
def test_the_doctor_tries_the_store_before_the_first_start(
    request, tmp_path, place, store, kind, fault, state, finding
):
    with ExitStack() as stack:
        url = None
        if kind == "server":
            url = stack.enter_context(request.getfixturevalue("postgres_server").database())
        chosen = Settings(data=tmp_path / "data", photos_url=place.url, photos_endpoint=place.endpoint,
                          photos_key=place.key, database_url=url)  # fmt: skip
        store.always = fault
        (check,) = examine_elsewhere(chosen)

    assert (check.name, check.state, finding in check.finding) == ("photos", state, True)
    assert not (tmp_path / "data").exists()
