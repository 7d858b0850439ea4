"""Letters: people who are told by e-mail. An address counts once its owner has confirmed it."""

from dataclasses import dataclass, replace

from homeward.domain.accounts import EMAIL, Account
from homeward.domain.devices import PUSH
from homeward.domain.ids import AccountId, ReportId
from homeward.domain.reports import Report, Status
from homeward.engine.show import get_report
from homeward.engine.wiring import Ports
from homeward.errors import Conflict
from homeward.ports import ReportQuery

MOST_REPORTS = 100


@dataclass(frozen=True, slots=True)
class Letters:
    """Who gets news of which report by e-mail."""

    ports: Ports

    def check(self, report_id: ReportId) -> None:
        """Whether news of the report may go to an address at all.

        Raises:
            Conflict: its sender is on a messenger already.
        """
        with self.ports.database.read() as work:
            account = work.accounts.get(get_report(work, report_id).account_id)
        if account is not None and account.messenger not in {EMAIL, PUSH}:
            raise Conflict("News of this report goes to a messenger.", hint="Change it in the chat.")

    def bind(self, report_id: ReportId, address: str, language: str, utc_offset_min: int | None) -> Account:
        """The address is confirmed: news of the report goes there, with that of all others of the same person.

        Raises:
            NotFound: the report is gone.
            Conflict: its sender is on a messenger already.
        """
        self.check(report_id)
        address = address.lower()
        with self.ports.database.write() as work:
            work.alone(f"account:{EMAIL}:{address}")
            report = get_report(work, report_id)
            known = work.accounts.at(EMAIL, address)
            former = work.accounts.get(report.account_id)
            now = self.ports.clock.now()
            new = known or Account(report.account_id, EMAIL, address, language, now)
            account = replace(new, language=language, utc_offset_min=utc_offset_min, reachable=True)
            if former is not None and former.id == account.id and former.address != address:
                account = replace(account, address=address)
            if former is not None and former.id != account.id and former.messenger == PUSH:
                work.accounts.remove(former.id)
            work.devices.move(report.account_id, account.id)
            work.accounts.save(account)
            if report.account_id != account.id:
                work.reports.update(replace(report, account_id=account.id))
                work.outbox.move(report.account_id, account.id)
        return account

    def reports_of(self, address: str) -> tuple[Account | None, list[Report]]:
        """The person there, and their reports: open ones first, then those that ended, each newest first."""
        with self.ports.database.read() as work:
            account = work.accounts.at(EMAIL, address.lower())
            if account is None:
                return None, []
            query = ReportQuery(account_id=account.id, limit=MOST_REPORTS)
            still_open = work.reports.find(replace(query, status=Status.OPEN))
            ended = [report for report in work.reports.find(query) if report.status is not Status.OPEN]
            return account, [*still_open, *ended][:MOST_REPORTS]

    def stop(self, account_id: AccountId) -> None:
        """Nothing more goes to this address, until it is confirmed anew; browsers are still told."""
        with self.ports.database.write() as work:
            account = work.accounts.get(account_id)
            if account is not None and work.devices.of_account(account_id):
                work.accounts.save(replace(account, messenger=PUSH, address=account_id))
            elif account is not None:
                work.accounts.save(replace(account, reachable=False))
