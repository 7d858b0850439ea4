"""Whoever speaks Russian reads Russian on the command line, too."""

import re

import pytest
from cyclopts import App
from cyclopts.help import DefaultFormatter
from rich.console import Console

from homeward.cli import app
from homeward.cli.help import paragraphs
from homeward.locales.phrases import known

ENGLISH = re.compile(r"(?:\b[a-z]{2,} ){3,}[a-z]{2,}")
TYPED = re.compile(r"\b(?:homeward|pip|chown|chmod|sudo|install|createdb|createuser|psql|pg_dump)\b[^.;:«»)]*")


def english_in(said: str) -> list[str]:
    """Four English words in a row, which are no command that one may type."""
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
