"""An engine on a disk, and the same in memory."""

import pytest

from tests.world import in_memory, on_disk


@pytest.fixture(params=["disk", "memory"])
def world(request, tmp_path):
    made = on_disk(tmp_path) if request.param == "disk" else in_memory()
    yield made
    if request.param == "disk":
        made.database.close()
