"""The owner's page as a Mini App: opened from the chat, signed in by what Telegram signed for this person."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from starlette.responses import HTMLResponse

from homeward.api import bodies, schemas
from homeward.api.auth import cookie_name, link_token
from homeward.api.context import ApiContext, context_of
from homeward.api.routes.pages import page
from homeward.api.telegram import OPEN_AGAIN, signed_by
from homeward.domain.ids import ReportId
from homeward.errors import Forbidden, NotFound, Unauthorized
from homeward.ports import Answer

router = APIRouter()
Context = Annotated[ApiContext, Depends(context_of)]
TELEGRAM = "telegram"
CLIENTS = "https://web.telegram.org"  # the only page of others that may hold one of ours


@router.post("/api/v1/telegram/session", status_code=204, tags=["access"], responses=schemas.PROBLEMS)
def open_app(body: bodies.Launch, context: Context, response: Response) -> None:
    """Telegram's launch data for a cookie, once for each launch; only for one's own report."""
    secret = context.config.telegram_app_secret
    if secret is None:
        raise NotFound("There is no Mini App here.", hint="Use the link of your report.")
    now = context.clock.now()
    person, signature = signed_by(body.init_data, secret, now)
    with context.database.write() as work:
        if not work.answers.add(TELEGRAM, signature, Answer(body.report_id, 204, ""), now):
            raise Unauthorized("This was opened already.", hint=OPEN_AGAIN)
        account, report = work.accounts.at(TELEGRAM, person), work.reports.get(ReportId(body.report_id))
    if account is None or report is None or report.account_id != account.id:
        raise Forbidden("This report is somebody else's.", hint="Open it from the chat in which it was filed.")
    is_secure = context.config.public_url.startswith("https:")
    cookie = f"{cookie_name(report.id)}={link_token(context, report)}; Path=/; HttpOnly; Max-Age={12 * 3600}"
    # Telegram's web client holds the page in a frame: a cookie of its own there, which no other site shares (CHIPS)
    framed = "; Secure; SameSite=None; Partitioned" if is_secure else "; SameSite=Lax"
    response.headers["Set-Cookie"] = cookie + framed


@router.get("/telegram/lost/{report_id}", include_in_schema=False)  # noqa: FAST003 - the page reads its own address
@router.get("/telegram/found/{report_id}", include_in_schema=False)
@router.get("/telegram/lost/{report_id}/poster", include_in_schema=False)
def app_page(request: Request, context: Context) -> HTMLResponse:
    """The document of every screen, which here may stand in a frame of Telegram's web client, and nowhere else."""
    answer = page(request, context)
    policy = answer.headers["Content-Security-Policy"]
    answer.headers["Content-Security-Policy"] = policy.replace("frame-ancestors 'none'", f"frame-ancestors {CLIENTS}")
    return answer
