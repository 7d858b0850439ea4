"""A Bot API server over HTTP, strict: unknown methods, unknown or malformed arguments fail as they do at Telegram.

``with FakeTelegram() as telegram:`` serves on ``telegram.url``. ``telegram.person(7)`` is somebody with a phone: they
write, send photos, tap buttons, block the bot, and look at what the bot sent. Faults are planned with ``telegram.fault``:
429 with retry_after, 502, answers that come late or never. What the bot sent is in ``telegram.sent``.
"""

import io
import itertools
import json
import re
import threading
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import uvicorn
from PIL import Image
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

TOKEN = "42:AAHtestTOKENtestTOKENtestTOKENtest42"
BIG = 20_000_000
SEEN_S = 30.0
METHODS = {  # method: (required, allowed)
    "getMe": (set(), set()),
    "getUpdates": (set(), {"offset", "limit", "timeout", "allowed_updates"}),
    "setMyCommands": ({"commands"}, {"language_code", "scope"}),
    "setWebhook": ({"url"}, {"secret_token", "allowed_updates", "max_connections", "drop_pending_updates"}),
    "deleteWebhook": (set(), {"drop_pending_updates"}),
    "sendMessage": ({"chat_id", "text"}, {"reply_markup", "disable_notification", "parse_mode", "entities"}),
    "sendPhoto": ({"chat_id", "photo"}, {"caption", "reply_markup", "disable_notification", "parse_mode"}),
    "sendMediaGroup": ({"chat_id", "media"}, {"disable_notification"}),
    "sendVenue": ({"chat_id", "latitude", "longitude", "title", "address"}, {"reply_markup"}),
    "sendChatAction": ({"chat_id", "action"}, set()),
    "answerCallbackQuery": ({"callback_query_id"}, {"text", "show_alert"}),
    "editMessageMedia": ({"media"}, {"chat_id", "message_id", "reply_markup"}),
    "getFile": ({"file_id"}, set()),
}
SENDS = {"sendMessage", "sendPhoto", "sendMediaGroup", "sendVenue"}


class Refused(Exception):
    def __init__(self, status, words, **parameters):
        super().__init__(words)
        self.status, self.words, self.parameters = status, words, parameters


@dataclass
class Sent:
    """Something that the bot sent: ``text`` or caption, pictures, ``buttons`` (label, data or url), a place."""

    chat: int
    number: int
    method: str
    text: str = ""
    pictures: list = field(default_factory=list)
    buttons: list = field(default_factory=list)
    keyboard: list = field(default_factory=list)
    place: tuple = ()
    at: float = 0.0


class FakeTelegram:
    def __init__(self, *, per_second=None, keeps_pictures=True):
        self.per_second, self.keeps_pictures = per_second, keeps_pictures
        self.sent, self.calls, self.commands = [], [], {}
        self.webhook = None
        self.people = {}
        self._updates, self._files, self._queries = deque(), {}, {}
        self._faults = defaultdict(deque)
        self._numbers, self._ids = itertools.count(1000), itertools.count(1)
        self._lock = threading.Condition()
        self._recent = deque()
        routes = [
            Route("/bot{token}/{method}", self._answer, methods=["GET", "POST"]),
            Route("/file/bot{token}/{path}", self._file),
        ]
        self._server = uvicorn.Server(
            uvicorn.Config(
                Starlette(routes=routes), host="127.0.0.1", port=0, log_config=None, access_log=False, lifespan="off"
            )
        )
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def __enter__(self):
        self._thread.start()
        deadline = time.monotonic() + 30
        while not self._server.started:
            assert time.monotonic() < deadline
            threading.Event().wait(0.01)
        self.url = f"http://127.0.0.1:{self._server.servers[0].sockets[0].getsockname()[1]}"
        return self

    def __exit__(self, *_):
        self._server.should_exit = self._server.force_exit = True
        with self._lock:
            self._lock.notify_all()
        self._thread.join(30)

    def person(self, number, language="en"):
        if number not in self.people:
            self.people[number] = Person(self, number, language)
        return self.people[number]

    def fault(self, method, status, *, times=1, **how):
        """The next ``times`` calls of ``method`` fail: 429 (retry_after=s), 502, 0 (answers after late_s=s)."""
        self._faults[method].extend([(status, how)] * times)

    def faults_left(self):
        return sum(len(planned) for planned in self._faults.values())

    def update(self, body, *, times=1):
        with self._lock:
            whole = {"update_id": next(self._numbers), **body}
            self._updates.extend([whole] * times)
            self._lock.notify_all()
        return whole

    def keep(self, data):
        number = f"file-{next(self._ids)}"
        self._files[number] = data
        return number

    def wait(self, condition, seconds=SEEN_S):
        """Wait until something that was sent fulfils ``condition``."""
        with self._lock:
            assert self._lock.wait_for(condition, seconds), [(each.method, each.text) for each in self.sent[-6:]]

    # --- the server ---------------------------------------------------------------------------------------

    async def _answer(self, request: Request):
        from fastapi.concurrency import run_in_threadpool

        method = request.path_params["method"]
        async with request.form() as form:
            given = {name: value for name, value in form.multi_items() if not isinstance(value, UploadFile)}
            files = {name: await value.read() for name, value in form.multi_items() if isinstance(value, UploadFile)}
        try:
            result = await run_in_threadpool(self._call, request.path_params["token"], method, given, files)
        except Refused as refused:
            body = {"ok": False, "error_code": refused.status, "description": refused.words}
            if refused.parameters:
                body["parameters"] = refused.parameters
            return JSONResponse(body, refused.status)
        return JSONResponse({"ok": True, "result": result})

    def _call(self, token, method, given, files):
        if token != TOKEN:
            raise Refused(401, "Unauthorized")
        if method not in METHODS:
            raise Refused(404, "Not Found: method not found")
        required, allowed = METHODS[method]
        unknown = given.keys() - required - allowed
        missing = required - given.keys() - files.keys()
        if unknown or missing:
            raise Refused(400, f"Bad Request: unknown {sorted(unknown)}, missing {sorted(missing)}")
        with self._lock:
            self.calls.append(method)
        self._plan(method)
        return getattr(self, f"_{method}")(given, files)

    def _plan(self, method):
        planned = self._faults[method] or self._faults["any"]
        if not planned:
            return
        status, how = planned.popleft()
        if status == 429:
            raise Refused(429, "Too Many Requests: retry later", retry_after=how.get("retry_after", 1))
        if status:
            raise Refused(status, "Bad Gateway")
        threading.Event().wait(how["late_s"])

    def _paced(self):
        if self.per_second is None:
            return
        now = time.monotonic()
        while self._recent and self._recent[0] < now - 1:
            self._recent.popleft()
        if len(self._recent) >= self.per_second:
            raise Refused(429, "Too Many Requests: retry later", retry_after=1)
        self._recent.append(now)

    def _getMe(self, given, files):
        return {"id": 42, "is_bot": True, "first_name": "Homeward", "username": "homeward_bot"}

    def _getUpdates(self, given, files):
        if self.webhook is not None:
            raise Refused(409, "Conflict: can't use getUpdates method while webhook is active")
        offset, limit = int(given.get("offset", 0)), int(given.get("limit", 100))
        with self._lock:
            while self._updates and self._updates[0]["update_id"] < offset:
                self._updates.popleft()
            self._lock.wait_for(lambda: self._updates or self._server.should_exit, float(given.get("timeout", 0)))
            return list(itertools.islice(self._updates, limit))

    def _setMyCommands(self, given, files):
        commands = json.loads(given["commands"])
        if not all(re.fullmatch("[a-z0-9_]{1,32}", each["command"]) and each["description"] for each in commands):
            raise Refused(400, "Bad Request: BOT_COMMAND_INVALID")
        self.commands[given.get("language_code", "")] = commands
        return True

    def _setWebhook(self, given, files):
        self.webhook = (given["url"], given.get("secret_token"))
        return True

    def _deleteWebhook(self, given, files):
        self.webhook = None
        return True

    def _sendMessage(self, given, files):
        return self._say("sendMessage", given, text=_checked(given["text"], 4096, least=1))

    def _sendPhoto(self, given, files):
        text = _checked(given.get("caption", ""), 1024)
        return self._say("sendPhoto", given, text=text, pictures=[_picture(given["photo"], files)])

    def _sendMediaGroup(self, given, files):
        media = json.loads(given["media"])
        if not 2 <= len(media) <= 10:
            raise Refused(400, "Bad Request: there must be 2 to 10 media in a group")
        pictures = [_picture(each["media"], files) for each in media]
        text = "\n".join(_checked(each.get("caption", ""), 1024) for each in media)
        return [self._say("sendMediaGroup", given, text=text, pictures=pictures)]

    def _sendVenue(self, given, files):
        if not given["title"].strip() or not given["address"].strip():
            raise Refused(400, "Bad Request: VENUE_TITLE_EMPTY")
        place = float(given["latitude"]), float(given["longitude"])
        return self._say("sendVenue", given, text=f"{given['title']}\n{given['address']}", place=place)

    def _sendChatAction(self, given, files):
        self._chat(given)
        return True

    def _answerCallbackQuery(self, given, files):
        if self._queries.pop(given["callback_query_id"], None) is None:
            raise Refused(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
        return True

    def _editMessageMedia(self, given, files):
        person, number = self._chat(given), int(given["message_id"])
        known = next((each for each in self.sent if (each.chat, each.number) == (person.number, number)), None)
        if known is None:
            raise Refused(400, "Bad Request: message to edit not found")
        media = json.loads(given["media"])
        text, picture = _checked(media.get("caption", ""), 1024), _picture(media["media"], files)
        buttons, _ = _markup(given)
        with self._lock:
            if (known.text, known.pictures, known.buttons) == (text, [picture], buttons):
                raise Refused(400, "Bad Request: message is not modified")
            edited = Sent(known.chat, known.number, "editMessageMedia", text, [picture], buttons, at=time.monotonic())
            self.sent.append(edited)
            self._lock.notify_all()
        return _message(edited)

    def _getFile(self, given, files):
        data = self._files.get(given["file_id"])
        if data is None:
            raise Refused(400, "Bad Request: invalid file_id")
        if len(data) > BIG:
            raise Refused(400, "Bad Request: file is too big")
        return {"file_id": given["file_id"], "file_unique_id": given["file_id"], "file_path": given["file_id"]}

    async def _file(self, request):
        return Response(self._files[request.path_params["path"]])

    def _chat(self, given):
        person = self.people.get(int(given["chat_id"]))
        if person is None:
            raise Refused(400, "Bad Request: chat not found")
        if person.has_blocked:
            raise Refused(403, "Forbidden: bot was blocked by the user")
        return person

    def _say(self, method, given, **what):
        person = self._chat(given)
        buttons, keyboard = _markup(given)
        with self._lock:
            self._paced()
            if not self.keeps_pictures:
                what.pop("pictures", None)
            made = Sent(person.number, next(self._ids), method, buttons=buttons, keyboard=keyboard,
                        at=time.monotonic(), **what)  # fmt: skip
            self.sent.append(made)
            self._lock.notify_all()
        return _message(made)


class Person:
    """Somebody with a phone."""

    def __init__(self, telegram, number, language):
        self.telegram, self.number, self.language = telegram, number, language
        self.has_blocked = False
        self.seen = 0  # how much of what the bot sent came before this person's last action

    def writes(self, text, **more):
        return self._message({"text": text}, **more)

    def edits(self, update, text):
        """A message that was sent before, in other words."""
        self.seen = len(self.telegram.sent)
        words = {name: text for name in ("text", "caption") if name in update["message"]}
        return self.telegram.update({"edited_message": {**update["message"], "edit_date": 1_760_000_060, **words}})

    def sends_photos(self, *photos, caption=None):
        """Several are an album; ``caption`` is the first one's, a list has one for each."""
        captions = caption if isinstance(caption, list) else [caption]
        group = {"media_group_id": f"g{next(self.telegram._ids)}"} if len(photos) > 1 else {}
        for n, (data, under) in enumerate(itertools.zip_longest(photos, captions)):
            sizes = [{"file_id": self.telegram.keep(data), "file_unique_id": f"u{n}", "width": 640, "height": 480}]
            small = {"file_id": "small", "file_unique_id": "s", "width": 90, "height": 67}
            words = {"caption": under} if under else {}
            self._message({"photo": [small, *sizes], **group, **words}, first=n == 0)

    def sends_file(self, data, name, kind, field="document", **more):
        file = {"file_id": self.telegram.keep(data), "file_unique_id": "f", "file_size": len(data), **more}
        self._message({field: {**file, "file_name": name, "mime_type": kind}})

    def sends_place(self, lat, lon):
        self._message({"location": {"latitude": lat, "longitude": lon}})

    def sends_other(self, **body):
        self._message(body)

    def taps(self, label):
        """A button by (part of) its label: the last one shown."""
        for sent in reversed(self.all()):
            for shown, data in sent.buttons:
                if label in shown:
                    assert not data.startswith("http"), "this opens a page"
                    self.taps_data(data, sent.number)
                    return
            for shown in sent.keyboard:
                if label in shown:
                    self.writes(shown)
                    return
        raise AssertionError(f"no button {label!r} in {[(s.text, s.buttons, s.keyboard) for s in self.all()[-4:]]}")

    def taps_data(self, data, number=1):
        self.seen = len(self.telegram.sent)
        query = f"q{next(self.telegram._ids)}"
        self.telegram._queries[query] = True
        under = {"message_id": number, "date": 1, "chat": self._chat(), "text": "..."}
        body = {"id": query, "from": self._self(), "chat_instance": "1", "data": data, "message": under}
        self.telegram.update({"callback_query": body})

    def all(self):
        return [sent for sent in list(self.telegram.sent) if sent.chat == self.number]

    def new(self):
        """What came since this person's last action."""
        return [sent for sent in list(self.telegram.sent)[self.seen :] if sent.chat == self.number]

    def sees(self, text, seconds=SEEN_S):
        """Wait for a message with ``text``."""
        self.telegram.wait(lambda: any(text in sent.text for sent in self.new()), seconds)
        return next(sent for sent in self.new() if text in sent.text)

    def sees_place(self):
        self.telegram.wait(lambda: any(sent.place for sent in self.new()))
        return next(sent.place for sent in self.new() if sent.place)

    def blocks(self):
        self.has_blocked = True

    def _message(self, body, *, first=True, times=1):
        if first:
            self.seen = len(self.telegram.sent)
        number = next(self.telegram._ids)
        message = {"message_id": number, "date": 1_760_000_000, "chat": self._chat(), "from": self._self(), **body}
        return self.telegram.update({"message": message}, times=times)

    def _chat(self):
        return {"id": self.number, "type": "private", "first_name": "Alex"}

    def _self(self):
        return {"id": self.number, "is_bot": False, "first_name": "Alex", "language_code": self.language}


def _checked(text, most, least=0):
    if not least <= len(text.strip()) or len(text.encode("utf-16-le")) // 2 > most:
        raise Refused(400, "Bad Request: message text is empty or too long")
    return text


def _picture(name, files):
    data = files.get(name.removeprefix("attach://")) if name.startswith("attach://") else files.get("photo")
    if data is None:
        raise Refused(400, "Bad Request: wrong file identifier/HTTP URL specified")
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        if sum(picture.size) > 10_000 or max(picture.size) > 20 * min(picture.size):
            raise Refused(400, "Bad Request: PHOTO_INVALID_DIMENSIONS")
    return data


def _markup(given):
    if "reply_markup" not in given:
        return [], []
    markup = json.loads(given["reply_markup"])
    if "inline_keyboard" in markup:
        return [_button(each) for row in markup["inline_keyboard"] for each in row], []
    if "keyboard" in markup:
        return [], [each["text"] for row in markup["keyboard"] for each in row]
    if markup.get("remove_keyboard") is not True:
        raise Refused(400, "Bad Request: object expected as reply markup")
    return [], []


def _button(button):
    kinds = button.keys() - {"text"}
    if len(kinds) != 1 or not button["text"]:
        raise Refused(400, "Bad Request: a button has exactly one action")
    if "callback_data" in button:
        if not 1 <= len(button["callback_data"].encode()) <= 64:
            raise Refused(400, "Bad Request: BUTTON_DATA_INVALID")
        return button["text"], button["callback_data"]
    page = urlsplit(button["url"] if "url" in button else button["web_app"]["url"])
    if page.scheme != "https" or "." not in (page.hostname or ""):
        raise Refused(400, "Bad Request: BUTTON_URL_INVALID")
    return button["text"], page.geturl()


def _message(sent):
    chat = {"id": sent.chat, "type": "private", "first_name": "Alex"}
    return {"message_id": sent.number, "date": 1_760_000_000, "chat": chat, "text": sent.text}
