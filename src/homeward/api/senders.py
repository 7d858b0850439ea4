"""Who sends something: not a blocked one; and where a report came from, as a mark that tells no address."""

import hashlib
import hmac
from contextlib import suppress
from typing import Annotated

from fastapi import Depends, Request

from homeward.api.auth import Caller, CurrentCaller, signing_secrets
from homeward.api.context import ApiContext, context_of
from homeward.api.limits import UploadLimit, address
from homeward.domain.ids import ReportId
from homeward.errors import StorageBusy, StorageFull

CALLERS = "callers"


def mark_of(request: Request, context: ApiContext, caller: Caller) -> str | None:
    """The mark of a person's network; None for keys, which stand for many people."""
    if caller.key is not None:
        return None
    return marked(context, address(request, context.config.trusted_proxies))


def marked(context: ApiContext, address: str) -> str:
    """A mark of an address that does not tell it."""
    secret = signing_secrets(context, CALLERS)[0]
    return hmac.new(secret.encode(), address.encode(), hashlib.sha256).hexdigest()[:32]


def sender_of(request: Request, caller: CurrentCaller) -> Caller:
    """The caller, who may send something.

    Raises:
        Blocked: an operator has stopped taking anything from this account or network.
    """
    context = context_of(request)
    context.engine.desk.blocks.check(caller.account_id, mark_of(request, context, caller))
    return caller


Sender = Annotated[Caller, Depends(sender_of)]


def note_sender(request: Request, context: ApiContext, caller: Caller, report_id: ReportId) -> None:
    """Keep where a new report came from; a full disk must not undo a report that is kept already."""
    mark = mark_of(request, context, caller)
    if mark is not None:
        with suppress(StorageFull, StorageBusy):
            context.engine.desk.blocks.note_sender(report_id, mark)


def count_voice(request: Request, context: ApiContext) -> None:
    """One complaint or request of this network.

    Raises:
        TooManyRequests: it was one too many.
    """
    limit: UploadLimit = request.app.state.voices
    limit.check("voice " + address(request, context.config.trusted_proxies))


def count_letter(letters: UploadLimit, context: ApiContext, email: str) -> None:
    """One letter to this address, whoever asked for it.

    Raises:
        TooManyRequests: it was one too many.
    """
    letters.check("letters to " + marked(context, email.lower()))


def noted(context: ApiContext, caller: Caller, act: str, subject: str, why: str = "") -> None:
    """Note in the desk's log what an operator did; what others do with keys of their own is not the desk's."""
    if caller.is_admin:
        context.engine.desk.log.note(caller.actor, act, subject, why)
