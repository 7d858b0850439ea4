"""Reports on the command line: file, look at matches, judge, erase."""

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from homeward.cli.common import AsJson, Data, client, language, percent, say, show_json, table, words
from homeward.errors import InvalidInput
from homeward.locales import distance

Shelf = Literal["lost", "found"]
DATE = 16  # characters of 2026-11-20T15:30


def register(app: App) -> None:
    """Add the commands."""
    for command in (report, matches, verdict, erase):
        app.command(command)


def report(
    shelf: Shelf,
    photos: Annotated[list[Path], Parameter(negative=())],
    *,
    species: Literal["auto", "cat", "dog"] = "auto",
    lat: float | None = None,
    lon: float | None = None,
    home_lat: float | None = None,
    home_lon: float | None = None,
    happened_at: str | None = None,
    held: Literal["held", "seen_loose"] | None = None,
    name: str | None = None,
    description: str | None = None,
    contact: str | None = None,
    about: str | None = None,
    animal: int = 0,
    keep_without_animal: Annotated[bool, Parameter(negative="")] = False,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Report a lost or a found pet, and see the matches at once.

    For example: homeward report lost cat.jpg --lat 57.6 --lon 39.85

    Parameters
    ----------
    shelf
        lost or found.
    photos
        One to ten pictures of the animal.
    species
        cat or dog; auto lets the detector say.
    lat
        Latitude of where it was last seen or found.
    lon
        Longitude of where it was last seen or found.
    home_lat
        Latitude of the home of a lost pet; stays private.
    home_lon
        Longitude of the home of a lost pet.
    happened_at
        When, for example 2026-11-20T18:30+03:00; default now.
    held
        Whether a found animal is held or was seen loose.
    name
        Its name.
    description
        Marks, collar, character.
    contact
        How to reach you; never shown to strangers.
    about
        Id of the lost report that you answer.
    animal
        Which animal on the first photo; 0 is the largest.
    keep_without_animal
        Keep a photo on which no animal is seen; needs --species.
    """
    fields: dict[str, Any] = {
        "species": species, "lat": lat, "lon": lon, "home_lat": home_lat, "home_lon": home_lon,
        "happened_at": happened_at, "held": held, "name": name, "description": description, "contact": contact,
        "about": about, "animal": animal, "keep_without_animal": keep_without_animal,
    }  # fmt: skip
    with client(data, looking=True) as server:
        filed = server.report(shelf, [_read(photo) for photo in photos], **fields)
    if json:
        show_json(filed)
        return
    print(say(f"filed_{shelf}", id=filed["id"]))
    print(say("link", link=filed["link"]))
    if filed["pending"]:
        print(say("pending"))
    elif shelf == "lost":
        _show_matches(filed["matches"])
    else:
        count = len(filed["matches"])
        print(say("owners", count=count) if count else say("nothing_lost"))


def matches(
    lost_id: str,
    *,
    sort: Literal["degree", "l2_distance", "distance_km", "seen_at", "district"] = "degree",
    district: Annotated[list[str] | None, Parameter(negative=())] = None,
    max_km: float | None = None,
    since: str | None = None,
    until: str | None = None,
    min_degree: float | None = None,
    source: Literal["person", "camera"] | None = None,
    verdict: Literal["same", "different", "unsure", "none"] | None = None,
    limit: int = 20,
    data: Data = None,
    json: AsJson = False,
    csv: Annotated[bool, Parameter(negative="")] = False,
    geojson: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Show the matches of a lost pet, best first.

    Parameters
    ----------
    lost_id
        Id of the lost report.
    sort
        What to sort by.
    district
        Only these districts.
    max_km
        At most so far from home.
    since
        Seen at this moment or later.
    until
        Seen at this moment or earlier.
    min_degree
        At least this degree, 0 to 1.
    source
        Only people's reports, or only cameras'.
    verdict
        Only what was judged so; none: not judged yet.
    limit
        At most so many.
    csv
        Print CSV.
    geojson
        Print GeoJSON.
    """
    filters: dict[str, Any] = {
        "sort": sort, "district": district, "max_km": max_km, "since": since, "until": until,
        "min_degree": min_degree, "source": source, "verdict": verdict, "limit": limit,
    }  # fmt: skip
    with client(data, is_asked=True) as server:
        if csv or geojson:
            print(server.matches_as(lost_id, "text/csv" if csv else "application/geo+json", **filters))
            return
        page = server.matches(lost_id, **filters)
    if json:
        show_json(page)
        return
    _show_matches(page["items"])
    if page["hidden"]:
        print(say("hidden", count=page["hidden"]))


def verdict(
    lost_id: str,
    found_id: str,
    says: Literal["same", "different", "unsure"],
    *,
    close: Annotated[bool, Parameter(negative="")] = False,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Say what you think of a match.

    Parameters
    ----------
    lost_id
        Id of the lost report.
    found_id
        Id of the found report.
    says
        same, different or unsure; it counts for the whole encounter.
    close
        With same: the pet is home, the case is closed.
    """
    with client(data, is_asked=True) as server:
        answer = server.verdict(lost_id, found_id, says, close=close)
    show_json(answer) if json else print(f"{words(says)}: {', '.join(answer['found_ids'])}")


def erase(report_id: str, *, data: Data = None) -> None:
    """Erase a report for good: rows, vectors, photos.

    Parameters
    ----------
    report_id
        Id of a lost or a found report.
    """
    with client(data, is_asked=True) as server:
        server.delete(f"/reports/{report_id}")


def _read(photo: Path) -> bytes:
    if photo.is_dir():
        hint = f"Name the photos of one animal ({photo}/*.jpg), or give a folder of animals to homeward import."
        raise InvalidInput(f"{photo} is a folder.", field="photos", hint=hint)
    try:
        return photo.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{photo} cannot be read: {error.strerror}.", field="photos") from error


def _show_matches(items: list[dict[str, Any]]) -> None:
    if not items:
        print(say("no_matches"))
        return
    columns = [say(key) for key in ("rank", "degree")] + ["L2", *(say(key) for key in ("distance", "when", "where"))]
    rows = [_row(number, item) for number, item in enumerate(items, start=1)]
    table([*columns, say("source"), say("found"), ""], rows)


def _row(number: int, item: dict[str, Any]) -> list[str]:
    place = item["place"] or {}
    km = "" if item["distance_km"] is None else distance(language(), item["distance_km"])
    camera = item["camera"]
    return [
        str(number),
        f"{percent(item['degree'])} {item['degree_text']}",
        f"{item['l2_distance']:.2f}",
        km,
        item["seen_at"][:DATE].replace("T", " "),
        place.get("district") or place.get("name") or "",
        say("camera", name=camera["name"]) if camera else say("person"),
        item["found_id"],
        "; ".join([*(reason["text"] for reason in item["reasons"]), *_breed(item["breed"])]),
    ]


def _breed(guess: dict[str, Any] | None) -> list[str]:
    return [say("breed", name=guess["name"], percent=percent(guess["probability"]))] if guess else []
