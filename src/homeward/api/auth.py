"""Who calls: an owner by link; a camera, bot, volunteer or operator by key or desk session; or nobody in particular."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from itsdangerous import BadSignature, SignatureExpired, TimestampSigner, URLSafeTimedSerializer

from homeward.api.context import ApiContext, context_of
from homeward.domain.desk import Actor
from homeward.domain.ids import AccountId, CameraId, KeyId, PhotoId, ReportId, new_token
from homeward.domain.reports import Report
from homeward.errors import Forbidden, InvalidInput, NotFound, ReportErased, TokenExpired, Unauthorized
from homeward.ports import ApiKey, UnitOfWork

COOKIE = "homeward"
KEY_PREFIX = "hw_"
DESK_COOKIE = DESK_HEADER = "homeward-desk"
DESK_SESSION_S = {"admin": 12 * 3600, "volunteer": 30 * 86400}
SCOPES = ("sightings", "bot", "volunteer", "admin")
LINKS, PHOTOS, ADDRESSES, DESK = "links", "photos", "addresses", "desk"
PHOTO_LINK_S = 12 * 3600
REFUSED_PARAMETERS = ("token", "access_token", "key", "api_key")
SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


@dataclass(frozen=True, slots=True)
class Caller:
    """``report_id`` and ``account_id`` of a link, or the ``key`` used. ``name`` scopes idempotency keys."""

    name: str
    report_id: ReportId | None = None
    account_id: AccountId | None = None
    key: ApiKey | None = None

    @property
    def actor(self) -> Actor:
        """Who sits at the desk, once it is known that somebody does."""
        assert self.key is not None
        return Actor(self.key.id, self.key.name)

    @property
    def is_admin(self) -> bool:
        """Whether an operator calls."""
        return self.key is not None and self.key.scope == "admin"

    def needs(self, *scopes: str) -> ApiKey:
        """The key, of one of ``scopes``.

        Raises:
            Unauthorized: there is no key.
            Forbidden: it has another scope.
        """
        if self.key is None:
            raise Unauthorized("This needs a key.", hint=f"Send a key of scope {' or '.join(scopes)} as bearer.")
        if self.key.scope not in scopes:
            raise Forbidden(
                f"A key of scope {self.key.scope} may not do this.", hint=f"It needs {' or '.join(scopes)}."
            )
        return self.key


class _Hourly(TimestampSigner):
    """Signs alike for an hour, so that a list that is asked for again names pictures that the browser has."""

    def get_timestamp(self) -> int:
        """The hour's beginning."""
        now = super().get_timestamp()
        return now - now % 3600


def serializer(context: ApiContext, purpose: str) -> URLSafeTimedSerializer:
    """Signs with the newest secret, and knows the older ones."""
    signer = _Hourly if purpose == PHOTOS else TimestampSigner
    return URLSafeTimedSerializer(signing_secrets(context, purpose)[::-1], salt=f"homeward.{purpose}", signer=signer)


def signing_secrets(context: ApiContext, purpose: str) -> list[str]:
    """The secrets of ``purpose``, newest first; one is made where there is none yet."""
    with context.database.read() as work:
        known = work.keys.secrets(purpose)
    if not known:
        with context.database.write() as work:
            work.alone(f"secrets:{purpose}")
            if not work.keys.secrets(purpose):
                work.keys.add_secret(purpose, secrets.token_urlsafe(32), context.clock.now())
            known = work.keys.secrets(purpose)
    return known


def link_token(context: ApiContext, report: Report) -> str:
    """The owner's token of a report."""
    return str(serializer(context, LINKS).dumps([report.id, report.token_version]))


def link(context: ApiContext, report: Report) -> str:
    """The address that an owner keeps; the token stands behind the #, which browsers do not send."""
    return f"{context.config.public_url}/{report.shelf.value}/{report.id}#token={link_token(context, report)}"


def photo_url(signer: URLSafeTimedSerializer, photo_id: PhotoId, size: str, *, is_owner: bool) -> str:
    """A signed address of a picture, good for eleven to twelve hours."""
    return f"/api/v1/photos/{photo_id}?size={size}&sig={signer.dumps([photo_id, size, is_owner])}"


def check_photo(context: ApiContext, sig: str, photo_id: PhotoId, size: str) -> bool:
    """Whether the signed address was made for the sender of the photo.

    Raises:
        Forbidden: it is not ours, was made for another picture, or is too old.
    """
    try:
        signed = serializer(context, PHOTOS).loads(sig, max_age=PHOTO_LINK_S)
    except SignatureExpired:
        raise Forbidden("This picture's address has expired.", field="sig", hint="Load the list again.") from None
    except BadSignature:
        raise Forbidden("This picture's address is not valid.", field="sig") from None
    if signed[:2] != [photo_id, size]:
        raise Forbidden("This picture's address is not valid.", field="sig")
    return bool(signed[2])


def new_key(context: ApiContext, name: str, scope: str, camera_id: CameraId | None) -> tuple[ApiKey, str]:
    """Make and store a key; its secret is known only now.

    Raises:
        InvalidInput: scope and camera do not fit.
    """
    if scope not in SCOPES:
        raise InvalidInput(f"There is no scope {scope}.", field="scope", hint=", ".join(SCOPES))
    if (scope == "sightings") != (camera_id is not None):
        raise InvalidInput("A key for sightings belongs to a camera, others do not.", field="camera_id")
    secret = secrets.token_urlsafe(24).replace("_", "-")
    key = ApiKey(KeyId(new_token(12)), name, scope, _digest(secret), camera_id, context.clock.now())
    with context.database.write() as work:
        if camera_id is not None and work.cameras.get(camera_id) is None:
            raise NotFound("There is no such camera.", field="camera_id")
        work.keys.add(key)
    return key, f"{KEY_PREFIX}{key.id}_{secret}"


def caller_of(request: Request) -> Caller:
    """The caller of a request.

    Raises:
        InvalidInput: a secret stands in the address.
        Unauthorized: link or key are not valid.
        Forbidden: another site asked the browser to do this.
    """
    for name in REFUSED_PARAMETERS:
        if name in request.query_params:
            raise InvalidInput(
                "Secrets do not belong into an address.", field=name, hint="Send it as Authorization: Bearer ..."
            )
    context = context_of(request)
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if scheme:
        if scheme.lower() != "bearer" or not bearer:
            raise Unauthorized("Only bearer tokens are taken.", hint="Authorization: Bearer ...")
        return _by_key(context, request, bearer) if bearer.startswith(KEY_PREFIX) else _by_link(context, bearer)
    if DESK_HEADER in request.headers:
        check_origin(request)
        return _by_desk(context, request)
    named, cookie = _session(request)
    if cookie:
        check_origin(request)
        try:
            return _by_link(context, cookie)
        except Unauthorized:
            if named:
                raise  # else it is a session of long ago, which bars nobody from what needs none
    return Caller("anonymous")


CurrentCaller = Annotated[Caller, Depends(caller_of)]


def owned(context: ApiContext, caller: Caller, report_id: ReportId) -> Report:
    """The report, if the caller may see all of it: its owner, an operator, a bot for its account.

    Raises:
        Unauthorized: nobody in particular asks.
        Forbidden: the link belongs to another report.
        NotFound: there is no such report.
    """
    if caller.report_id is None and caller.key is None:
        raise Unauthorized("Open it with the report's link.", hint="Authorization: Bearer TOKEN of the link.")
    with context.database.read() as work:
        report = work.reports.get(report_id)
    is_bots = caller.key is not None and caller.key.scope == "bot"
    if report is not None and (caller.is_admin or caller.report_id == report_id):
        return report
    if report is not None and is_bots and report.account_id == caller.account_id:
        return report
    if report is None and caller.is_admin:
        raise NotFound("There is no such report.", field="report_id")
    raise Forbidden("This link opens another report.", hint="Use the link of this report.")


def cookie_name(report_id: ReportId) -> str:
    """Each report has a session of its own, so that one browser can hold several."""
    return f"{COOKIE}_{report_id}"


def _session(request: Request) -> tuple[bool, str | None]:
    """Whether the request names a report (`Homeward-Report`, `report_id`), and its cookie; without a name the only."""
    wanted = request.headers.get("homeward-report") or request.query_params.get("report_id")
    if wanted:
        return True, request.cookies.get(cookie_name(ReportId(wanted)))
    sessions = [value for name, value in request.cookies.items() if name.startswith(f"{COOKIE}_")]
    return False, sessions[0] if len(sessions) == 1 else None


def _by_link(context: ApiContext, token: str) -> Caller:
    try:
        report_id, version = serializer(context, LINKS).loads(token, max_age=context.config.link_days * 86400)
    except SignatureExpired:
        raise TokenExpired("This link has expired.", hint="Ask the operator for a new one.") from None
    except (BadSignature, ValueError, TypeError):
        raise Unauthorized("This link is not valid.", hint="Copy it whole.") from None
    with context.database.read() as work:
        report = work.reports.get(ReportId(report_id))
    if report is None:
        raise ReportErased("This report was erased.", hint="Nothing of it is left.")
    if report.token_version != version:
        raise Unauthorized("This link is not valid any more.", hint="There is a newer one.")
    return Caller(f"account:{report.account_id}", report.id, report.account_id)


def key_of_bearer(context: ApiContext, bearer: str) -> ApiKey | None:
    """The key that a secret opens; None for one that is not known, or was revoked."""
    key_id, _, secret = bearer.removeprefix(KEY_PREFIX).partition("_")
    with context.database.read() as work:
        key = work.keys.get(KeyId(key_id))
    known = key.secret_sha256 if key else _digest("")
    is_known = hmac.compare_digest(_digest(secret), known)
    return key if is_known and key is not None and key.revoked_at is None else None


def _by_key(context: ApiContext, request: Request, bearer: str) -> Caller:
    key = key_of_bearer(context, bearer)
    if key is None:
        raise Unauthorized("This key is not valid.", hint="It was revoked, or is not complete.")
    account = request.headers.get("homeward-account") if key.scope in {"bot", "admin"} else None
    return Caller(_key_name(key), account_id=AccountId(account[:100]) if account else None, key=key)


def desk_token(context: ApiContext, key: ApiKey) -> str:
    """What the cookie of a session at the desk holds."""
    with context.database.read() as work:
        return str(serializer(context, DESK).dumps([key.id, _times_signed_out(work, key.id)]))


def end_desk_sessions(context: ApiContext, request: Request) -> None:
    """The sessions of whoever holds the request's cookie, in all browsers; a cookie that opens nothing ends nothing."""
    check_origin(request)
    try:
        key = _by_desk(context, request).key
    except Unauthorized:
        return
    assert key is not None
    with context.database.write() as work:
        work.alone(f"desk:{key.id}")
        work.facts.set(_signed_out(key.id), str(_times_signed_out(work, key.id) + 1))


def _signed_out(key_id: KeyId) -> str:
    return f"desk.signed_out:{key_id}"


def _times_signed_out(work: UnitOfWork, key_id: KeyId) -> int:
    return int(work.facts.get(_signed_out(key_id)) or 0)


def _by_desk(context: ApiContext, request: Request) -> Caller:
    """The cookie alone opens nothing: the desk's own page says by a header that it asks, which other sites cannot."""
    try:
        signed = serializer(context, DESK).loads(request.cookies.get(DESK_COOKIE, ""), return_timestamp=True)
        (key_id, times), made_at = signed
    except (BadSignature, ValueError, TypeError):
        raise Unauthorized("Sign in at the desk.", hint="With a key of scope admin or volunteer.") from None
    with context.database.read() as work:
        key = work.keys.get(KeyId(str(key_id)))
        is_ended = times != _times_signed_out(work, KeyId(str(key_id)))
    age_s = (context.clock.now() - made_at).total_seconds()
    if key is None or key.revoked_at is not None or is_ended or age_s > DESK_SESSION_S.get(key.scope, 0):
        raise Unauthorized("This session is over.", hint="Sign in again; a revoked key opens nothing.")
    return Caller(_key_name(key), key=key)


def _key_name(key: ApiKey) -> str:
    return "operators" if key.scope == "admin" else f"key:{key.id}"  # an import goes on with another operator's key


def check_origin(request: Request) -> None:
    """A cookie travels by itself, so what changes something must come from our own pages."""
    if request.method in SAFE_METHODS:
        return
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site in {"same-origin", "none"}:
        return
    if site is None and (origin is None or urlsplit(origin).netloc == request.headers.get("host")):
        return
    raise Forbidden("Another site asked for this.", hint="Open Homeward's own page and do it there.")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
