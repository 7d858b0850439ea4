"""Download a file: whole or not at all, with a limit, a progress bar, and an answer when it fails."""

import sys
from pathlib import Path
from urllib.parse import urlsplit

import httpx2

from homeward.errors import HomewardError, InvalidInput, NotFound, PayloadTooLarge

TIMEOUT_S = 60.0
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class DownloadFailed(HomewardError):
    """The other side did not give the file."""

    code = "download_failed"
    status = 502


def download(url: str, target: Path, max_bytes: int) -> None:
    """Write what ``url`` gives to ``target``.

    Raises:
        InvalidInput: the address is not https (plain http is taken from this machine only).
        NotFound: there is no such file.
        PayloadTooLarge: it is larger than ``max_bytes``.
        DownloadFailed: the connection broke, or the answer is cut off.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise InvalidInput(f"{url} is no https address.", field="url")
    part = target.with_name(target.name + ".part")
    try:
        with httpx2.stream("GET", url, timeout=TIMEOUT_S, follow_redirects=True) as answer:
            _check(answer, url)
            _write(answer, part, max_bytes)
        part.replace(target)
    except httpx2.HTTPError as error:
        raise DownloadFailed(f"{url} could not be downloaded: {error}.", hint="Try again.") from error
    finally:
        part.unlink(missing_ok=True)


def _check(answer: httpx2.Response, url: str) -> None:
    if answer.status_code == 404:
        raise NotFound(f"There is no file at {url}.", field="url")
    if answer.status_code != 200:
        raise DownloadFailed(f"{url} answered {answer.status_code}.", hint="Try again later.")


def _write(answer: httpx2.Response, target: Path, max_bytes: int) -> None:
    from rich.console import Console
    from rich.progress import Progress

    total = int(answer.headers.get("content-length", 0)) or None
    got = 0
    with target.open("wb") as file, Progress(console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("downloading", total=total)
        for chunk in answer.iter_bytes():
            got += len(chunk)
            if got > max_bytes:
                raise PayloadTooLarge(f"The file is larger than {max_bytes / 1e6:g} MB.", field="url")
            file.write(chunk)
            bar.update(task, completed=got)
