import subprocess
import sys

FAILS = """
import structlog
from homeward.telemetry import configure

configure("info", "console")
token = "-".join(["hunter", "2"])
try:
    1 / 0
except ZeroDivisionError:
    structlog.get_logger().exception("failed")
"""


def test_an_error_told_in_a_terminal_shows_where_it_was_and_no_values():
    done = subprocess.run([sys.executable, "-c", FAILS], capture_output=True, text=True, check=True)

    assert "ZeroDivisionError" in done.stderr
    assert "hunter-2" not in done.stderr
