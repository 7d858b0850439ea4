import pytest

SERVED = {"test_stream.py", "test_supervisor.py"}


def pytest_collection_modifyitems(items):
    """GStreamer's server now and then stands still for good: what it plays for is run once more, and the report counts that."""
    for item in items:
        if item.path.parent.name == "watcher" and item.path.name in SERVED:
            item.add_marker(pytest.mark.flaky(reruns=1))
