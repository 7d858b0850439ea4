from datetime import UTC, datetime

import pytest
from starlette.testclient import TestClient

from homeward.api import ApiConfig, ApiContext, create_api
from homeward.api.auth import new_key
from tests.running import served
from tests.world import on_disk


class Door:
    """An API in front of a whole engine: on disk, or ``world``."""

    def __init__(self, folder, *, world=None, parts=None, **config):
        self.world = world or on_disk(folder, **(parts or {}))
        self.world.clock.moment = datetime.now(UTC)
        self.folder = folder
        self.context = ApiContext(self.world.engine, self.world.database, self.world.clock, ApiConfig(**config))
        self.api = create_api(self.context)
        self.http = TestClient(self.api, raise_server_exceptions=False)

    def report(self, shelf, *photos, headers=None, **fields):
        files = [("photo", (f"{n}.jpg", data)) for n, data in enumerate(photos)]
        return self.http.post("/api/v1/reports", data={"shelf": shelf, **fields}, files=files, headers=headers)

    def key(self, scope, camera=None):
        _, secret = new_key(self.context, "test", scope, camera)
        return {"Authorization": f"Bearer {secret}"}

    def is_empty(self):
        from homeward.ports import ReportQuery

        files = [path for path in (self.folder / "photos").rglob("*") if path.is_file()]
        return not self.world.engine.reports(ReportQuery()) and not files


def own(answer):
    return {"Authorization": f"Bearer {answer.json()['link'].split('#token=')[1]}"}


@pytest.fixture
def door(tmp_path):
    made = Door(tmp_path)
    yield made
    made.http.close()
    made.world.database.close()


@pytest.fixture
def server(door):
    """The same API over real HTTP; its address."""
    with served(door.api) as address:
        yield address
