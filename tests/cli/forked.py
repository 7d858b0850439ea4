"""Commands in processes of their own, forked from one that has imported everything: what takes seconds comes once."""

import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.cli.imported"])


def command(arguments: list[str], folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run ``homeward`` with ``arguments`` in ``folder``."""
    said = {name: folder / f".{name}" for name in ("stdout", "stderr")}
    process = PROCESSES.Process(target=_run, args=(arguments, folder, environment, said["stdout"], said["stderr"]))
    process.start()
    process.join()
    code = process.exitcode
    process.close()
    return subprocess.CompletedProcess(arguments, code, *(path.read_text(encoding="utf-8") for path in said.values()))


def _run(arguments: list[str], folder: Path, environment: dict[str, str], stdout: Path, stderr: Path) -> None:
    for number, path in ((1, stdout), (2, stderr)):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, number)
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    sys.argv = ["homeward", *arguments]
    from homeward.cli import main

    main()
