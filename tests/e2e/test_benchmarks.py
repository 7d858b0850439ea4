import json
import subprocess
import sys

import pytest

from docs.generate import ROOT
from tests.watcher.streams import needs_rtsp
from tests.web.conftest import needs_browser


@pytest.mark.parametrize(
    "name",
    [
        "search",
        "sightings",
        pytest.param("city", marks=pytest.mark.long),
        "million",
        pytest.param("postgres", marks=pytest.mark.long),
        "memory",
        "commands",
        "photo",
        "detector",
        pytest.param("cameras", marks=pytest.mark.long),
        pytest.param("faults", marks=pytest.mark.long),
        pytest.param("bot", marks=pytest.mark.long),
        pytest.param("models", marks=pytest.mark.long),
        pytest.param("several", marks=pytest.mark.long),
        pytest.param("over_http", marks=[pytest.mark.long, pytest.mark.shared]),
        pytest.param("centre", marks=[pytest.mark.long, pytest.mark.shared]),
    ],
)
def test_a_benchmark_runs(name):
    if name in {"cameras", "faults"}:
        needs_rtsp()
    assert run(name)


@needs_browser
@pytest.mark.long
def test_the_benchmark_of_the_page_runs():
    assert run("page")["first_load_kb"] < 100


@pytest.mark.shared
@pytest.mark.parametrize(
    "name", [pytest.param("gate", marks=pytest.mark.long), "people", pytest.param("one_stream", marks=pytest.mark.long)]
)
def test_a_benchmark_on_real_pictures_runs(name, shared):
    assert "skipped" not in run(name)


def run(name):
    command = [sys.executable, "-m", "benchmarks", name, "--short", "--json"]

    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)[name]
