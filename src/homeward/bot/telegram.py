"""Telegram through aiogram: updates in, answers to methods, within Telegram's limits."""

import asyncio
from dataclasses import dataclass
from typing import Any

import structlog
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import (
    ClientDecodeError,
    TelegramAPIError,
    TelegramBadRequest,
    TelegramEntityTooLarge,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramRetryAfter,
    TelegramServerError,
    TelegramUnauthorizedError,
)
from aiogram.methods import TelegramMethod
from aiogram.types import (
    BotCommand,
    BufferedInputFile,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    KeyboardButton,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
    WebAppInfo,
)

from homeward.bot.pace import Pace
from homeward.bot.talk import (
    Album,
    Button,
    Card,
    File,
    FileGone,
    Incoming,
    Note,
    Out,
    Pictures,
    Rows,
    Tap,
    TryLater,
    Unreachable,
    Venue,
)
from homeward.bot.updates import kept
from homeward.client import Json
from homeward.errors import BadSettings, HomewardError, InvalidInput
from homeward.locales import LANGUAGES, text

NAME = "telegram"
MOST_FILE_BYTES = 20_000_000  # what the cloud Bot API gives to bots
PER_SECOND, PER_CHAT_PER_SECOND, CHAT_BURST = 30.0, 1.0, 3  # core.telegram.org/bots/faq: short bursts are fine
LONGEST_TEXT, LONGEST_CAPTION, LONGEST_NAME = 4096, 1024, 60
POLL_S = 25
SECURE = "https://"  # the only pages that buttons of Telegram open
TRIES = 5
AGAIN_S = 0.5  # after the first try that failed; twice as long after each other one
GONE = ("chat not found", "user is deactivated", "bot was blocked", "bot can't initiate", "have no rights to send")
ALLOWED = ["message", "edited_message", "callback_query", "my_chat_member"]
COMMANDS = ("lost", "found", "my", "matches", "lang", "help", "cancel", "delete")
log = structlog.get_logger(__name__)


class RawUpdates(TelegramMethod[list[Json]]):
    """Updates as Telegram words them: one that the library's types do not know holds up nobody else's."""

    __returning__ = list[Json]
    __api_method__ = "getUpdates"
    offset: int
    timeout: int
    allowed_updates: list[str]


def check_token(token: str) -> None:
    """Refuse what cannot be a bot's token.

    Raises:
        BadSettings: it is none.
    """
    from aiogram.utils.token import TokenValidationError, validate_token

    try:
        validate_token(token)
    except TokenValidationError:
        hint = "It looks like 123456:ABC...; @BotFather gives it."
        raise BadSettings("This is no bot token.", field="telegram_token", hint=hint) from None


@dataclass(frozen=True, slots=True)
class Telegram:
    """`homeward.bot.talk.Messenger` on a bot's token."""

    bot: Bot
    pace: Pace

    @classmethod
    def open(cls, token: str, api_url: str | None, pace: Pace | None = None) -> "Telegram":
        """With ``api_url`` of a self-hosted Bot API server.

        Raises:
            BadSettings: this is no token.
        """
        check_token(token)
        api = TelegramAPIServer.from_base(api_url.rstrip("/")) if api_url else None
        session = AiohttpSession(api=api) if api else AiohttpSession()
        return cls(Bot(token, session=session), pace or Pace(PER_SECOND, PER_CHAT_PER_SECOND, CHAT_BURST))

    @property
    def name(self) -> str:
        """In accounts and settings."""
        return NAME

    async def close(self) -> None:
        """Let go of the connection."""
        await self.bot.session.close()

    async def send(self, address: str, out: Out, *, urgent: bool) -> None:
        """Deliver, within the limits."""
        chat = int(address)
        if isinstance(out, Card) and out.replaces is not None and await self._replaced(chat, out, urgent=urgent):
            return
        for start in range(0, len(out.pictures) if isinstance(out, Album) else 1, 10):
            part = Album(out.pictures[start : start + 10]) if isinstance(out, Album) else out
            await self._call(chat, lambda part=part: self._send(chat, part), urgent=urgent, messages=_count(part))

    async def taken(self, came: Incoming) -> None:
        """A tapped button stops turning, a photo is being looked at; too late does no harm."""
        try:
            if isinstance(came.said, Tap):
                await self.bot.answer_callback_query(came.said.id)
            elif isinstance(came.said, Pictures):
                await self.bot.send_chat_action(int(came.address), "typing")
        except (TelegramAPIError, TimeoutError, OSError):
            return

    async def fetch(self, file: File) -> bytes:
        """The contents of a file."""
        if file.size_bytes is not None and file.size_bytes > MOST_FILE_BYTES:
            raise FileGone("The file is too large.", hint="20 MB are the most.")
        try:
            found = await self.bot.get_file(file.id)
            data = await self.bot.download_file(found.file_path or "")
        except TelegramRetryAfter as error:
            await asyncio.sleep(error.retry_after)
            raise TryLater("Telegram asks to wait.") from None
        except (TelegramBadRequest, TelegramNotFound, TelegramEntityTooLarge):
            raise FileGone("Telegram does not give this file.") from None
        except (TelegramAPIError, TimeoutError, OSError) as error:
            raise TryLater("Telegram does not answer.") from error
        return data.read() if data else b""

    async def updates(self, offset: int) -> list[Json]:
        """What came in from ``offset`` on; waits for something.

        Raises:
            TryLater: Telegram does not answer, or asks to wait.
            BadSettings: the token is not valid, or another bot uses it.
        """
        ask = RawUpdates(offset=offset, timeout=POLL_S, allowed_updates=ALLOWED)
        try:
            found = await self.bot(ask, request_timeout=POLL_S + 15)
        except TelegramRetryAfter as error:
            await asyncio.sleep(error.retry_after)
            raise TryLater("Telegram asks to wait.") from None
        except TelegramUnauthorizedError:
            raise BadSettings("Telegram does not know this token.", field="telegram_token") from None
        except (TelegramAPIError, TimeoutError, OSError) as error:
            raise TryLater(f"Telegram does not answer: {type(error).__name__}.") from error
        return [kept(update) for update in found]

    async def prepare(self, webhook: tuple[str, str] | None) -> None:
        """Tell Telegram where updates go (an address and a secret), and which commands there are."""
        for language in LANGUAGES:
            commands = [
                BotCommand(command=name, description=text(language, f"bot.command.{name}") or name) for name in COMMANDS
            ]
            code = language if language != LANGUAGES[0] else None
            await self._settled(lambda c=commands, code=code: self.bot.set_my_commands(c, language_code=code))
        if webhook:
            url, secret = webhook
            await self._settled(
                lambda: self.bot.set_webhook(url, secret_token=secret, allowed_updates=ALLOWED, max_connections=40)
            )
        else:
            await self._settled(self.bot.delete_webhook)

    async def _settled(self, ask: Any) -> None:
        for attempt in range(TRIES):
            try:
                await ask()
            except TelegramUnauthorizedError:
                raise BadSettings("Telegram does not know this token.", field="telegram_token") from None
            except TelegramAPIError as error:
                log.warning("telegram", error=type(error).__name__, attempt=attempt)
                await asyncio.sleep(getattr(error, "retry_after", 2**attempt))
            else:
                return

    async def _call(self, chat: int, ask: Any, *, urgent: bool, messages: int = 1) -> None:
        """One method, waited for and tried again as Telegram asks."""
        for attempt in range(TRIES):
            await self.pace.turn(str(chat), urgent=urgent, messages=messages)
            try:
                await ask()
            except TelegramRetryAfter as error:
                self.pace.hold(error.retry_after)
            except ClientDecodeError:
                return  # it was taken, and what Telegram says of it is not needed
            except TelegramForbiddenError:
                raise Unreachable("The bot is blocked there.") from None
            except TelegramBadRequest as error:
                raise _refused(error) from None
            except (TelegramServerError, TelegramNetworkError, TimeoutError, OSError) as error:
                log.warning("telegram", error=type(error).__name__, attempt=attempt)
                await asyncio.sleep(AGAIN_S * 2**attempt)
            else:
                return
        raise TryLater("Telegram takes nothing now.")

    async def _send(self, chat: int, out: Out) -> None:
        if isinstance(out, Note):
            await self.bot.send_message(chat, _cut(out.text, LONGEST_TEXT), reply_markup=_keyboard(out))
        elif isinstance(out, Card):
            photo = BufferedInputFile(out.picture, "pets.jpg")
            caption = _cut(out.text, LONGEST_CAPTION)
            await self.bot.send_photo(chat, photo, caption=caption, reply_markup=_inline(out.buttons))
        elif isinstance(out, Venue):
            title = _cut(out.title or " ", LONGEST_NAME)
            await self.bot.send_venue(chat, out.lat, out.lon, title, _cut(out.text or title, LONGEST_NAME))
        elif len(out.pictures) == 1:  # an album needs two
            ((jpeg, caption),) = out.pictures
            await self.bot.send_photo(chat, BufferedInputFile(jpeg, "pet.jpg"), caption=_cut(caption, LONGEST_CAPTION))
        else:
            await self.bot.send_media_group(chat, [_media(jpeg, caption) for jpeg, caption in out.pictures])

    async def _replaced(self, chat: int, card: Card, *, urgent: bool) -> bool:
        """In the place of an earlier card; False where that cannot be, and a new one is sent."""

        async def ask() -> None:
            await self.bot.edit_message_media(
                _media(card.picture, card.text),
                chat_id=chat,
                message_id=int(card.replaces or 0),
                reply_markup=_inline(card.buttons),
            )

        try:
            await self._call(chat, ask, urgent=urgent)
        except InvalidInput as error:
            return "not modified" in error.message
        return True


def _keyboard(note: Note) -> InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove | None:
    if note.keyboard == "gone":
        return ReplyKeyboardRemove()
    if note.keyboard == "place":
        place = [KeyboardButton(text=note.place_label, request_location=True)]
        rows = [[KeyboardButton(text=button.label) for button in row] for row in note.buttons]
        return ReplyKeyboardMarkup(keyboard=[place, *rows], resize_keyboard=True, one_time_keyboard=True)
    return _inline(note.buttons)


def _inline(rows: Rows) -> InlineKeyboardMarkup | None:
    if not rows:
        return None
    shown = [[_button(button) for button in row if not button.url or button.url.startswith(SECURE)] for row in rows]
    return InlineKeyboardMarkup(inline_keyboard=[row for row in shown if row])


def _button(button: Button) -> InlineKeyboardButton:
    if button.app:
        return InlineKeyboardButton(text=button.label, web_app=WebAppInfo(url=button.app))
    if button.url:
        return InlineKeyboardButton(text=button.label, url=button.url)
    return InlineKeyboardButton(text=button.label, callback_data=button.data)


def _media(jpeg: bytes, caption: str) -> InputMediaPhoto:
    return InputMediaPhoto(media=BufferedInputFile(jpeg, "pets.jpg"), caption=_cut(caption, LONGEST_CAPTION))


def _count(out: Out) -> int:
    return len(out.pictures) if isinstance(out, Album) else 1


def _cut(words: str, most: int) -> str:
    """Telegram counts in UTF-16 units; half a character is never left."""
    if len(words.encode("utf-16-le")) // 2 <= most:
        return words
    return words.encode("utf-16-le")[: 2 * (most - 1)].decode("utf-16-le", "ignore") + "…"


def _refused(error: TelegramBadRequest) -> HomewardError:
    if any(words in error.message.lower() for words in GONE):
        return Unreachable("The chat is gone.")
    return InvalidInput(f"Telegram refuses this: {error.message[:200]}")
