"""The real browser that tests, benchmarks and pictures of the page start, where it is installed."""

import shutil

WITH_WINDOWS = shutil.which("chromium")  # it alone shows notifications
# without windows it draws the same pages in three quarters of the time
CHROMIUM = shutil.which("chromium-headless-shell") or WITH_WINDOWS
DRAWING = ("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist")
# composed on the processor too: where no graphics card is, that takes a third less of it, and the map is drawn as before
COMPOSED = "--disable-gpu-compositing"
