"""E-mail: who is told by letter, lost links, and an end to the letters with one tap."""

from typing import Annotated

import structlog
from fastapi import APIRouter, BackgroundTasks, Depends, Query, Request
from itsdangerous import BadSignature

from homeward.api import bodies, paths, schemas
from homeward.api.auth import ADDRESSES, CurrentCaller, link, owned, serializer
from homeward.api.context import ApiContext, Post, context_of
from homeward.api.limits import UploadLimit
from homeward.api.routes.reports import count_upload
from homeward.api.senders import count_letter
from homeward.domain.ids import AccountId, ReportId
from homeward.domain.reports import Report, Status
from homeward.errors import Conflict, HomewardError, TokenExpired
from homeward.locales import text

router = APIRouter(prefix="/api/v1", tags=["e-mail"])
Context = Annotated[ApiContext, Depends(context_of)]
CONFIRM_WITHIN_S = 3 * 86400
CONFIRM, STOP = "confirm", "stop"
log = structlog.get_logger(__name__)


@router.post("/reports/{report_id}/email", status_code=202, summary="Be told by e-mail", responses=schemas.PROBLEMS)
def ask_for_letters(
    request: Request, report_id: paths.Report, body: bodies.NewAddress, context: Context, caller: CurrentCaller
) -> dict[str, str]:
    """A letter goes there; once the link in it was opened, news of the report come to this address.

    While they go to another one, that one's letters must be ended first, with the link under each of them. An address
    gets at most five letters an hour that were asked for, and a report asks for at most five.
    """
    report = owned(context, caller, ReportId(report_id))
    count_upload(request, context, caller)
    context.engine.letters.check(report.id, body.email)
    post, letters = _post(context), _limit(request)
    letters.check(f"letters of {report.id}")
    count_letter(letters, context, body.email)
    signed = [CONFIRM, report.id, report.token_version, body.email, body.language, body.utc_offset_min]
    token = serializer(context, ADDRESSES).dumps(signed)
    confirm = f"{context.config.public_url}/email#token={token}"
    # until it is confirmed the address may be a stranger's: no words of the sender's go there
    name = text(body.language, f"mail.pet.{report.species.value}") or ""
    subject = text(body.language, "mail.confirm", name=name) or ""
    words = text(body.language, "mail.confirm_text", link=confirm, name=name) or ""
    post.write(body.email, subject, words)
    return {"email": body.email}


@router.post("/email/confirm", summary="The address is one's own", responses=schemas.PROBLEMS)
def confirm(body: bodies.Confirmation, context: Context) -> dict[str, str]:
    """With what stood in the letter; answers with the link of the report."""
    try:
        signed = serializer(context, ADDRESSES).loads(body.token, max_age=CONFIRM_WITHIN_S)
        kind, report_id, version, address, language, utc_offset_min = signed
    except (BadSignature, ValueError, TypeError):
        kind = ""
    if kind != CONFIRM:
        raise TokenExpired("This link is not valid any more.", hint="Ask for a new letter on the page of your report.")
    context.engine.letters.bind(ReportId(report_id), version, address, language, utc_offset_min)
    return {"link": link(context, context.engine.report(ReportId(report_id)).report)}


@router.post("/email/links", status_code=202, summary="Lost links, by e-mail", responses=schemas.PROBLEMS)
def send_links(
    request: Request, body: bodies.LostLink, background: BackgroundTasks, context: Context, caller: CurrentCaller
) -> dict[str, str]:
    """The links of all reports of this address, open ones first; answered before anything is looked up.

    So neither the answer nor the time that it takes tells whether the address is known, has had its five letters of
    this hour, or whether a letter can go out now.
    """
    count_upload(request, context, caller)
    background.add_task(_send_links, context, _post(context), _limit(request), body.email)
    return {"email": body.email}


def _send_links(context: ApiContext, post: Post, letters: UploadLimit, email: str) -> None:
    try:
        account, reports = context.engine.letters.reports_of(email)
        if account is None or not reports:
            return
        count_letter(letters, context, email)
        shown = [_shown(context, account.language, report) for report in reports]
        subject = text(account.language, "mail.links") or ""
        words = text(account.language, "mail.links_text", links="\n\n".join(shown)) or ""
        post.write(email, subject, words)
    except HomewardError as error:
        log.warning("links are not sent", error=error.code)


def _shown(context: ApiContext, language: str, report: Report) -> str:
    name = report.name or text(language, f"mail.pet.{report.species.value}")
    ended = "" if report.status is Status.OPEN else text(language, f"bot.status.{report.status.value}")
    return "\n".join(filter(None, (f"{name}: {link(context, report)}", ended)))


@router.post("/email/stop", status_code=204, summary="No more letters", responses=schemas.PROBLEMS)
def stop(context: Context, sig: Annotated[str, Query(description="as it stands in the letter's link")]) -> None:
    """One tap in a mail program (RFC 8058), or on the page."""
    try:
        kind, account_id = serializer(context, ADDRESSES).loads(sig)
    except (BadSignature, ValueError, TypeError):
        kind, account_id = "", ""
    if kind != STOP:
        raise TokenExpired("This link is not valid.", field="sig")
    context.engine.letters.stop(AccountId(account_id))


def stop_address(context: ApiContext, account_id: AccountId) -> str:
    """What ends the letters of an account: a page for people, a POST for mail programs."""
    return (
        f"{context.config.public_url}/api/v1/email/stop?sig={serializer(context, ADDRESSES).dumps([STOP, account_id])}"
    )


def _limit(request: Request) -> UploadLimit:
    letters: UploadLimit = request.app.state.letters
    return letters


def _post(context: ApiContext) -> Post:
    if context.post is None:
        raise Conflict("This server sends no letters.", hint="Keep the link of your report.")
    return context.post
