"""The language of pages that are made here."""

from fastapi import Request, Response

from homeward.locales import LANGUAGES, best_language

COOKIE = "homeward-language"  # web/src/words.ts writes and reads it too
YEAR_S = 365 * 86400


def reader_language(request: Request) -> str:
    """What the address asks for (``lang``), what the reader chose before, or what the browser speaks."""
    for chosen in (request.query_params.get("lang"), request.cookies.get(COOKIE)):
        if chosen in LANGUAGES:
            return str(chosen)
    return best_language(request.headers.get("accept-language"))


def keep_language(request: Request, response: Response) -> None:
    """Remember what the address asked for."""
    chosen = request.query_params.get("lang")
    if chosen in LANGUAGES:
        response.set_cookie(COOKIE, str(chosen), max_age=YEAR_S, path="/", samesite="lax")
    response.headers["Vary"] = "Accept-Language, Cookie"
