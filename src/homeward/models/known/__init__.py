"""Cards of good public models that `homeward models pull NAME` fetches from their makers."""

from pathlib import Path

from homeward.errors import NotFound

FOLDER = Path(__file__).parent


def known_names() -> list[str]:
    """All that there are."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def known_card(name: str) -> Path:
    """The card of that name.

    Raises:
        NotFound: there is none; the hint names those that there are.
    """
    if name not in known_names():
        raise NotFound(f"No public model {name} is known.", field="model", hint=f"Known: {', '.join(known_names())}.")
    return FOLDER / f"{name}.yaml"
