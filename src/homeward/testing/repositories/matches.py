"""Matches on dictionaries, and the owner's view of them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from homeward.domain.ids import CropId, EncounterId, ModelName, ReportId
from homeward.domain.matches import Match, MatchPage, MatchQuery, MatchView, Sort, Verdict
from homeward.domain.reports import Status
from homeward.testing.repositories.tables import Repository


class MemoryMatches(Repository):
    """`homeward.ports.Matches`."""

    def save(self, matches: Sequence[Match]) -> list[Match]:
        """Insert, or update all but the verdict; the new ones."""
        new = []
        for match in matches:
            key = (match.lost_id, match.found_id)
            old = self.tables.matches.get(key)
            if old is None:
                new.append(match)
            else:
                match = replace(match, verdict=old.verdict, verdict_at=old.verdict_at)  # noqa: PLW2901
            self.tables.matches[key] = match
        return new

    def get(self, lost_id: ReportId, found_id: ReportId) -> Match | None:
        """The match, or None."""
        return self.tables.matches.get((lost_id, found_id))

    def page(self, lost_id: ReportId, query: MatchQuery) -> MatchPage:
        """One page for the owner."""
        hidden = {report.id for report in self.tables.reports.values() if report.status is Status.HIDDEN}
        mine = [m for m in self.tables.matches.values() if m.lost_id == lost_id and m.found_id not in hidden]
        shown = sorted((m for m in mine if self._passes(m, query)), key=lambda m: self._order(m, query.sort))
        end = query.offset + query.limit
        page = [match for match in shown[query.offset : end] if match.found_crop_id in self.tables.crops]
        views = tuple(self._view(match) for match in page)
        return MatchPage(views, len(shown), len(mine) - len(shown), end if end < len(shown) else None)

    def of_found(self, found_id: ReportId, limit: int) -> list[Match]:
        """Matches of a found report, best first."""
        mine = [match for match in self.tables.matches.values() if match.found_id == found_id]
        return sorted(mine, key=lambda m: (-m.degree, m.l2_distance, m.lost_id))[:limit]

    def judged(self, lost_ids: Sequence[ReportId]) -> list[Match]:
        """All matches of these lost reports that have a verdict."""
        return [m for m in self.tables.matches.values() if m.lost_id in lost_ids and m.verdict is not None]

    def judge(self, lost_id: ReportId, encounter_id: EncounterId, verdict: Verdict, when: datetime) -> list[ReportId]:
        """Write the verdict on every match of the encounter."""
        keys = [k for k, m in self.tables.matches.items() if k[0] == lost_id and m.encounter_id == encounter_id]
        for key in keys:
            self.tables.matches[key] = replace(self.tables.matches[key], verdict=verdict, verdict_at=when)
        return [found_id for _, found_id in keys]

    def keep_only(self, lost_id: ReportId, model: ModelName, calibration: str) -> None:
        """Delete unjudged ones that another model or calibration made."""
        for key, match in list(self.tables.matches.items()):
            is_other = (match.model, match.calibration) != (model, calibration)
            if match.lost_id == lost_id and match.verdict is None and is_other:
                del self.tables.matches[key]

    def prune(self, lost_id: ReportId, keep: int) -> None:
        """Delete all but the best ``keep``; judged ones stay."""
        mine = [match for match in self.tables.matches.values() if match.lost_id == lost_id]
        for match in sorted(mine, key=lambda m: (-m.degree, m.l2_distance))[keep:]:
            if match.verdict is None:
                del self.tables.matches[match.lost_id, match.found_id]

    def lose_crops(self, report_id: ReportId, gone: Sequence[CropId], instead: CropId | None) -> None:
        """Delete those of a report that its crops ``gone`` decided; judged ones show another crop ``instead``."""
        for key, match in list(self.tables.matches.items()):
            lost, found = (
                report_id == of and crop in gone
                for of, crop in zip(key, (match.lost_crop_id, match.found_crop_id), strict=True)
            )
            if (lost or found) and (match.verdict is None or instead is None):
                del self.tables.matches[key]
            elif lost and instead is not None:
                self.tables.matches[key] = replace(match, lost_crop_id=instead)
            elif found and instead is not None:
                self.tables.matches[key] = replace(match, found_crop_id=instead)

    def _view(self, match: Match) -> MatchView:
        found = self.tables.reports[match.found_id]
        camera = self.tables.cameras.get(found.camera_id) if found.camera_id else None
        return MatchView(match, found, self.tables.crops[match.found_crop_id], camera)

    def _passes(self, match: Match, query: MatchQuery) -> bool:
        found = self.tables.reports[match.found_id]
        km = match.distance_km
        return (
            (not query.districts or found.district in query.districts)
            and (not query.found_ids or found.id in query.found_ids)
            and (query.max_km is None or (km is not None and km <= query.max_km))
            and (query.since is None or found.happened_at >= query.since)
            and (query.until is None or found.happened_at <= query.until)
            and (query.min_degree is None or match.degree >= query.min_degree)
            and query.source in {None, found.source}
            and query.species in {None, found.species}
            and query.verdict in {None, match.verdict}
            and not (query.unjudged and match.verdict is not None)
        )

    def _order(self, match: Match, sort: Sort) -> tuple[object, ...]:
        best = (-match.degree, match.l2_distance, match.found_id)
        found = self.tables.reports[match.found_id]
        if sort is Sort.L2_DISTANCE:
            return (match.l2_distance, *best)
        if sort is Sort.DISTANCE_KM:
            return (match.distance_km is None, match.distance_km or 0.0, *best)
        if sort is Sort.SEEN_AT:
            return (-found.happened_at.timestamp(), *best)
        if sort is Sort.DISTRICT:
            return (found.district is None, found.district or "", *best)
        return best
