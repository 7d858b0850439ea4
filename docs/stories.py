"""Write docs/stories: what two people did and read from two photos to a handover, as the end-to-end test plays it."""

import tempfile
from pathlib import Path

from PIL import Image

from tests.e2e import story

FOLDER = Path(__file__).parent / "stories"
TITLE = {"en": "From two photos to a handover", "ru": "От двух фотографий до встречи"}
NOTE = {
    "en": "Played by `python -m docs.stories` on a real server, its models and its bot; only Telegram is a stand-in. "
    "The cat is Chelsea, a photograph in the public domain; there is no such lost cat.",
    "ru": "Сыграно командой `python -m docs.stories` на настоящем сервере с его моделями и ботом; подставной только "
    "Telegram. На снимках Челси, фотография из общественного достояния; такая кошка не терялась.",
}
BOT = {"en": "Bot", "ru": "Бот"}
WIDE = 360


def page(told: story.Transcript, folder: Path) -> str:
    """The transcript as Markdown; its pictures go into ``folder``."""
    language, parts = told.language, []
    for number, line in enumerate(told.lines):
        who = BOT[language] if line.who == "bot" else line.who
        parts.append(f"**{who}:**")
        for n, data in enumerate(line.pictures):
            name = f"{language}-{number:02d}-{n}.jpg"
            _shrink(data, folder / name)
            parts.append(f"![]({name})")
        parts += [f"> {words}" for words in line.words.splitlines() if words]
        if line.buttons:
            parts.append(" ".join(f"`{label}`" for label in line.buttons))
    body = "\n\n".join(parts).replace("\n\n> ", "\n>\n> ").replace(":**\n>\n>", ":**\n\n>").replace(")\n>\n>", ")\n\n>")
    return f"# {TITLE[language]}\n\n{NOTE[language]}\n\n{body}\n"


def _shrink(data: bytes, path: Path) -> None:
    import io

    with Image.open(io.BytesIO(data)) as image:
        small = image.convert("RGB")
        small.thumbnail((WIDE, WIDE))
        small.save(path, "JPEG", quality=80)


def main() -> None:
    """Play the story in both languages and write it down."""
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.jpg"):
        old.unlink()
    for language in TITLE:
        with tempfile.TemporaryDirectory() as folder:
            told = story.told(Path(folder), language)
        (FOLDER / f"{language}.md").write_text(page(told, FOLDER), encoding="utf-8")


if __name__ == "__main__":
    main()
