"""A real SMTP server in this process, and the mailboxes behind it."""

import re
import threading
from email import message_from_bytes, policy

from aiosmtpd.controller import Controller

from tests.ports import free_port

WAIT_S = 30.0


class Mailboxes:
    """`with Mailboxes() as mail:` takes letters on ``mail.url``; addresses in ``unknown`` are refused for good."""

    def __init__(self):
        self.letters, self.unknown = [], set()
        self._came = threading.Condition()
        self._controller = Controller(self, hostname="127.0.0.1", port=free_port())

    def __enter__(self):
        self._controller.start()
        self.url = f"smtp://127.0.0.1:{self._controller.port}"
        return self

    def __exit__(self, *_):
        self._controller.stop()

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
        if address in self.unknown:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's name
        with self._came:
            self.letters.append(message_from_bytes(envelope.content, policy=policy.default))
            self._came.notify_all()
        return "250 OK"

    def to(self, address):
        return [letter for letter in self.letters if letter["To"] == address]

    def wait(self, address, count=1):
        """The last of ``count`` letters to the address."""
        with self._came:
            assert self._came.wait_for(lambda: len(self.to(address)) >= count, WAIT_S), [*map(str, self.letters)]
        return self.to(address)[-1]


def words(letter):
    return letter.get_body().get_content()


def link(letter, path):
    """The path and token of the link in a letter that leads to ``path``."""
    return re.search(rf"http://[^/\s]+({path}\S*)", words(letter)).group(1)
