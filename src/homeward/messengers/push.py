"""News by web push: an encrypted line to each browser of a person, through the push service of its maker."""

import hashlib
import json
import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from homeward.domain.devices import Device, is_carried
from homeward.domain.ids import AccountId
from homeward.errors import InvalidInput, PushFailed
from homeward.messengers.headline import headline, request
from homeward.messengers.sealed import Vapid, are_keys, encoded, seal
from homeward.ports import Messenger, News

if TYPE_CHECKING:
    import httpx2

KEPT_S = 24 * 3600  # by the service, for a browser that is off
TIMEOUT_S = 10.0
GONE = {404, 410}
MOST_WORDS = 300
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PushMessenger:
    """`homeward.ports.Messenger` over RFC 8030.

    ``devices`` gives a person's browsers, ``gone`` is told of one that takes nothing any more, ``trust`` says whose
    certificates count (None: the usual ones). Only ``services`` are ever asked.
    """

    vapid: Callable[[], Vapid]
    services: Sequence[str]
    devices: Callable[[AccountId], Sequence[Device]]
    gone: Callable[[AccountId, str], None]
    trust: ssl.SSLContext | None = None

    def key(self) -> str:
        """The server's public key, which browsers subscribe with."""
        return self.vapid().public

    def check(self, endpoint: str, p256dh: str, auth: str) -> None:
        """Whether news can go there.

        Raises:
            InvalidInput: no push service that we know has this address, or the keys are none.
        """
        if not is_carried(endpoint, self.services):
            hint = "The operator may add its host to HOMEWARD_PUSH_SERVICES."
            raise InvalidInput("This push service is not known here.", field="endpoint", hint=hint)
        if not are_keys(p256dh, auth):
            raise InvalidInput("These are no keys of a browser.", field="keys", hint="Subscribe anew.")

    def send(self, news: News) -> None:
        """To every browser; one that took it is enough.

        Raises:
            PushFailed: none took it, and one may later.
        """
        import httpx2

        devices = self.devices(news.alerts[0].account_id)
        with httpx2.Client(verify=self.trust or True, timeout=TIMEOUT_S, follow_redirects=False) as http:
            taken = [self._sent(http, device, news) for device in devices]
        if False in taken and True not in taken:
            raise PushFailed("No push service takes the news now.", hint="It is tried again.")

    def _sent(self, http: "httpx2.Client", device: Device, news: News) -> bool | None:
        """Whether the service took it; None where this browser is gone for good."""
        import httpx2

        if not is_carried(device.endpoint, self.services):
            self.gone(device.account_id, device.endpoint)
            return None
        body = seal(_words(news, device.language), device.p256dh, device.auth)
        try:
            answer = http.post(device.endpoint, content=body, headers=self._headers(device.endpoint, news))
        except httpx2.HTTPError as error:
            log.warning("push", error=type(error).__name__)
            return False
        if answer.status_code in GONE:
            self.gone(device.account_id, device.endpoint)
            return None
        if not answer.is_success:
            log.warning("push", status=answer.status_code)
        return answer.is_success

    def _headers(self, endpoint: str, news: News) -> dict[str, str]:
        return {
            "Authorization": self.vapid().authorization(endpoint, time.time()),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(KEPT_S),
            "Urgency": "high",
            "Topic": encoded(hashlib.sha256(_tag(news).encode()).digest())[:32],
        }


@dataclass(frozen=True, slots=True)
class AndPush:
    """Another messenger's news, to the person's browsers too; what fails there fails nothing."""

    first: Messenger
    push: PushMessenger

    def send(self, news: News) -> None:
        """First the one, which counts."""
        self.first.send(news)
        try:
            self.push.send(news)
        except PushFailed as error:
            log.warning("push", error=error.code)


def _words(news: News, language: str) -> bytes:
    """What the browser shows; its page knows the rest."""
    own = news.own
    words = {
        "title": headline(news, language)[:MOST_WORDS],
        "tag": _tag(news),
        "path": f"/{own.shelf.value}/{own.id}",
        "language": language,
    }
    more = request(news, language)
    if more:
        words["body"] = more
    return json.dumps(words, ensure_ascii=False).encode()


def _tag(news: News) -> str:
    """News with the same tag take each other's place."""
    return f"{news.alerts[0].kind.value}-{news.own.id}"
