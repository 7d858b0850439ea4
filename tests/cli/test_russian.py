"""Whoever speaks Russian reads Russian on the command line, too."""

import errno
import itertools
import json
import os
import re
import subprocess
import tarfile
import tomllib
from importlib.resources import files
from pathlib import Path

import av
import pytest
from cyclopts import App
from cyclopts.help import DefaultFormatter
from rich.console import Console

from homeward.cli import app
from homeward.cli.evaluate import _expected, _tell
from homeward.cli.help import paragraphs
from homeward.cli.watch import _drawn
from homeward.districts import GeoJsonDistricts
from homeward.domain.animals import Part, Species
from homeward.errors import BadSettings
from homeward.evaluation.thresholds import calibrated, entry
from homeward.locales.phrases import BOOKS, PLACE, known
from homeward.models.cards import read_card
from homeward.models.known import known_card, known_names
from homeward.watcher.status import State, Status
from tests.cli.conftest import RUN
from tests.cli.sentences import sentences, texts
from tests.conftest import photo
from tests.evaluation.test_calibration import gaussian

SENTENCE = re.compile(r"[a-z]{2,}[ ,:;]+.*[a-z]{2,}|^[A-Z][a-z]+$")
KEYS = {"input.mean and input.std"}  # of a card
ENGLISH = re.compile(r"(?:\b[a-z]{2,} ){2,}[a-z]{2,}")
TYPED = re.compile(
    r"^  \{\} (?:matches|report) .*|^  curl .*|\b(?:homeward|pip|chown|chmod|sudo|install|createdb|createuser|psql|pg_dump)\b[^.;:«»)]*"
)


OF_OTHERS = (  # what the parser and the machine say
    "Usage: ", "Commands", "Parameters", "Arguments", "[required]", "[default: ]", "[choices: ]", "[env var: ]",
    "Display this message and exit.", "Display application version.", "COMMAND", "OPTIONS", "PATH", "STR", "INT",
    "FLOAT", "CHOICE", "False", "True", " must be at least .", " must be at most .", " must be > .", " must be < .",
    *(os.strerror(code) for code in errno.errorcode), "Name or service not known",
    *Path(tomllib._parser.__file__).read_text().replace("\\\\", "\\").splitlines(), " (at line , column )", " (at end of document)",
    "'utf-8' codec can't decode byte  in position : ",
    *(kind.strerror for kind in av.error.ErrorType), *Path(tarfile.__file__).read_text().splitlines(),
)  # fmt: skip


PUT_TOGETHER = (  # of pieces, where the code cannot be read for it
    " must be a JSON list.", " must be a JSON object.", "There is no such setting; see docs/reference/settings.md.",
    "There is no such setting, but ", "; see docs/reference/settings.md.", ", must be ", ", is refused: ",
    " is refused: ", " must be there.", " of these a minute.", " of these an hour.", ", Telegram", " missing", " wrong", " extra", " rows",
    ", must be left out: there is no such word.",
)  # fmt: skip


def english_in(said: str) -> list[str]:
    """Three English words in a row, which are no command that one may type."""
    return ENGLISH.findall(TYPED.sub("", re.sub(r"[│╭╮╰╯─\n]+ *", " ", said)))


def commands(found: App, path: tuple[str, ...] = ()):
    yield path, found
    for name in found:
        if not name.startswith("-"):
            yield from commands(found[name], (*path, name))


PATHS = [path for path, _ in commands(app)]


def help_of(path: tuple[str, ...]) -> str:
    console = Console(width=100, force_terminal=False, color_system=None)
    with console.capture() as capture:
        app.help_print(path, console=console)
    return capture.get()


def help_texts():
    for _, command in commands(app):
        yield from paragraphs(re.split(r"\n\s*Parameters\n\s*-{3}", command.help)[0])
        for argument in command.assemble_argument_collection(parse_docstring=True) if command.default_command else ():
            yield from paragraphs(argument.parameter.help)


BUNDLED = [read_card(path) for path in sorted(Path(str(files("homeward.models"))).glob("weights/*.yaml"))]


def of_cards():
    cards = [*BUNDLED, *(read_card(known_card(name)) for name in known_names())]
    told = [said for card in cards for said in (card.about, card.licence)]
    return [*told, *(said for card in BUNDLED for said in all_of(card.raw))]


def all_of(value):
    """Every text in a card."""
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from all_of(each)
    elif isinstance(value, str):
        yield value


@pytest.mark.parametrize("text", sorted(set(help_texts())))
def test_what_help_says_of_commands_and_options_is_there_in_russian(text):
    assert known("ru", text) is not None


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_help_in_russian_holds_no_english_sentence(path, monkeypatch):
    monkeypatch.setenv("HOMEWARD_LANG", "ru")

    said = help_of(path)

    assert said.startswith(f"Использование: {' '.join(['homeward', *path])}")
    assert english_in(said) == []
    assert not re.search(r"Usage|Commands|Parameters|required|default:|choices|\bPATH\b|\bSTR\b|False", said)


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_help_in_english_is_what_the_parser_draws_by_itself(path, monkeypatch):
    monkeypatch.setenv("HOMEWARD_LANG", "en")
    ours = help_of(path)

    monkeypatch.setattr(app, "help_formatter", DefaultFormatter())

    assert ours == help_of(path)


def sample(sentence: str) -> str:
    """With numbers for its values: they fit wherever a value does."""
    counted = itertools.count(1)
    return re.sub(r"\{\}", lambda _: str(next(counted)), sentence)


def test_whatever_the_code_says_to_whoever_types_commands_is_there_in_russian():
    found = {sample(sentence): where for sentence, where in sentences() if SENTENCE.search(TYPED.sub("", sentence))}
    silent = {said: where for said, where in found.items() if known("ru", said) is None and said not in KEYS}
    by_half = {said: where for said, where in found.items() if english_in(known("ru", said) or "")}

    assert len(found) > 500
    assert silent == {}
    assert by_half == {}


@pytest.mark.parametrize("card", BUNDLED, ids=lambda card: card.name)
def test_what_a_bundled_model_is_is_shown_in_russian(told, card):
    assert known("ru", card.about)[:30] in told("models", "show", card.name)


@pytest.mark.parametrize("name", known_names())
def test_what_a_card_tells_of_a_public_model_is_there_in_russian(name):
    assert known("ru", read_card(known_card(name)).about) is not None


def test_the_phrase_book_holds_nothing_that_is_said_no_more():
    said = "\n".join([*texts(), *help_texts(), *OF_OTHERS, *PUT_TOGETHER, *of_cards()])
    books = [json.loads((files("homeward.locales") / name).read_text(encoding="utf-8")) for name in BOOKS["ru"]]
    stale = [key for book in books for key in book if not all(part in said for part in PLACE.split(key)[::3])]

    assert stale == []


def test_no_sentence_of_the_book_is_taken_for_another():
    books = [json.loads((files("homeward.locales") / name).read_text(encoding="utf-8")) for name in BOOKS["ru"]]
    entries = {english: russian for book in books for english, russian in book.items()}

    taken = {}
    for english, russian in entries.items():
        values = {name: "7" if kind else f"/{name}" for name, kind in PLACE.findall(english)}
        said = PLACE.sub(lambda place, values=values: values[place[1]], english)
        if known("ru", said) != PLACE.sub(lambda place, values=values: values[place[1]], russian):
            taken[english] = known("ru", said)

    assert taken == {}


KEEP = ["--species", "cat", "--keep-without-animal"]
NO_DATA = "В {data} нет данных Homeward. (data)"


@pytest.fixture
def told(run, tmp_path):
    """What a command tells a Russian speaker, no sentence of it in English."""

    def call(*arguments, code=0, **more):
        answer = run(*arguments, code=code, HOMEWARD_LANG="ru", **more)
        said = answer.stdout + answer.stderr
        assert english_in(said) == []
        return said.replace(str(tmp_path / "data"), "{data}")

    return call


@pytest.fixture
def photos(tmp_path):
    for name, seed in (("own.jpg", 1), ("seen.jpg", 2)):
        (tmp_path / name).write_bytes(photo(seed))
    (tmp_path / "broken.jpg").write_bytes(b"broken")
    return tmp_path


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("matches x", NO_DATA),
        ("export x.csv", NO_DATA),
        ("backup x.tar", "В {data} нет данных. (data)"),
        ("report lost broken.jpg", "Файл — не картинка JPEG, PNG, WebP, AVIF или HEIC. (photo)"),
        ("report lost nothing.jpg", "Не удаётся прочитать nothing.jpg: нет такого файла или папки. (photos)"),
        ("report lost own.jpg --species cat --keep-without-animal --lat 91 --lon 0", "91 — не широта. (lat)"),
        ("report stolen own.jpg", "SHELF принимает lost или found, а не stolen."),
        ("matches x --limit a", "--limit принимает целое число, а не a."),
        ("matches x --limt 3", "У matches нет параметра --limt."),
        ("matches", "Для matches нужен LOST-ID: Номер объявления о пропаже."),
        ("import nothing.csv", "nothing.csv: такого нет. (source)"),
        ("models show nothing", "Модели nothing нет. (name)"),
        ("watch nothing.mp4 --dry-run", "camera: nothing.mp4 не найден. (camera.source)"),
        ("watch own.jpg --sheet x.png", "--sheet рисует то, что находит --dry-run. (sheet)"),
        ("watch own.jpg --server nowhere", "nowhere — не адрес сервера. (server)"),
        ("models bench --seconds -1", "Нельзя измерять -1 секунд. (seconds)"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_russian(told, photos, typed, said):
    assert f"homeward: {said}\n" in told(*typed.split(), code=2)


SLIPS = {
    "bad key = 1": "после ключа нужен знак =: строка 1, столбец 5",
    "a = ;": "непонятное значение: строка 1, столбец 5",
    "a = [1": "список не закрыт, а файл кончился",
    'a = "x': "кавычка не закрыта, а файл кончился",
    "\udcff": "это не текст в UTF-8, байт 0xff на месте 0",
}


@pytest.mark.parametrize("text", SLIPS)
def test_a_slip_in_a_file_is_said_in_russian_with_its_place(told, tmp_path, text):
    (tmp_path / "cameras.toml").write_text(text, errors="surrogateescape")

    said = told("watch", "cameras.toml", "--dry-run", code=2)

    assert said == f"homeward: cameras.toml — не TOML: {SLIPS[text]}. (cameras)\n"


SHAPE = '{"features": [{"properties": {"name": "North"}, "geometry": %s}]}'


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("no JSON", "строка 1, столбец 1: это не JSON"),
        ("{}", "нет features"),
        ("[]", "это не GeoJSON"),
        (SHAPE % '{"type": "Foo", "coordinates": []}', "это не GeoJSON"),
        ("[" * 100_000, "это не GeoJSON"),
        ("\udcff", "это не текст в UTF-8"),
    ],
)
def test_what_is_wrong_with_the_districts_is_said_in_russian(tmp_path, text, why):
    (tmp_path / "city.geojson").write_text(text, errors="surrogateescape")

    with pytest.raises(BadSettings) as raised:
        GeoJsonDistricts(tmp_path / "city.geojson")

    said = known("ru", raised.value.message)
    assert said == f"Не удаётся прочитать районы из {tmp_path / 'city.geojson'}: {why}."


@pytest.mark.parametrize(
    ("said", "russian"),
    [
        (
            "camera: hardware must be auto, none, or what FFmpeg has here: cuda, qsv.",
            "camera: hardware: ожидается auto, none или то, что есть здесь в FFmpeg: cuda, qsv.",
        ),
        (
            "HOMEWARD_MODEL_BATCHING, a.b, must be left out: there is no such word.",
            "HOMEWARD_MODEL_BATCHING, a.b: такого слова нет, уберите его.",
        ),
        ("1 to 1,000,000 MB", "от 1 до 1\u00a0000\u00a0000 МБ"),
        ("This is no bot token.", "Это не токен бота."),
        ("lat must be between -90 and 90.", "lat должна быть от -90 до 90."),
    ],
)
def test_sentences_with_lists_and_numbers_are_russian_throughout(said, russian):
    assert known("ru", said) == russian


def test_a_key_file_of_the_bot_that_is_not_there_is_said(told):
    said = told("bot", "--console", "--server", "http://127.0.0.1:1", "--key-file", "nothing", code=2)

    assert said == "homeward: Не удаётся прочитать nothing. (key_file)\n"


def test_a_refusal_of_one_photo_of_several_is_russian_throughout(told, photos, tmp_path):
    (tmp_path / "pets" / "rex").mkdir(parents=True)
    (tmp_path / "pets" / "rex" / "1.jpg").write_bytes(photo(1))
    (tmp_path / "pets" / "rex" / "2.jpg").write_bytes(b"broken")

    said = told("import", "pets", *KEEP, code=1)

    assert "rex: Фотография 2 из 2: Файл — не картинка JPEG, PNG, WebP, AVIF или HEIC.\n" in said
    assert "загружено 0, уже были 0, не удалось 1\n" in said


def test_a_photo_that_an_import_misses_is_named_in_russian(told, tmp_path):
    (tmp_path / "pets.csv").write_text("shelf,photos\nlost,gone.jpg\n")

    said = told("import", "pets.csv", *KEEP, code=1)

    assert "строка 2: Не удаётся прочитать gone.jpg: нет такого файла или папки.\n" in said


def test_what_a_calibration_leads_to_is_told_in_russian(monkeypatch, capsys):
    monkeypatch.setenv("HOMEWARD_LANG", "ru")
    fitted, what = calibrated(gaussian(), Species.CAT, Part.FACE)

    _tell(entry(fitted, what, source="test"), _expected(what), None, None)

    told = capsys.readouterr().out
    assert english_in(told) == []
    assert re.search(r"хозяева узнают о \d+\u00a0% замеченных", told)
    assert re.search(r"день: деревня [\d.e-]+, пригород [\d.e-]+, город [\d.e-]+\n", told)
    assert re.search(r"\n10\u00a0000 +1 +\d+\u00a0% +от \d+\u00a0% до \d+\u00a0%", told)


def test_a_wrong_setting_is_said_in_russian_with_what_it_is_for(told):
    said = told("doctor", code=2, HOMEWARD_PORT="many")

    assert said.splitlines() == [
        "homeward: HOMEWARD_PORT: ожидается целое число, а не 'many'. (port)",
        "  Порт, на котором ждать запросов; 0 — любой свободный.",
    ]


def test_a_story_on_the_command_line_in_russian(told, photos):
    found = told("report", "found", "seen.jpg", *KEEP, "--lat", 57.6, "--lon", 39.85)
    lost = told("report", "lost", "own.jpg", *KEEP, "--lat", 57.6, "--lon", 39.85)
    ids = [re.search(r"Объявление о \w+ (\w+)", said)[1] for said in (lost, found)]

    assert "Среди пропавших пока никто не похож." in found
    assert "Вероятность" in told("matches", ids[0])
    assert told("verdict", *ids, "different").startswith("другой: ")
    assert "homeward: Это объявление не из раздела «пропажи».\n" in told("matches", ids[1], code=2)
    assert "фотографий: 2" in told("backup", "b.tar")
    assert "используется homeward-embedder-3" in told("reindex")
    assert told("export", "out.csv") == "объявлений: 2, файл out.csv\n"


def test_the_doctor_says_in_russian_what_is_wrong_and_how_to_mend_it(told, photos, tmp_path):
    told("report", "found", "seen.jpg", *KEEP)
    kept = next((tmp_path / "data" / "photos").rglob("*.jpg"))
    kept.write_bytes(b"damaged")
    (tmp_path / "data").chmod(0o755)

    head, *lines = told("doctor", code=1, HOMEWARD_PROT="1").splitlines()
    rows = [re.split(r" {2,}", line.strip()) for line in lines if not line.startswith(" ")]  # but for long cells' rest

    assert re.split(r" {2,}", head.strip()) == ["Проверка", "Что видно", "Что сделать"]
    assert {state for state, *_ in rows} == {"хорошо", "внимание", "плохо"}
    assert "папка: в записях 1, искали 1, не нашлось 0, прочитано 1, испорчено 1" in [row[2] for row in rows]
    assert "Верните их из резервной копии или из старых версий в бакете" in [row[-1] for row in rows]


def test_programs_read_the_same_whatever_the_language(run, tmp_path):
    english, russian = (run("doctor", "--json", HOMEWARD_LANG=language).stdout for language in ("en", "ru"))

    assert english == russian


@pytest.mark.parametrize("alphabet", ["koi8-r", "ascii"])
def test_a_terminal_that_lacks_a_sign_shows_the_rest(tmp_path, alphabet):
    environment = {**os.environ, "HOMEWARD_LANG": "ru", "PYTHONIOENCODING": alphabet}

    answer = subprocess.run([*RUN, "--help"], check=False, capture_output=True, cwd=tmp_path, env=environment)

    assert answer.returncode == 0
    assert "homeward demo" in answer.stdout.decode(alphabet)


def test_what_a_watch_shows_meanwhile_is_russian(monkeypatch):
    monkeypatch.setenv("HOMEWARD_LANG", "ru")
    status = Status("yard", State.STALLED, "The host of rtsp://yard is not known.", "Check the address.", is_busy=True)
    console = Console(width=200)

    with console.capture() as capture:
        console.print(_drawn([status], {"waiting": 2, "sent": 1, "refused": 0, "dropped": 0}))

    told = capture.get()
    assert english_in(told) == []
    assert "прервалась, движение" in told
    assert "Адрес из rtsp://yard не найден." in told
    assert "ждут 2, отправлено 1, отклонено 0, стёрто 0" in told
