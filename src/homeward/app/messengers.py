"""Who takes news to people: letters, browsers, and the Telegram bot as a client of the API."""

from __future__ import annotations

import hashlib
import hmac
from contextlib import suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING

from homeward.app.clock import SystemClock
from homeward.errors import BadSettings, StorageFull

if TYPE_CHECKING:
    from fastapi import FastAPI

    from homeward.api import ApiContext
    from homeward.bot.backend import Backend
    from homeward.bot.service import TelegramBot
    from homeward.engine.engine import Engine
    from homeward.messengers.email import EmailMessenger
    from homeward.messengers.push import PushMessenger
    from homeward.settings import Settings
    from homeward.workers import LoopThread


WEBHOOK = "/api/v1/telegram"


def push_of(settings: Settings, engine: Engine) -> PushMessenger:
    """News to browsers; the server's key is made when it is first needed."""
    from email.utils import parseaddr

    from homeward.messengers.push import PushMessenger
    from homeward.messengers.sealed import Vapid, new_secret

    url = str(settings.public_url).rstrip("/")
    subject = url if url.startswith("https:") else f"mailto:{parseaddr(settings.email_from)[1]}"
    return PushMessenger(
        vapid=lambda: Vapid.of(engine.devices.secret(new_secret), subject),
        services=settings.push_services,
        devices=engine.devices.of,
        gone=engine.devices.gone,
    )


def check_messengers(settings: Settings) -> list[str]:
    """By what people are told with these settings; nothing is asked of anybody.

    Raises:
        BadSettings: serving would refuse them.
    """
    from homeward.messengers.email import check_sender

    names = []
    if settings.smtp_url is not None:
        _check_mail_server(settings.smtp_url.get_secret_value())
        names.append(f"e-mail from {check_sender(settings.email_from)}")
    if settings.telegram_token is not None:
        _check_bot(settings.telegram_token.get_secret_value())
        names.append("Telegram")
    return names


def _check_mail_server(url: str) -> None:
    if not url.startswith(("smtp://", "smtps://")):
        hint = "smtp://user:password@host:587, or smtps:// for TLS from the start."
        raise BadSettings("HOMEWARD_SMTP_URL is no address of a mail server.", field="smtp_url", hint=hint)


def _check_bot(token: str) -> None:
    if find_spec("aiogram") is None:
        raise BadSettings("A token for Telegram is set, but aiogram is missing.", hint="pip install 'homeward[bot]'")
    from homeward.bot.telegram import check_token

    check_token(token)


def letters_of(settings: Settings, context: ApiContext) -> EmailMessenger:
    """Letters; their links are made by the door that they lead to."""
    from homeward.api.auth import link
    from homeward.api.routes.letters import stop_address
    from homeward.messengers.email import EmailMessenger, Smtp, check_sender

    assert settings.smtp_url is not None
    url = settings.smtp_url.get_secret_value()
    _check_mail_server(url)
    return EmailMessenger(
        smtp=Smtp(url),
        sender=check_sender(settings.email_from),
        link=lambda report: link(context, report),
        stop=lambda account: stop_address(context, account.id),
        picture=lambda lost_id, found_id, first: context.engine.beside(lost_id, found_id, first=first),
        gone=lambda account: context.engine.letters.stop(account.id),
    )


def bot_thread(settings: Settings, context: ApiContext, api: FastAPI) -> LoopThread | None:
    """The Telegram bot of this server, a client of its own API; not started yet."""
    import httpx2

    from homeward.api.auth import new_key
    from homeward.bot.backend import Backend
    from homeward.client import AsyncClient
    from homeward.workers import LoopThread

    if settings.telegram_token is None:
        return None
    _check_bot(settings.telegram_token.get_secret_value())

    async def work() -> None:
        key, secret = new_key(context, "the bot of this server", "bot", None)
        try:
            async with AsyncClient("http://homeward.local", secret, transport=httpx2.ASGITransport(api)) as client:
                await telegram_bot(settings, Backend(client, "telegram")).run()
        finally:
            with suppress(StorageFull), context.database.write() as rows:
                rows.keys.revoke(key.id, context.clock.now())

    return LoopThread("bot", work)


def telegram_bot(settings: Settings, backend: Backend) -> TelegramBot:
    """The bot on Telegram, as a client of the API behind ``backend``.

    Raises:
        BadSettings: the token is none.
    """
    from homeward.bot.service import TelegramBot
    from homeward.bot.telegram import Telegram
    from homeward.bot.turn import House

    assert settings.telegram_token is not None
    api_url = str(settings.telegram_api_url) if settings.telegram_api_url else None
    telegram = Telegram.open(settings.telegram_token.get_secret_value(), api_url)
    house = House(frozenset(str(admin) for admin in settings.telegram_admins))
    secret = webhook_secret(settings)
    webhook = (f"{str(settings.public_url).rstrip('/')}{WEBHOOK}", secret) if secret else None
    return TelegramBot(telegram, backend, house, SystemClock().now, webhook)


def webhook_secret(settings: Settings) -> str | None:
    """What Telegram sends along with its updates, so that nobody else can; None where the bot asks for them itself."""
    if not settings.telegram_webhook or settings.telegram_token is None:
        return None
    token = settings.telegram_token.get_secret_value()
    return hmac.new(token.encode(), b"homeward.webhook", hashlib.sha256).hexdigest()


def app_secret_of(settings: Settings) -> bytes | None:
    """What signs the launch of a Mini App; Telegram opens none that is not on https."""
    from homeward.api.telegram import app_secret

    if settings.telegram_token is None or settings.public_url.scheme != "https":
        return None
    return app_secret(settings.telegram_token.get_secret_value())
