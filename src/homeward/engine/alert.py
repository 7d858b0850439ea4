"""Alert: stored matches in; in the outbox, what owners and finders are to be told of them. Delivers nothing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from homeward.domain.calibration import Calibration
from homeward.domain.ids import ReportId
from homeward.domain.matches import Match, ReasonCode
from homeward.domain.reports import Report, Source, Standing
from homeward.engine.afar import FromAfar
from homeward.ports import AlertKind, Clock, NewAlert, UnitOfWork

GRACE = timedelta(seconds=60)
"""Whoever has just filed sees the matches in the answer; the alert is for when they do not."""


@dataclass(frozen=True, slots=True)
class Matched:
    """The matches that were found by ``calibration`` for a report; None where that was erased meanwhile."""

    asked: Report | None
    calibration: Calibration
    matches: Sequence[Match]


@dataclass(frozen=True, slots=True)
class _Telling:
    """What somebody is to be told of a match, with what degree, since a report was ``asked`` about."""

    kind: AlertKind
    match: Match
    degree: float
    asked: Report | None

    @property
    def told_id(self) -> ReportId:
        """The report of whoever is told."""
        return self.match.lost_id if self.kind is AlertKind.MATCH else self.match.found_id


@dataclass(frozen=True, slots=True)
class Alert:
    """Queues alerts of what is likely; ``alert_degree`` None leaves it to each calibration what that is."""

    clock: Clock
    alert_degree: float | None

    def __call__(self, work: UnitOfWork, matched: Sequence[Matched], standings: Mapping[ReportId, Standing]) -> None:
        """One alert for each pair of lost report and encounter, of the best sighting; judged ones make none.

        In the order of their keys: two transactions that queue the same ones then never wait for each other in a ring.
        """
        tellings = [telling for one in matched for telling in self._tellings(work, one, standings)]
        ids = {report_id for one in tellings for report_id in (one.told_id, one.match.lost_id)}
        reports = {report.id: report for report in work.reports.get_many(sorted(ids))}
        alerts = [
            self._new(one, reports[one.told_id])
            for one in tellings
            if one.kind is AlertKind.MATCH or reports[one.told_id].account_id != reports[one.match.lost_id].account_id
        ]
        for alert in sorted(alerts, key=lambda new: (new.key, -new.degree)):
            work.outbox.add(alert)

    def _tellings(
        self, work: UnitOfWork, matched: Matched, standings: Mapping[ReportId, Standing]
    ) -> Iterator[_Telling]:
        """Finders are told by the degree from afar: whether one is told must not tell either where a home lies."""
        afar = FromAfar(work, matched.calibration)
        least = matched.calibration.alert_degree if self.alert_degree is None else self.alert_degree
        for match in matched.matches:
            if match.verdict is not None:
                continue
            if match.degree >= least or _is_answer(match):
                yield _Telling(AlertKind.MATCH, match, match.degree, matched.asked)
            if _is_finders(match, standings):
                degree = afar.degree(match, standings[match.lost_id], standings[match.found_id], least=least)
                if degree >= least:
                    yield _Telling(AlertKind.OWNER_NEAR, match, degree, matched.asked)

    def _new(self, telling: _Telling, told: Report) -> NewAlert:
        """For the account of ``told``."""
        now, match, asked = self.clock.now(), telling.match, telling.asked
        pair = match.encounter_id if telling.kind is AlertKind.MATCH else match.found_id
        has_just_filed = asked is not None and told.id == asked.id and now - asked.created_at < GRACE
        return NewAlert(
            key=f"{telling.kind}:{match.lost_id}:{pair}",
            kind=telling.kind,
            account_id=told.account_id,
            lost_id=match.lost_id,
            found_id=match.found_id,
            encounter_id=match.encounter_id,
            degree=telling.degree,
            created_at=now,
            due_at=now + GRACE if has_just_filed else now,
        )


def _is_finders(match: Match, standings: Mapping[ReportId, Standing]) -> bool:
    """Whether somebody found the animal who would like to hear of its owner, and has not answered them already."""
    return standings[match.found_id].source is Source.PERSON and not _is_answer(match)


def _is_answer(match: Match) -> bool:
    return any(reason.code is ReasonCode.FINDER_ANSWERED for reason in match.reasons)
