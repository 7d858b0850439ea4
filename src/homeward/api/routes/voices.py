"""What anybody may say to those who run the server: a notice is bad, erase what concerns me, why am I blocked."""

from collections.abc import Mapping
from enum import StrEnum
from html import escape
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel, ValidationError
from starlette.responses import HTMLResponse, RedirectResponse

from homeward.api import desk_schemas, paths, schemas
from homeward.api.auth import CurrentCaller, caller_of, check_origin
from homeward.api.context import ApiContext, context_of
from homeward.api.desk_views import petition_answer_view
from homeward.api.idempotency import key_of, once
from homeward.api.languages import reader_language
from homeward.api.routes.board import Words, html_page
from homeward.api.senders import Sender, count_voice, mark_of, sender_of
from homeward.domain.desk import ComplaintKind, Petition, PetitionKind
from homeward.domain.ids import ReportId
from homeward.errors import HomewardError, InvalidInput

router = APIRouter(tags=["voices"])
Context = Annotated[ApiContext, Depends(context_of)]
POINTS = 7
PRIVATE = {"X-Robots-Tag": "noindex", "Cache-Control": "no-store"}


@router.post(
    "/api/v1/board/{report_id}/complaints", status_code=201, summary="Say what is wrong with a notice",
    responses=schemas.PROBLEMS,
)  # fmt: skip
def complain(
    request: Request, report_id: paths.Report, body: desk_schemas.NewComplaint, context: Context, caller: Sender
) -> Response:
    """Of the public board; no account. An operator reads it. At most five a minute."""
    count_voice(request, context)
    mark = mark_of(request, context, caller)

    def make() -> dict[str, Any]:
        made = context.engine.desk.moderation.complain(ReportId(report_id), body.kind, body.text, mark)
        return {"id": made.id, "kind": made.kind.value}

    return once(context, key_of(request, caller, body.model_dump_json()), 201, make)


@router.post("/api/v1/petitions", status_code=201, summary="Ask the operators", responses=schemas.PROBLEMS)
def petition(request: Request, body: desk_schemas.NewPetition, context: Context, caller: CurrentCaller) -> Response:
    """To erase what concerns one, to lift a block, or something else; no account. ``id`` opens the answer: keep it."""
    count_voice(request, context)

    def make() -> dict[str, Any]:
        return petition_answer_view(_file(request, context, body))

    return once(context, key_of(request, caller, body.model_dump_json()), 201, make)


@router.get("/api/v1/petitions/{petition_id}", summary="How a request stands", responses=schemas.PROBLEMS)
def read_petition(petition_id: paths.Petition, context: Context) -> dict[str, Any]:
    """For whoever holds its id: when it is due, and the answer once there is one."""
    return petition_answer_view(context.engine.desk.petitions.get(petition_id))


@router.get("/pet/{report_id}/complaint", include_in_schema=False)
def complaint_page(request: Request, report_id: paths.Report, context: Context) -> HTMLResponse:
    """A form that needs no JavaScript."""
    context.engine.board.notice(ReportId(report_id))
    return _complaint_form(request, context)


@router.post("/pet/{report_id}/complaint", include_in_schema=False)
async def take_complaint(request: Request, report_id: paths.Report, context: Context) -> Response:
    """Thanks, or the form again with what is wrong."""
    fields = await _fields(request)

    def take() -> Response:
        try:
            sender = sender_of(request, caller_of(request))
            count_voice(request, context)
            body = _checked(desk_schemas.NewComplaint, fields)
            mark = mark_of(request, context, sender)
            context.engine.desk.moderation.complain(ReportId(report_id), body.kind, body.text, mark)
        except HomewardError as error:
            return _complaint_form(request, context, fields, error)
        say = _words(request)
        thanks = f"<h1>{say('complaint.thanks')}</h1><p>{say('complaint.thanks_text')}</p>"
        back = f"<p><a class='button' href='/board'>{say('board.title')}</a></p>"
        return _page(request, context, say, "complaint.thanks", thanks + back)

    return await run_in_threadpool(take)


@router.get("/privacy", include_in_schema=False)
def privacy_page(request: Request, context: Context) -> HTMLResponse:
    """What is kept, who sees it, when it goes; who runs this server; and a form to ask them."""
    return _privacy(request, context)


@router.post("/privacy", include_in_schema=False)
async def take_petition(request: Request, context: Context) -> Response:
    """To the page where the answer will stand, or the form again with what is wrong."""
    fields = await _fields(request)

    def take() -> Response:
        try:
            count_voice(request, context)
            made = _file(request, context, _checked(desk_schemas.NewPetition, fields))
        except HomewardError as error:
            return _privacy(request, context, fields, error)
        return RedirectResponse(f"/request/{made.id}", 303)

    return await run_in_threadpool(take)


@router.get("/request/{petition_id}", include_in_schema=False)
def petition_page(request: Request, petition_id: paths.Petition, context: Context) -> HTMLResponse:
    """How a request stands; its address is all that opens it."""
    say, made = _words(request), context.engine.desk.petitions.get(petition_id)
    kind = say(f"privacy.kind.{made.kind.value}")
    if made.answer is None:
        told = f"<p class='lead'>{say('request.waits', day=_day(say, made))}</p><p>{say('request.keep')}</p>"
        address = escape(f"{context.config.public_url}/request/{made.id}")
        told += f"<p class='link'>{address}</p>"
    else:
        told = f"<p class='lead'>{say('request.answered')}</p><p class='answer'>{escape(made.answer)}</p>"
    return _page(
        request, context, say, "request.title", f"<h1>{say('request.title')}</h1><p class='soft'>{kind}</p>{told}"
    )


def _file(request: Request, context: ApiContext, body: desk_schemas.NewPetition) -> Petition:
    language = reader_language(request)
    return context.engine.desk.petitions.file(body.kind, body.text, body.contact, body.about, language)


def _complaint_form(
    request: Request, context: ApiContext, given: Mapping[str, str] | None = None, error: HomewardError | None = None
) -> HTMLResponse:
    say, given = _words(request), given or {}
    kinds = _choices(ComplaintKind, "complaint.kind", {"kind": "", **given}, say)  # nobody complains by one empty tap
    body = (
        f"<h1>{say('complaint.title')}</h1><p>{say('complaint.text')}</p>{_trouble(say, error)}"
        f"<form class='report' method='post'><fieldset><legend>{say('complaint.what')}</legend>{kinds}</fieldset>"
        f"{_area('text', say('complaint.words'), given)}"
        f"<p class='actions'><button class='main'>{say('complaint.send')}</button></p></form>"
    )
    return _page(request, context, say, "complaint.title", body, error)


def _privacy(
    request: Request, context: ApiContext, given: Mapping[str, str] | None = None, error: HomewardError | None = None
) -> HTMLResponse:
    say, given = _words(request), given or {}
    points = "".join(f"<li>{say(f'privacy.point.{number}')}</li>" for number in range(1, POINTS + 1))
    operator = f"<p>{say('privacy.operator')} {escape(context.config.operator)}</p>" if context.config.operator else ""
    kinds = _choices(PetitionKind, "privacy.kind", given, say)
    body = (
        f"<h1>{say('privacy.title')}</h1><ul class='points'>{points}</ul>{operator}"
        f"<h2 id='ask'>{say('privacy.ask')}</h2><p>{say('privacy.ask_text')}</p>{_trouble(say, error)}"
        f"<form class='report' method='post' action='/privacy#ask'>"
        f"<fieldset><legend>{say('privacy.what')}</legend>{kinds}</fieldset>"
        f"{_area('text', say('privacy.words'), given)}{_line('about', say('privacy.about'), given)}"
        f"{_line('contact', say('privacy.contact'), given)}"
        f"<p class='actions'><button class='main'>{say('privacy.send')}</button></p></form>"
    )
    return _page(request, context, say, "privacy.title", body, error)


def _choices(kinds: type[StrEnum], key: str, given: Mapping[str, str], say: Words) -> str:
    chosen = given.get("kind", next(iter(kinds)).value)
    return "".join(
        f"<label class='check'><input type='radio' name='kind' required value='{kind.value}'"
        f"{' checked' if kind.value == chosen else ''}> {say(f'{key}.{kind.value}')}</label>"
        for kind in kinds
    )


def _area(name: str, label: str, given: Mapping[str, str]) -> str:
    text = escape(given.get(name, ""))
    return f"<label class='field'>{label}<textarea name='{name}' rows='5' maxlength='2000'>{text}</textarea></label>"


def _line(name: str, label: str, given: Mapping[str, str]) -> str:
    text = escape(given.get(name, ""), quote=True)
    return f"<label class='field'>{label}<input name='{name}' maxlength='200' value=\"{text}\"></label>"


def _trouble(say: Words, error: HomewardError | None) -> str:
    """In the reader's language; ``blocked`` says how to object."""
    if error is None:
        return ""
    known = say.plain(f"voices.{error.code}")
    words = known if known != f"voices.{error.code}" else say.plain("error." + error.code)
    return f"<p class='notice' role='alert'>{escape(words)}</p>"


def _page(
    request: Request, context: ApiContext, say: Words, title: str, body: str, error: HomewardError | None = None
) -> HTMLResponse:
    answer = html_page(request, context, say.plain(title), f"<article class='voice'>{body}</article>")
    answer.status_code = error.status if error else 200
    if title != "privacy.title":
        answer.headers.update(PRIVATE)
    return answer


def _day(say: Words, made: Petition) -> str:
    from babel.dates import format_date

    return str(format_date(made.due_at, "d MMMM y", locale=say.language))


async def _fields(request: Request) -> dict[str, str]:
    """The texts of a form of our own pages."""
    check_origin(request)
    async with request.form(max_files=0, max_fields=10) as form:
        return {name: value.replace("\r\n", "\n") for name, value in form.items() if isinstance(value, str)}


def _checked(kind: type[Any], fields: Mapping[str, str]) -> Any:
    """The typed body.

    Raises:
        InvalidInput: a field is wrong.
    """
    assert issubclass(kind, BaseModel)
    try:
        return kind.model_validate(dict(fields))
    except ValidationError as error:
        first = error.errors()[0]
        raise InvalidInput(str(first["msg"]), field=str(first["loc"][0]) if first["loc"] else "body") from None


def _words(request: Request) -> Words:
    return Words(reader_language(request))
