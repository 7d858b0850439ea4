import json
import subprocess
import sys

import pytest

from docs.generate import ROOT


@pytest.mark.parametrize("name", ["search", "memory", "commands", "photo", "detector"])
def test_a_benchmark_runs(name):
    command = [sys.executable, "-m", "benchmarks", name, "--short", "--json"]

    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout)[name]
