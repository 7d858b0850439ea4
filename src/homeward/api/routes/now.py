"""What to do now: a page for the first hours after a pet is lost, with its sources. Made here; needs no JavaScript."""

from html import escape

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from homeward.api.languages import keep_language, reader_language
from homeward.api.routes.pages import MAY_BE_FOUND, document
from homeward.locales import text

router = APIRouter()
POINTS = {"cat": 4, "dog": 4, "posters": 2, "shelters": 2, "beware": 2}
KINDS = {"cat", "dog"}
SOURCES = {  # DOI: who and where
    "10.3390/ani8010005": "Huang et al., Search Methods Used to Locate Missing Cats and Locations Where Missing Cats"
    " Are Found, Animals 2018, 8(1), 5",
    "10.3389/fvets.2021.669428": "A New Web-Based Tool for RTO-Focused Animal Shelter Data Analysis (Dallas Animal"
    " Services, 2019), Frontiers in Veterinary Science 2021, 8:669428",
    "10.2460/javma.230.2.211": "Lord et al., Search and identification methods that owners use to find a lost dog,"
    " JAVMA 2007, 230(2), 211-216",
    "10.3390/ani2020301": "Weiss et al., Frequency of Lost Dogs and Cats in the United States and the Methods Used to"
    " Locate Them, Animals 2012, 2(2), 301-315",
}


@router.get("/now", include_in_schema=False)
def now(request: Request, species: str | None = None) -> HTMLResponse:
    """For a cat, for a dog, or for both, also where the address asks for something else."""
    language = reader_language(request)

    def say(key: str) -> str:
        return escape(text(language, f"now.{key}") or "")

    kinds = {species} & KINDS or KINDS
    shown = [part for part in POINTS if part not in KINDS - kinds]
    parts = [f"<h1>{say('title')}</h1><p class='lead'>{say('lead')}</p>"]
    for part in shown:
        points = "".join(f"<li>{say(f'{part}.{n}')}</li>" for n in range(1, POINTS[part] + 1))
        parts.append(f"<h2 id='{part}'>{say(part)}</h2><ol class='tips'>{points}</ol>")
    cited = "".join(
        f"<li>{escape(name)}. <a href='https://doi.org/{doi}'>{doi}</a></li>" for doi, name in SOURCES.items()
    )
    parts.append(f"<h2>{say('sources')}</h2><ol class='soft'>{cited}</ol>")
    parts.append(f"<p><a class='button main' href='/lost/new'>{say('report')}</a></p>")
    body = f"<article class='now'>{''.join(parts)}</article>"
    html = document(request, body, title=text(language, "now.title") or "", head="")
    answer = HTMLResponse(html, headers=MAY_BE_FOUND)
    keep_language(request, answer)
    return answer
