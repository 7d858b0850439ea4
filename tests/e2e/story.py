"""Two people, one in the chat and one on the web, from a found and a lost photo to a handover; all of it real.

`play` runs against a real server with its own bot and models; what both did and read comes back as a `Transcript`.
"""

import io
from dataclasses import dataclass, field
from pathlib import Path

from babel.numbers import format_decimal
from PIL import Image, ImageEnhance, ImageOps
from skimage.data import chelsea

from benchmarks.served import Served
from homeward.client import API, Call, Client
from homeward.locales import distance, percent, text
from tests.fakes.telegram import TOKEN, FakeTelegram

WAIT_S = 60.0
FOUND_AT, LOST_AT, MEETING = ("57.6051", "39.8522"), ("57.6000", "39.8500"), (57.6061, 39.8535)


@dataclass
class Line:
    """One thing that happened: who, on which side, what was read or done, which pictures, which buttons."""

    who: str
    words: str
    pictures: list = field(default_factory=list)
    buttons: list = field(default_factory=list)


@dataclass
class Transcript:
    language: str
    lines: list[Line] = field(default_factory=list)

    def add(self, who: str, words: str, pictures=(), buttons=()) -> None:
        self.lines.append(Line(who, words, list(pictures), list(buttons)))


class Chat:
    """A person with a phone whose every word and reading is written down."""

    def __init__(self, person, transcript: Transcript, who: str) -> None:
        self.person, self.transcript, self.who = person, transcript, who
        self.read = 0

    def words(self, key: str, **values) -> str:
        return text(self.person.language, f"bot.{key}", **values)

    def sees(self, key: str, **values):
        return self.sees_text(self.words(key, **values))

    def sees_text(self, words: str):
        found = self.person.sees(words, WAIT_S)
        self.catch_up()
        return found

    def catch_up(self) -> None:
        every = self.person.all()
        for sent in every[self.read :]:
            buttons = [label for label, _ in sent.buttons] + list(sent.keyboard)
            what = sent.text if not sent.place else f"{sent.text} ({sent.place[0]:.4f}, {sent.place[1]:.4f})"
            self.transcript.add("bot", what, sent.pictures, buttons)
        self.read = len(every)

    def writes(self, words: str) -> None:
        self.catch_up()
        self.transcript.add(self.who, words)
        self.person.writes(words)

    def sends_photo(self, data: bytes, caption: str | None = None) -> None:
        self.catch_up()
        self.transcript.add(self.who, caption or "", [data])
        self.person.sends_photos(data, caption=caption)

    def sends_place(self, lat: float, lon: float) -> None:
        self.catch_up()
        self.transcript.add(self.who, f"📍 {lat}, {lon}")
        self.person.sends_place(lat, lon)

    def taps(self, key: str) -> None:
        self.catch_up()
        self.transcript.add(self.who, f"[{self.words(key)}]")
        self.person.taps(self.words(key))


SAID = {
    "en": {
        "finder": "Finder, in the chat", "owner": "Owner, on the web", "name": "Ginger",
        "about": "Ginger stripes, green eyes", "question": "Does she have any mark that I cannot see on the photo?",
        "answer": "A small notch in the left ear", "yes": "Yes, that is right!", "where": "Where can we meet?",
        "here": "At the entrance, in ten minutes", "files": "files a lost report: {name}, “{about}”",
        "first": "first match: degree {degree}, L2 {l2}, {distance} from where she was lost",
        "verdict": "“It is mine”; asks to be put in touch", "reads": "reads: {words}", "says": "writes: {words}",
        "home": "“She is home”: the case is closed",
    },
    "ru": {
        "finder": "Нашедший, в чате", "owner": "Хозяйка, на сайте", "name": "Рыжая",
        "about": "Рыжие полоски, зелёные глаза", "question": "Есть ли у неё примета, которой не видно на фото?",
        "answer": "Маленькая зазубрина на левом ухе", "yes": "Да, всё верно!", "where": "Где можно встретиться?",
        "here": "У подъезда, через десять минут", "files": "подаёт объявление о пропаже: {name}, «{about}»",
        "first": "первое совпадение: вероятность {degree}, L2 {l2}, {distance} от места пропажи",
        "verdict": "«Это моя»; просит связать с нашедшим", "reads": "читает: {words}", "says": "пишет: {words}",
        "home": "«Она дома»: поиск закрыт",
    },
}  # fmt: skip


def play(url: str, telegram: FakeTelegram, language: str) -> Transcript:
    """The whole story in one language. Raises AssertionError where it goes another way."""
    said, transcript = SAID[language], Transcript(language)
    finder = Chat(telegram.person(7, language), transcript, said["finder"])
    _finds(finder)
    with Client(url, language=language) as web:
        filed = web.report("lost", [_own_photo()], **_lost_form(said))
    token = filed["link"].split("#token=")[1]
    transcript.add(said["owner"], said["files"].format(**said), [_own_photo()])
    with Client(url, token, language=language) as owner:
        _hand_over(owner, finder, transcript, said, filed["id"])
    return transcript


def _finds(finder: Chat) -> None:
    finder.sends_photo(_found_photo())
    finder.sees("ask_shelf")
    finder.taps("b.it_is_found")
    finder.sees("ask_where_found")
    finder.sends_place(*map(float, FOUND_AT))
    finder.sees("ask_when_found")
    finder.taps("b.now")
    finder.sees("ask_about_found")
    finder.taps("b.held")
    finder.sees("no_owner_yet")


def _lost_form(said) -> dict[str, str]:
    lat, lon = LOST_AT
    about = {"name": said["name"], "description": said["about"]}
    return {"species": "auto", "lat": lat, "lon": lon, **about}


def _hand_over(owner: Client, finder: Chat, transcript: Transcript, said, lost_id: str) -> None:
    (match,) = owner.matches(lost_id)["items"]
    assert match["degree"] > 0.5
    shown = {
        "degree": percent(transcript.language, match["degree"]),
        "l2": format_decimal(match["l2_distance"], "0.00", locale=transcript.language),
        "distance": distance(transcript.language, match["distance_km"]),
    }
    transcript.add(said["owner"], said["first"].format(**shown))
    finder.sees("news_owner")
    pair = {"lost_id": lost_id, "found_id": match["found_id"]}
    owner.verdict(lost_id, match["found_id"], "same")
    talk = owner.post("/handovers", pair)
    transcript.add(said["owner"], said["verdict"])
    finder.sees("asked.found")

    finder.taps("b.ask_first")
    finder.sees("ask_question")
    finder.writes(said["question"])
    finder.sees("question_sent")
    _reads(owner, transcript, said, talk["id"], 1)
    _says(owner, transcript, said, talk["id"], "answer")
    finder.sees_text(said["answer"])
    finder.taps("b.agree")
    finder.sees("connected")
    finder.writes(said["yes"])
    _reads(owner, transcript, said, talk["id"], 3)
    _says(owner, transcript, said, talk["id"], "where")
    finder.sees_text(said["where"])
    finder.writes(said["here"])
    finder.sends_place(*MEETING)
    _reads(owner, transcript, said, talk["id"], 6)
    owner.verdict(lost_id, match["found_id"], "same", close=True)
    transcript.add(said["owner"], said["home"])
    finder.sees("reunited")


def _says(owner: Client, transcript: Transcript, said, talk: str, key: str) -> None:
    owner.send(Call("POST", f"{API}/handovers/{talk}/messages", fields={"text": said[key]}))
    transcript.add(said["owner"], said["says"].format(words=said[key]))


def _reads(owner: Client, transcript: Transcript, said, talk: str, count: int) -> None:
    import threading
    import time

    deadline = time.monotonic() + WAIT_S
    while len(every := owner.get(f"/handovers/{talk}/messages")["items"]) < count:
        assert time.monotonic() < deadline, every
        threading.Event().wait(0.05)
    read = sum(line.who == said["owner"] and line.words.startswith(said["reads"][:6]) for line in transcript.lines)
    for message in [each for each in every if not each["is_mine"]][read:]:
        place = message["place"] and f"📍 {message['place']['lat']:.4f}, {message['place']['lon']:.4f}"
        transcript.add(said["owner"], said["reads"].format(words=message["text"] or place))


def _own_photo() -> bytes:
    return _jpeg(Image.fromarray(chelsea()))


def _found_photo() -> bytes:
    """The same cat from a little closer, in a darker room."""
    image = Image.fromarray(chelsea())
    closer = ImageOps.fit(image.rotate(4, Image.Resampling.BICUBIC), (420, 280), centering=(0.4, 0.4))
    return _jpeg(ImageEnhance.Brightness(closer).enhance(0.75))


def _jpeg(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=85)
    return file.getvalue()


def told(folder: Path, language: str) -> Transcript:
    """Serve with a bot of its own, and play."""
    with FakeTelegram() as telegram:
        settings = {"HOMEWARD_TELEGRAM_TOKEN": TOKEN, "HOMEWARD_TELEGRAM_API_URL": telegram.url}
        with Served(folder, **settings) as server:
            return play(server.url, telegram, language)
