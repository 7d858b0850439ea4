"""The product on a real PostgreSQL: a whole story over HTTP, and what two servers on one database make of each other."""

import httpx2
import pytest

from tests.e2e.crash import Server, picture


@pytest.fixture
def two_servers(postgres_url, tmp_path, monkeypatch):
    """Two servers on one database and one folder of photos."""
    monkeypatch.setenv("HOMEWARD_DATABASE_URL", postgres_url)
    servers = [Server(tmp_path / "data", name=name) for name in ("one", "two")]
    try:
        for server in servers:
            server.start()
        yield servers
    finally:
        for server in servers:
            server.stop()


def file(url, shelf, pair, key=None):
    form = {"shelf": shelf, "species": "cat", "keep_without_animal": "true", "lat": "57.6", "lon": "39.85"}
    headers = {"Idempotency-Key": key} if key else {}
    photo = {"photo": ("a.jpg", picture(pair), "image/jpeg")}
    return httpx2.post(f"{url}/api/v1/reports", data=form, files=photo, headers=headers, timeout=60)


def own(answer):
    return {"Authorization": f"Bearer {answer.json()['link'].split('#token=')[1]}"}


def test_what_is_filed_at_one_server_is_matched_and_seen_at_the_other(two_servers):
    one, two = two_servers
    lost = file(one.url, "lost", 1)
    assert lost.status_code == 201, lost.text
    with httpx2.stream("GET", f"{one.url}/api/v1/events", headers=own(lost), timeout=60) as events:
        lines = events.iter_lines()
        next(lines)
        found = file(two.url, "found", 1)
        assert found.status_code == 201, found.text
        told = next(line for line in lines if line.startswith("data:"))

    assert found.json()["id"] in told
    matches = httpx2.get(f"{two.url}/api/v1/lost/{lost.json()['id']}/matches", headers=own(lost), timeout=30).json()
    assert [item["found_id"] for item in matches["items"]] == [found.json()["id"]]
    photo = httpx2.get(f"{one.url}{matches['items'][0]['photo']['thumb']}", timeout=30)
    assert photo.content.startswith(b"\xff\xd8")


def test_one_key_makes_one_report_whichever_server_hears_it(two_servers):
    one, two = two_servers
    first = file(one.url, "lost", 2, key="the-same")
    again = file(two.url, "lost", 2, key="the-same")

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json()["id"] == first.json()["id"]
    assert again.headers["Idempotency-Replayed"] == "true"
