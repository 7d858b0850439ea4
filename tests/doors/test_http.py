"""Over a real socket: the client, server-sent events, random requests."""

import asyncio
import json
import socket
import threading
from collections import defaultdict
from contextlib import ExitStack
from functools import partial
from ipaddress import ip_network
from urllib.parse import urlsplit

import httpx2
import pytest
import schemathesis
from anyio.to_thread import current_default_thread_limiter

from homeward.api.streams import News
from homeward.client import AsyncClient, Client, ServerUnreachable
from homeward.domain.ids import ReportId
from homeward.engine.events import TalkMoved
from homeward.errors import Forbidden, NoAnimalFound
from tests.conftest import GREY, photo
from tests.doors.conftest import Door, own
from tests.running import served


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


def test_the_applications_of_a_process_share_nothing_but_their_routes(door, tmp_path):
    other = Door(tmp_path / "other", uploads_per_minute=1)
    filed = [[each.report("lost", photo(n)).status_code for n in range(2)] for each in (other, door)]
    kept = [each.http.get("/api/v1/reports", headers=each.key("admin")).json()["items"] for each in (other, door)]
    stranger = other.http.get("/api/v1/reports", headers=door.key("admin"))
    other.http.close()
    other.world.database.close()

    assert filed == [[201, 429], [201, 201]]
    assert [len(reports) for reports in kept] == [1, 2]
    assert stranger.status_code == 401


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


class Stream:
    """A listener on a socket of its own, as a proxy at 127.0.0.1 says, from ``sender``."""

    def __init__(self, server, lost, sender):
        url = urlsplit(server)
        self.socket = socket.create_connection((url.hostname, url.port), timeout=60)
        heads = {"Host": url.netloc, "X-Forwarded-For": sender, **own(lost)}
        lines = ["GET /api/v1/events HTTP/1.1", *(f"{name}: {value}" for name, value in heads.items()), "", ""]
        self.socket.sendall("\r\n".join(lines).encode())
        self.file = self.socket.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        self.headers = {
            name.lower(): value.strip() for line in iter(self.file.readline, b"\r\n")
            for name, _, value in [line.decode().partition(":")]
        }  # fmt: skip

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()


@pytest.fixture
def proxied(tmp_path):
    """A door that believes 127.0.0.1 who asks."""
    door = Door(tmp_path, trusted_proxies=(ip_network("127.0.0.1/32"),), uploads_per_minute=0)
    yield door
    door.http.close()
    door.world.database.close()


class Looking:
    """Notes the thread pool of the loop in which requests are answered."""

    def __init__(self, app, pools):
        self.app, self.pools = app, pools

    async def __call__(self, scope, receive, send):
        self.pools.append(current_default_thread_limiter())
        await self.app(scope, receive, send)


def test_open_streams_hold_no_thread_that_others_need(proxied):
    pools = []
    proxied.api.add_middleware(Looking, pools=pools)
    reports = [proxied.report("lost", photo(seed)) for seed in range(6)]
    with served(proxied.api) as server, ExitStack() as listening:
        streams = [
            listening.enter_context(Stream(server, reports[number % 6], f"203.0.113.{number % 3}"))
            for number in range(120)
        ]
        board = httpx2.get(f"{server}/board", timeout=60)

        assert {stream.status for stream in streams} == {200}
        assert board.status_code == 200
        assert len(streams) >= 3 * pools[-1].total_tokens
        assert pools[-1].borrowed_tokens == 0


@pytest.mark.parametrize(("reports", "senders", "most"), [(1, 30, 20), (5, 1, 50)], ids=["report", "address"])
def test_only_so_many_listen_at_once(proxied, reports, senders, most):
    lost = [proxied.report("lost", photo(seed)) for seed in range(reports)]
    with served(proxied.api) as server, ExitStack() as listening:

        def stream(number):
            return listening.enter_context(Stream(server, lost[number % reports], f"203.0.113.{number % senders}"))

        first, *others = [stream(number) for number in range(most)]
        refused = stream(most)
        other = proxied.report("lost", photo(9))
        elsewhere = listening.enter_context(Stream(server, other, "198.51.100.1"))

        assert {each.status for each in (first, *others, elsewhere)} == {200}
        assert (refused.status, int(refused.headers["retry-after"]) > 0) == (429, True)
        first.__exit__()
        while stream(0).status == 429:  # until the server has seen that one hung up
            pass


def test_a_server_that_stops_ends_its_streams(proxied):
    lost = proxied.report("lost", photo(1))
    with served(proxied.api) as server, Stream(server, lost, "203.0.113.1") as stream:
        proxied.api.state.streams.stop()

        assert stream.file.read().endswith(b"0\r\n\r\n")
        with Stream(server, lost, "203.0.113.1") as late:
            assert late.file.read().endswith(b"0\r\n\r\n")


def test_a_listener_who_lags_loses_the_oldest_and_hears_that_nothing_came(monkeypatch):
    monkeypatch.setattr("homeward.api.streams.WAITING", 3)
    told = [TalkMoved(ReportId("lost"), ReportId(str(number))) for number in range(5)]

    async def listen():
        news, heard = News(), []
        for event in told:
            news.tell(event)
        async for event in news.events(0.01):
            heard.append(event)
            if event is None:
                news.tell(None)
        return heard

    assert asyncio.run(listen()) == [*told[2:], None]


def test_events_are_for_owners_only(door):
    assert door.http.get("/api/v1/events").status_code == 401


@pytest.fixture
def lists(door):
    """What OpenAPI says of the query of each address that refuses unknown parameters, and how to ask there."""
    ids = {shelf: door.report(shelf, photo(1, noise=n)).json()["id"] for n, shelf in enumerate(("lost", "found"))}
    door.world.camera()
    admin, spec, found = door.key("admin"), door.http.get("/api/openapi.json").json(), {}
    for path, operations in spec["paths"].items():
        address = path.format_map(defaultdict(str, lost_id=ids["lost"], found_id=ids["found"], camera_id="yard"))
        if "get" in operations and not path.endswith("/events"):
            ask = partial(door.http.get, address, headers=admin)
            refused = ask(params={"nonsense": "1"})
            if refused.status_code == 422 and refused.json()["field"] == "nonsense":
                taken = refused.json()["hint"].removeprefix("There are ").removesuffix(".").split(", ")
                declared = [each for each in operations["get"].get("parameters", []) if each["in"] == "query"]
                found[path] = (ask, taken, declared)
    return found


def test_every_query_parameter_that_is_taken_is_described(lists):
    assert len(lists) == 6
    for path, (_, taken, declared) in lists.items():
        assert sorted(each["name"] for each in declared) == taken, path
        assert all(each["description"] for each in declared), path


def test_what_the_description_says_of_a_query_holds(lists):
    for path, (ask, _, declared) in lists.items():
        for name, schema in ((each["name"], each["schema"]) for each in declared):
            ends = [schema[end] for end in ("minimum", "maximum") if end in schema]
            past = [schema["minimum"] - 1, schema["maximum"] + 1] if ends else ["word"] if "enum" in schema else []
            also = {"lat": 0, "lon": 0} if name in {"lat", "lon"} else {}  # neither comes alone
            good = [ask(params=also | {name: value}).status_code for value in ends + schema.get("enum", [])]
            bad = [ask(params=also | {name: value}).json().get("field") for value in past]
            twice = ask(params={name: ["a", "b"]}).status_code if schema["type"] == "array" else 200

            assert (set(good) <= {200}, set(bad) <= {name}, twice) == (True, True, 200), (path, name, good, bad)


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


def test_every_status_that_a_client_may_meet_is_described(door):
    spec = door.http.get("/api/openapi.json").json()["paths"]
    filed = door.report("lost", photo(1))
    report, picture = f"/api/v1/reports/{filed.json()['id']}", filed.json()["photos"][0]["thumb"]
    seen = door.http.get(picture, headers=own(filed)).headers["etag"]

    no_text = door.http.patch(
        report, content=b'{"name": "\xff"}', headers=own(filed) | {"Content-Type": "application/json"}
    )
    same = door.http.get(picture, headers=own(filed) | {"If-None-Match": seen})

    assert (no_text.status_code, same.status_code) == (400, 304)
    assert "400" in spec["/api/v1/reports/{report_id}"]["patch"]["responses"]
    assert "304" in spec["/api/v1/photos/{photo_id}"]["get"]["responses"]
    assert "503" in spec["/readyz"]["get"]["responses"]
    assert {"401", "403"} <= set(spec["/metrics"]["get"]["responses"])
