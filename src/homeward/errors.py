"""Errors that people meet: each carries a stable code, an HTTP status, a field and what to do."""

from typing import ClassVar


class HomewardError(Exception):
    """Something that a caller can be told. Doors render it once: problem+json, a chat line, an exit code.

    Attributes:
        code: stable word for programs.
        status: HTTP status.
        field: which input is wrong, where one is.
        hint: what the person can do about it.
        values: named values for the translated text (``locales``, key ``error.<code>``).
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 400

    def __init__(
        self, message: str, *, field: str | None = None, hint: str | None = None, **values: str | float
    ) -> None:
        """``message`` says what happened, in plain English."""
        super().__init__(message)
        self.message = message
        self.field = field
        self.hint = hint
        self.values = values


class InvalidInput(HomewardError):
    """A field has a value that it cannot have."""

    code = "invalid_input"
    status = 422


class PhotoTooLarge(HomewardError):
    """The file has more bytes, or the picture more pixels, than allowed."""

    code = "photo_too_large"
    status = 413


class PhotoUnreadable(HomewardError):
    """The file is no picture of an allowed kind, or is broken."""

    code = "photo_unreadable"
    status = 422


class PhotoNotReady(HomewardError):
    """The detector has not looked at the photo yet: until then its sender alone sees it."""

    code = "photo_not_ready"
    status = 409


class PhotoKindUnsupported(HomewardError):
    """The file is of a kind that is not taken."""

    code = "photo_kind_unsupported"
    status = 415


class NoAnimalFound(HomewardError):
    """The detector saw no cat and no dog on the photo."""

    code = "no_animal_found"
    status = 422


class NotFound(HomewardError):
    """There is no such thing, or the caller may not know that there is."""

    code = "not_found"
    status = 404


class Unauthorized(HomewardError):
    """No valid link, cookie or key came with the request."""

    code = "unauthorized"
    status = 401


class TokenExpired(Unauthorized):
    """The link was valid once and is not any more."""

    code = "token_expired"


class ReportErased(Unauthorized):
    """The link was good, and its report was erased since."""

    code = "report_erased"


class Forbidden(HomewardError):
    """The caller is known and may not do this."""

    code = "forbidden"
    status = 403


class Blocked(Forbidden):
    """An operator has stopped taking anything from this account or network; says how to object."""

    code = "blocked"


class Conflict(HomewardError):
    """The state of things does not allow it now."""

    code = "conflict"
    status = 409


class ShownOnce(HomewardError):
    """It was done already, and its answer held a secret that is kept nowhere."""

    code = "shown_once"
    status = 409


class OtherAddress(Conflict):
    """News goes to another e-mail address, whose reader ends that with the link under each letter."""

    code = "other_address"


class IdempotencyMismatch(HomewardError):
    """The idempotency key was used for another body."""

    code = "idempotency_key_reused"
    status = 422


class TooManyRequests(HomewardError):
    """The caller sent more than its share; ``values['retry_after_s']`` says when to come back."""

    code = "too_many_requests"
    status = 429


class PayloadTooLarge(HomewardError):
    """The request's body is larger than the limit."""

    code = "payload_too_large"
    status = 413


class StorageFull(HomewardError):
    """The disk took no more; nothing of the request was kept."""

    code = "storage_full"
    status = 507


class NotErased(StorageFull):
    """The disk has no room for what an erasure writes; all is still there, and nobody tries it again but the caller."""

    code = "not_erased"


class StorageBusy(HomewardError):
    """The database did not give its lock in time; the request may be sent again."""

    code = "storage_busy"
    status = 503


class PhotoStoreUnavailable(HomewardError):
    """The object store of the photos does not answer, or refuses us; nothing of the request was kept."""

    code = "photo_store_unavailable"
    status = 503


class IndexUnavailable(HomewardError):
    """The index of nearest neighbours cannot be asked now; what was filed is kept and compared later."""

    code = "index_unavailable"
    status = 503


class PushFailed(HomewardError):
    """News could not be pushed to a browser now."""

    code = "push_failed"
    status = 503


class MailFailed(HomewardError):
    """A letter could not be sent now."""

    code = "mail_failed"
    status = 503


class ModelUnavailable(HomewardError):
    """Detector or embedder cannot be used now."""

    code = "model_unavailable"
    status = 503


class ModelInvalid(HomewardError):
    """A model card or file is wrong: missing key, wrong hash, wrong shape, wrong golden vector."""

    code = "model_invalid"
    status = 422


class DataFolderLocked(HomewardError):
    """Another process works in the data folder."""

    code = "data_folder_locked"
    status = 409


class CameraPaused(HomewardError):
    """Its owner wants nothing of this camera to be taken at present."""

    code = "camera_paused"
    status = 403


class BadSettings(HomewardError):
    """A setting is unknown or has a wrong value."""

    code = "bad_settings"
    status = 500


class StorageTooNew(HomewardError):
    """A newer version wrote the data folder."""

    code = "storage_too_new"
    status = 500


class DatabaseUnfit(HomewardError):
    """The database server cannot be used: too old, without pgvector, or it lets its user do too little."""

    code = "database_unfit"
    status = 500


class MoveFailed(HomewardError):
    """Rows that were moved to another database are not the same there."""

    code = "move_failed"
    status = 500
