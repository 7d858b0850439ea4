"""Download a file: whole or not at all, with a limit, a progress bar, and an answer when it fails."""

import sys
from pathlib import Path

import httpx2

from homeward.domain.addresses import without_secrets
from homeward.errors import HomewardError, InvalidInput, NotFound, PayloadTooLarge

TIMEOUT_S = 60.0
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class DownloadFailed(HomewardError):
    """The other side did not give the file."""

    code = "download_failed"
    status = 502


class _NotItsRest(DownloadFailed):
    """What is here is no beginning of the file that is there."""


NEVER_USED = (NotFound, PayloadTooLarge, _NotItsRest)


def download(url: str, target: Path, max_bytes: int) -> None:
    """Write what ``url`` gives to ``target``; what breaks off is kept beside it and gone on from next time.

    Raises:
        InvalidInput: the address, or one that it leads to, is not https (plain http is taken from this machine only).
        NotFound: there is no such file.
        PayloadTooLarge: it is larger than ``max_bytes``.
        DownloadFailed: the connection broke, or the answer is cut off.
    """
    shown = without_secrets(url)
    part, tag = target.with_name(target.name + ".part"), target.with_name(target.name + ".tag")
    try:
        with _client() as client, client.stream("GET", url, headers=_rest(part, tag)) as answer:
            _check(answer, shown)
            if answer.status_code == 200:
                part.unlink(missing_ok=True)
            tag.write_text(answer.headers.get("etag", ""), encoding="utf-8")
            _write(answer, part, max_bytes)
    except httpx2.InvalidURL as error:
        raise InvalidInput("The address is malformed.", field="url", hint="Copy it again, from https:// on.") from error
    except httpx2.HTTPError as error:
        kind = type(error).__name__  # its own words may hold the address
        raise DownloadFailed(f"{shown} could not be downloaded ({kind}).", hint="Try again; it goes on.") from error
    except NEVER_USED:
        part.unlink(missing_ok=True)
        tag.unlink(missing_ok=True)
        raise
    part.replace(target)
    tag.unlink(missing_ok=True)


def _client() -> httpx2.Client:
    """One that looks at each address before it goes there: a redirect may lead anywhere."""
    return httpx2.Client(timeout=TIMEOUT_S, follow_redirects=True, event_hooks={"request": [_check_address]})


def _check_address(request: httpx2.Request) -> None:
    url = request.url
    if not url.host or (url.scheme != "https" and not (url.scheme == "http" and url.host in LOOPBACK)):
        hint = "Plain http is taken from this machine only, also where another address leads to it."
        raise InvalidInput(f"{without_secrets(str(url))} is no https address.", field="url", hint=hint)


def _rest(part: Path, tag: Path) -> dict[str, str]:
    """Ask for what is missing, if the file is still the same one; bytes as they are, so that they can be counted."""
    headers = {"Accept-Encoding": "identity"}
    known = tag.read_text(encoding="utf-8") if tag.exists() else ""
    if part.exists() and known.startswith('"'):  # a weak tag does not promise the same bytes
        headers |= {"Range": f"bytes={part.stat().st_size}-", "If-Range": known}
    return headers


def _check(answer: httpx2.Response, shown: str) -> None:
    if answer.status_code == 404:
        raise NotFound(f"There is no file at {shown}.", field="url")
    if answer.status_code == 416:
        raise _NotItsRest(f"{shown} does not go on from what is here.", hint="Try again; it begins anew.")
    if answer.status_code not in {200, 206}:
        raise DownloadFailed(f"{shown} answered {answer.status_code}.", hint="Try again later; it goes on.")


def _write(answer: httpx2.Response, target: Path, max_bytes: int) -> None:
    from rich.console import Console
    from rich.progress import Progress

    got = target.stat().st_size if target.exists() else 0
    left = int(answer.headers.get("content-length", 0))
    with target.open("ab") as file, Progress(console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("downloading", total=got + left if left else None, completed=got)
        for chunk in answer.iter_bytes():
            got += len(chunk)
            if got > max_bytes:
                raise PayloadTooLarge(f"The file is larger than {max_bytes / 1e6:g} MB.", field="url")
            file.write(chunk)
            bar.update(task, completed=got)
