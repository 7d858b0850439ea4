import os
import subprocess
import sys

import numpy as np
import onnx
import pytest
from structlog.testing import capture_logs

from homeward.models.onnx import OnnxNetwork
from homeward.models.sessions import Sessions
from tests.models.test_trim import places, small_card

PICTURE = np.tile(np.arange(128, dtype=np.uint8)[:, None, None], (1, 128, 3))


def test_a_run_that_meets_another_takes_half_of_the_threads():
    opened = []

    def open_(threads):
        opened.append(threads)
        return threads

    sessions = Sessions(open_, 4, has_half=True)
    with sessions.run():
        assert sessions.now() == 4
        with sessions.run():
            assert sessions.now() == 2
        assert sessions.now() == 4
    assert opened == [4, 2]

    alone = Sessions(open_, 1, has_half=True)
    with alone.run(), alone.run():
        assert alone.now() == 1
    assert opened == [4, 2, 1]


def another(file):
    """Takes its place: a network with the same inputs and outputs, and other numbers."""
    model = onnx.load(file)
    for node in model.graph.node:
        node.op_type = node.op_type.replace("AveragePool", "MaxPool")
    fresh = file.with_suffix(".part")
    onnx.save(model, fresh)
    fresh.replace(file)


@pytest.mark.parametrize("befalls", [another, lambda file: file.unlink()], ids=["another", "gone"])
def test_runs_that_meet_give_the_numbers_of_the_file_that_was_opened_whatever_befalls_it(tmp_path, befalls):
    file = places(tmp_path)
    network = OnnxNetwork(small_card(), file, 2)
    alone = network.run([PICTURE])
    befalls(file)

    with capture_logs() as logged, network._sessions.run():
        met, again = network.run([PICTURE]), network.run([PICTURE])

    assert np.array_equal(met, alone)
    assert np.array_equal(again, alone)
    assert [line["log_level"] for line in logged] == ["warning"]


def test_what_runs_the_models_makes_no_id_of_the_machine_to_tell_its_maker(tmp_path):
    told_nothing_of_ci = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path), "HOME": str(tmp_path)}
    opened = "import homeward.models.sessions, onnxruntime"

    subprocess.run([sys.executable, "-c", opened], check=True, env=told_nothing_of_ci)

    assert list(tmp_path.iterdir()) == []
