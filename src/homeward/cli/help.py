"""Help in the person's language: what cyclopts is about to draw in, the same with words of the phrase book out."""

import re
from typing import TYPE_CHECKING, Any

from cyclopts.help import ColumnSpec, DefaultFormatter, DescriptionRenderer, HelpEntry, HelpPanel, InlineText

from homeward.cli.common import language, words

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions

KIND = re.compile(r"\b[A-Z]{3,}\b")  # of a value, as cyclopts calls it: PATH, INT, CHOICE


class Help:
    """Draws usage, description and panels; in English all is left to cyclopts."""

    def __call__(self, console: "Console", options: "ConsoleOptions", panel: HelpPanel) -> None:
        """A panel of commands or of parameters."""
        if language() == "en":
            DefaultFormatter()(console, options, panel)
            return
        title, entries = words(str(panel.title)), [_entry(entry) for entry in panel.entries]
        columns = _columns if panel.format == "parameter" else None
        DefaultFormatter(column_specs=columns)(console, options, panel.copy(title=title, entries=entries))

    def render_usage(self, console: "Console", options: "ConsoleOptions", usage: Any) -> None:
        """The first line."""
        if language() == "en":
            DefaultFormatter().render_usage(console, options, usage)
            return
        from rich.text import Text

        console.print(Text(words(f"Usage: {_kinds(str(usage))}"), style="bold"))

    def render_description(self, console: "Console", options: "ConsoleOptions", description: Any) -> None:
        """What the command does."""
        told = description if language() == "en" else _told(description)
        DefaultFormatter().render_description(console, options, told)


def paragraphs(help_text: str) -> list[str]:
    """The keys of a help text: each of its paragraphs in one line."""
    return [" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", help_text) if paragraph.strip()]


def _told(description: Any) -> Any:
    """A description in the person's language; what is none of ours as it is."""
    english = getattr(getattr(description, "primary_renderable", None), "markup", None)
    if english is None:
        return description
    told = "\n\n".join(words(paragraph) for paragraph in paragraphs(english))
    return InlineText.from_format(told + "\n", format="markdown", force_empty_end=description.force_empty_end)


def _entry(entry: HelpEntry) -> HelpEntry:
    metavar = _kinds(entry.metavar) if entry.metavar else entry.metavar
    return entry.copy(description=_told(entry.description), metavar=metavar)


def _kinds(text: str) -> str:
    return KIND.sub(lambda kind: words(kind[0]), text)


def _columns(console: "Console", options: "ConsoleOptions", entries: list[HelpEntry]) -> tuple[ColumnSpec, ...]:
    """Those of cyclopts, but what it adds to a description (choices, default, required) is in our words."""
    from cyclopts.help.specs import get_default_parameter_columns

    *others, last = get_default_parameter_columns(console, options, entries)
    return (*others, last.copy(renderer=_described))


def _described(entry: HelpEntry) -> Any:
    from rich.text import Text

    drawn = DescriptionRenderer()(entry)
    if isinstance(drawn, InlineText):
        drawn.texts = [Text(words(text.plain), text.style) for text in drawn.texts]
    return drawn
