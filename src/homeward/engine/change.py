"""Change: a report and what a person wants of it in, the report as it then is out. Never stores."""

from dataclasses import dataclass, fields, replace

from homeward.domain.filing import ReportChange
from homeward.domain.reports import Report, Shelf, Status
from homeward.engine.intake import MAX_LENGTHS, check_text, check_time
from homeward.engine.wiring import Ports
from homeward.errors import Forbidden, InvalidInput

SURE = 1.0  # of a species that a person names
CHANGEABLE = tuple(part.name for part in fields(ReportChange) if part.name != "clear")


@dataclass(frozen=True, slots=True)
class Change:
    """What may be changed, and what follows from it."""

    ports: Ports

    def check(self, change: ReportChange) -> None:
        """Refuse what no report can have.

        Raises:
            InvalidInput: a text is too long, or the time lies ahead or long ago.
        """
        check_time(change.happened_at, self.ports.clock)
        for field, most in MAX_LENGTHS.items():
            check_text(field, getattr(change, field), most)

    def __call__(self, before: Report, change: ReportChange) -> Report:
        """``before`` with the changes and what depends on them: how sure the species is, the district, the end.

        Raises:
            Forbidden: only operators hide, and show what is hidden.
            InvalidInput: an owner's field on a found animal.
        """
        given = {name: getattr(change, name) for name in CHANGEABLE if getattr(change, name) is not None}
        after = replace(before, **{**given, **dict.fromkeys(change.clear)})
        if "species" in given:
            after = replace(after, species_confidence=SURE)
        if after.place != before.place:
            district = self.ports.districts.district(after.place) if after.place else None
            after = replace(after, district=district)
        if after.status is not before.status:
            after = self._ended(before, after)
        if before.shelf is Shelf.FOUND and after.home is not None:
            raise InvalidInput("Only a lost pet has a home here.", field="home_lat")
        if before.shelf is Shelf.FOUND and after.secret_mark is not None:
            raise InvalidInput("Only an owner keeps a mark back.", field="secret_mark")
        return after

    def _ended(self, before: Report, after: Report) -> Report:
        """With the moment at which it ended, or was opened again."""
        check_not_hidden(before.status, after.status)
        return after.with_status(after.status, self.ports.clock.now())


def check_not_hidden(*statuses: Status) -> None:
    """Of a report, as it is and as it would be.

    Raises:
        Forbidden: it is hidden, or would be.
    """
    if Status.HIDDEN in statuses:
        hint = "If you think that this is a mistake, tell the operators so on the page /privacy."
        raise Forbidden("Operators alone hide reports and show them again.", field="status", hint=hint)
