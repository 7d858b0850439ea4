"""Problems (RFC 9457): every error as the same small JSON, in the caller's language, with nothing of our insides."""

from html import escape
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse, JSONResponse, Response

from homeward.api.findings import A_BODY, in_words
from homeward.api.languages import reader_language
from homeward.errors import HomewardError, TooManyRequests
from homeward.locales import best_language, refusal, text

MEDIA_TYPE = "application/problem+json"
log = structlog.get_logger(__name__)
TITLES = {
    400: ("bad_request", "The request cannot be understood."),
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This cannot be done at this address."),
    413: ("payload_too_large", "The request is too large."),
    415: ("unsupported_media_type", "This kind of body is not taken here."),
    500: ("internal", "Something went wrong on our side."),
}


HINTS = {
    400: {"field": "body", "hint": A_BODY},  # FastAPI's, of JSON that is too deep or no text
    404: {"hint": "/api/docs lists all addresses."},
    405: {"hint": "/api/docs lists what can be done where."},
}
GONE = "It may have been erased meanwhile."
HUNG_UP = 499  # as nginx calls it; for the log


def problem(
    request: Request, status: int, code: str, detail: str, *, headers: dict[str, str] | None = None, **more: Any
) -> JSONResponse:
    """One problem document; ``more`` holds field and hint where there are any."""
    language = best_language(request.headers.get("accept-language"))
    body = {
        "type": f"urn:homeward:problem:{code}",
        "title": refusal(language, code, more.get("field")) or detail,
        "status": status,
        "detail": detail,
        "code": code,
        **{name: value for name, value in more.items() if value is not None},
        "request_id": getattr(request.state, "request_id", None),
    }
    whole = {name: _whole(value) for name, value in body.items()}
    return JSONResponse(whole, status, media_type=MEDIA_TYPE, headers={**(headers or {}), "Content-Language": language})


def _whole(value: Any) -> Any:
    """What was sent may be told back, but halves of signs cannot be written."""
    return value.encode(errors="replace").decode() if isinstance(value, str) else value


def install(app: FastAPI) -> None:
    """Every way in which a request can fail ends here."""
    app.add_exception_handler(HomewardError, _known)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(Exception, _unknown)


def of_error(request: Request, error: HomewardError) -> JSONResponse:
    """The problem of one of our errors."""
    hint = error.hint or (GONE if error.status == 404 else None)
    return problem(
        request, error.status, error.code, error.message, headers=_headers(error), field=error.field, hint=hint
    )


def _headers(error: HomewardError) -> dict[str, str]:
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else {}
    wait_s = error.values.get("retry_after_s")
    if isinstance(error, TooManyRequests) or error.status == 503 or wait_s is not None:
        headers["Retry-After"] = str(int(float(wait_s or 1)) or 1)
    return headers


def _known(request: Request, error: Exception) -> Response:
    assert isinstance(error, HomewardError)
    if _is_for_people(request):
        return _screen(request, error)
    return of_error(request, error)


def _is_for_people(request: Request) -> bool:
    """Whether a browser shows the answer as a page."""
    return not request.url.path.startswith("/api/") and "text/html" in request.headers.get("accept", "")


def _screen(request: Request, error: HomewardError) -> Response:
    """What is not there, or was asked for wrongly, with the ways on; no script is wanted."""
    from homeward.api.routes.pages import content_policy, document

    language = reader_language(request)

    def say(key: str) -> str:
        return escape(text(language, key) or key)

    is_ours = error.status >= 500 or error.status == 429
    kind = "later" if is_ours else "gone" if error.status in {404, 410} else "wrong"
    body = (
        f"<section class='trouble'><h1>{say(f'screen.{kind}')}</h1><p>{say(f'screen.{kind}_text')}</p>"
        f"<p class='actions'><a class='button main' href='/board'>{say('board.title')}</a>"
        f"<a class='button' href='/found/new'>{say('screen.found')}</a></p></section>"
    )
    policy = content_policy(request.app.state.context.config)
    page = document(request, body, title=text(language, f"screen.{kind}") or "", head="")
    return HTMLResponse(
        page, error.status, headers={**_headers(error), "Content-Security-Policy": policy, "Cache-Control": "no-store"}
    )


def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return of_error(request, in_words(error.errors()[0]))


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if isinstance(error.__cause__, HomewardError):  # ours, as the body was read: FastAPI makes a 400 of it
        return _known(request, error.__cause__)
    code, detail = TITLES.get(error.status_code, ("error", "The request cannot be answered."))
    more = HINTS.get(error.status_code, {})
    return problem(request, error.status_code, code, detail, headers=dict(error.headers or {}), **more)


def _gone(_request: Request, _error: Exception) -> Response:
    """Whoever asked hung up in the middle, as telephones do; nobody hears an answer, and nothing is amiss here."""
    return Response(status_code=HUNG_UP)


def _unknown(request: Request, error: Exception) -> JSONResponse:
    log.error("request failed", error=type(error).__name__, exc_info=error)
    return problem(request, 500, *TITLES[500])
