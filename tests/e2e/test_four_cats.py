"""Four cats reported lost, phone clips of them played as cameras over RTSP, the shipped models, one command."""

import sys

import pytest

from benchmarks.four_cats import CATS, measure, table
from tests.watcher.streams import needs_rtsp


@pytest.mark.shared
def test_every_camera_sends_its_cat_and_each_owner_finds_the_own_one_at_the_top(shared, capsys):
    needs_rtsp()
    found, sent = measure(shared)
    with capsys.disabled():
        sys.stdout.write(f"\n{table(found, sent)}\n")

    assert all(sent.values()), sent
    for each in found:
        assert set(each.cameras[:3]) & set(CATS[each.photo]), each
    assert sum(each.is_right for each in found) >= 2
