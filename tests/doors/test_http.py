"""Over a real socket: the client, server-sent events, random requests."""

import asyncio
import json
import threading

import httpx2
import pytest
import schemathesis

from homeward.client import AsyncClient, Client, ServerUnreachable
from homeward.errors import Forbidden, NoAnimalFound
from tests.conftest import GREY, photo
from tests.doors.conftest import own


def test_the_client_files_matches_and_judges(server):
    with Client(server) as anyone:
        found = anyone.report("found", [photo(1)], lat=57.605, lon=39.852)
        lost = anyone.report("lost", [photo(1, noise=1), photo(1, noise=2)], lat=57.6, lon=39.85, name="Rex")
    with Client(server, lost["link"].split("#token=")[1]) as owner:
        (match,) = owner.all_matches(lost["id"])
        assert match["found_id"] == found["id"]
        assert match["compared_pairs"] == 2
        owner.verdict(lost["id"], found["id"], "same", close=True)
        assert owner.get(f"/reports/{lost['id']}")["status"] == "reunited"
        assert owner.photo(lost["photos"][0]["id"]).startswith(b"\xff\xd8")


def test_the_clients_errors_are_ours(server):
    with Client(server) as anyone:
        lost, other = anyone.report("lost", [photo(1)]), anyone.report("lost", [photo(2)])
        with pytest.raises(NoAnimalFound) as refused:
            anyone.report("lost", [GREY])
        assert refused.value.field == "photo"
    with Client(server, other["link"].split("#token=")[1]) as stranger, pytest.raises(Forbidden):
        stranger.matches(lost["id"])


def test_the_async_client_does_the_same(server):
    async def story():
        async with AsyncClient(server) as anyone:
            await anyone.report("found", [photo(1)])
            lost = await anyone.report("lost", [photo(1, noise=1)])
        async with AsyncClient(server, lost["link"].split("#token=")[1]) as owner:
            return [match async for match in owner.all_matches(lost["id"])]

    assert len(asyncio.run(story())) == 1


def test_a_client_in_the_same_process_needs_no_socket(door):
    with Client.in_process(door.api) as anyone:
        assert anyone.report("lost", [photo(1)])["status"] == "open"


def test_nobody_there_is_told_as_such(monkeypatch):
    monkeypatch.setattr("homeward.client.FIRST_WAIT_S", 0.0)
    with Client("http://127.0.0.1:9") as client, pytest.raises(ServerUnreachable):
        client.get("/cameras")


def test_an_owner_who_listens_hears_of_a_new_match(door, server):
    lost = door.report("lost", photo(1), lat="57.6", lon="39.85")
    heard, ready = [], threading.Event()

    def listen():
        with httpx2.stream("GET", f"{server}/api/v1/events", headers=own(lost), timeout=30) as stream:
            for line in stream.iter_lines():
                ready.set()
                if line.startswith("data: "):
                    heard.append(json.loads(line[6:]))
                    return

    thread = threading.Thread(target=listen)
    thread.start()
    assert ready.wait(30)
    found = door.report("found", photo(1, noise=1), lat="57.6", lon="39.85")
    thread.join(30)

    assert heard[0]["found_id"] == found.json()["id"]


def test_events_are_for_owners_only(door):
    assert door.http.get("/api/v1/events").status_code == 401


def test_random_requests_never_break_the_server(door):
    schema = schemathesis.openapi.from_asgi("/api/openapi.json", door.api)
    seen = 0
    for operation in schema.get_all_operations():
        made = operation.ok()
        if made.path.endswith("/events"):
            continue
        strategy = made.as_strategy()
        for case in _examples(strategy, 4):
            answer = case.call(headers=door.key("admin")) if seen % 2 else case.call()
            assert answer.status_code < 500, (case.method, case.path, answer.text)
            seen += 1
    assert seen > 40


def _examples(strategy, count):
    import warnings

    from hypothesis import HealthCheck, Phase, given
    from hypothesis import settings as how

    found = []

    @how(max_examples=count, database=None, derandomize=True, deadline=None, phases=[Phase.generate],
         suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(strategy)
    def collect(case):
        found.append(case)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        collect()
    return found
