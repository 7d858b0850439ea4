"""Commands as people give them."""

import os
import subprocess
import sys

import pytest

from tests.cli import forked

RUN = [sys.executable, "-c", "from homeward.cli import main; main()"]
MAKE_PROCESSES = {"serve"}


@pytest.fixture
def run(tmp_path):
    def call(*arguments, code=0, data=True, **env):
        where = ["--data", str(tmp_path / "data")] if data else []
        asked, environment = [*map(str, arguments), *where], {**os.environ, "HOMEWARD_LANG": "en", **env}
        if asked[0] in MAKE_PROCESSES:
            answer = subprocess.run(
                [*RUN, *asked], check=False, capture_output=True, text=True, cwd=tmp_path, env=environment
            )
        else:
            answer = forked.command(asked, tmp_path, environment)
        assert answer.returncode == code, answer.stdout + answer.stderr
        return answer

    return call
