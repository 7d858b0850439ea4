"""More than one pet on the photos of a report: seen, and told of one after the other. Says nothing itself."""

from homeward.bot.turn import State

OTHER = {"cat": "dog", "dog": "cat"}
SAME_FOR_BOTH = ("shelf", "lat", "lon", "address", "happened_at")


def kind_meant(draft: State) -> str | None:
    """Where both kinds are seen, the one that is on every photo with an animal; None where that is none, or both."""
    kinds = _kinds(draft)
    common = set.intersection(*kinds) if kinds else set()
    return str(*common) if len(common) == 1 and common != set().union(*kinds) else None


def is_mixed(draft: State) -> bool:
    """Whether both kinds are seen on several photos, and nobody can say which one is meant."""
    kinds = _kinds(draft)
    return len(kinds) > 1 and len(set().union(*kinds)) > 1 and kind_meant(draft) is None


def has_company(draft: State) -> bool:
    """Whether one of several photos shows two animals of a kind: nobody can say which of them the others show."""
    photos = draft["photos"]
    return len(photos) > 1 and any(len(seen) > len(set(seen)) for seen in map(_seen, photos))


def split(draft: State) -> None:
    """What shows the other kind alone goes to the report that follows; what shows both stands in both."""
    first = next(seen[0] for seen in map(_seen, draft["photos"]) if seen)
    after = draft.setdefault("next", {"species": OTHER[first], "photos": []})
    kind = draft["species"] = OTHER[after["species"]]
    others = [photo for photo in draft["photos"] if OTHER[kind] in _seen(photo)]
    after["photos"] += [photo for photo in others if photo not in after["photos"]]
    draft["photos"] = [photo for photo in draft["photos"] if not _seen(photo) or kind in _seen(photo)]
    if "description" in draft and "name" not in draft:
        after["description"] = draft["description"]


def following(draft: State) -> State | None:
    """The report that comes after this one: of the other pet, with the same place and time."""
    if "next" not in draft:
        return None
    same = {name: draft[name] for name in SAME_FOR_BOTH if name in draft}
    answered = [name for name in draft.get("answered", []) if name in {"where", "when"}]
    return {"about": None, "answered": answered, "seen": draft["next"]["species"], **same, **draft["next"]}


def _kinds(draft: State) -> list[set[str]]:
    return [set(seen) for seen in map(_seen, draft["photos"]) if seen]


def _seen(photo: State) -> list[str]:
    """The kinds of the animals on a photo, the largest first."""
    return list(photo.get("animals", ()))
