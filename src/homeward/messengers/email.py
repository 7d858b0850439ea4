"""News by e-mail, over SMTP: a few plain sentences, both photos, the link to the page, one tap to stop."""

import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate, make_msgid, parseaddr
from urllib.parse import unquote, urlsplit

from homeward.domain.accounts import Account
from homeward.domain.ids import ReportId
from homeward.domain.reports import Report, Shelf
from homeward.errors import BadSettings, MailFailed
from homeward.locales import text
from homeward.messengers.headline import headline, request
from homeward.ports import AlertKind, News

TIMEOUT_S = 20.0
GONE = range(550, 555)  # SMTP: this mailbox is not there, or wants none of it
PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True, slots=True)
class Smtp:
    """A mail server: smtp:// asks for TLS where the server offers it, smtps:// insists from the start."""

    url: str

    @contextmanager
    def connected(self) -> Iterator[smtplib.SMTP]:
        """A session, signed in where the address has a user."""
        parts = urlsplit(self.url)
        host, port = parts.hostname or "localhost", parts.port or PORTS[parts.scheme]
        context = ssl.create_default_context()
        server = (
            smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_S, context=context)
            if parts.scheme == "smtps"
            else smtplib.SMTP(host, port, timeout=TIMEOUT_S)
        )
        with server:
            if parts.scheme == "smtp" and server.has_extn("starttls") is False:
                server.ehlo()
            if parts.scheme == "smtp" and server.has_extn("starttls"):
                server.starttls(context=context)
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
            yield server


@dataclass(frozen=True, slots=True)
class EmailMessenger:
    """`homeward.ports.Messenger` and the letters that people ask for.

    ``link`` gives the owner's or finder's address of a report, ``stop`` the one that ends the letters of an account,
    ``picture`` both photos of a match as seen from one side.
    """

    smtp: Smtp
    sender: str
    link: Callable[[Report], str]
    stop: Callable[[Account], str]
    picture: Callable[[ReportId, ReportId, Shelf], bytes]
    gone: Callable[[Account], None]

    def send(self, news: News) -> None:
        """A letter about ``news``; a mailbox that is not there ends the letters."""
        account, kind = news.account, news.alerts[0].kind
        assert account is not None
        language = account.language
        subject = headline(news, language)
        lines = filter(None, [subject, request(news, language), self.link(news.own), text(language, "mail.beware")])
        letter = self._letter(account.address, subject, "\n\n".join(lines), stop=self.stop(account), language=language)
        if kind in {AlertKind.MATCH, AlertKind.OWNER_NEAR}:
            jpeg = self.picture(news.lost.id, news.found.id, news.own.shelf)
            letter.add_attachment(jpeg, "image", "jpeg", filename="homeward.jpg", disposition="inline")
        try:
            self._deliver(letter)
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            if not all(code in GONE for code in codes):
                raise
            self.gone(account)

    def write(self, address: str, subject: str, body: str) -> None:
        """A letter that was asked for.

        Raises:
            MailFailed: it did not go out; nothing is kept of it.
        """
        try:
            self._deliver(self._letter(address, subject, body))
        except (smtplib.SMTPException, OSError) as error:
            raise MailFailed("The letter could not be sent.", hint="Try again in a few minutes.") from error

    def _letter(
        self, address: str, subject: str, body: str, *, stop: str | None = None, language: str = "en"
    ) -> EmailMessage:
        letter = EmailMessage()
        letter["Subject"] = subject
        letter["From"] = self.sender
        letter["To"] = Address(addr_spec=address)
        letter["Date"] = formatdate()
        letter["Message-ID"] = make_msgid(domain=parseaddr(self.sender)[1].rpartition("@")[2])
        letter["Auto-Submitted"] = "auto-generated"
        if stop:
            letter["List-Unsubscribe"] = f"<{stop}>"
            letter["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
            body = f"{body}\n\n-- \n{text(language, 'mail.stop', link=stop)}"
        letter.set_content(body)
        return letter

    def _deliver(self, letter: EmailMessage) -> None:
        with self.smtp.connected() as server:
            server.send_message(letter)


def check_sender(sender: str) -> str:
    """The sender, if letters can come from it.

    Raises:
        BadSettings: it is no address.
    """
    if "@" not in parseaddr(sender)[1]:
        raise BadSettings(
            f"{sender} is no e-mail address.", field="email_from", hint="Homeward <pets@example.org>, for example."
        )
    return sender
