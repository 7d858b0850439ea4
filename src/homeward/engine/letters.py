"""Letters: people who are told by e-mail. An address counts once its owner has confirmed it."""

from dataclasses import dataclass, replace

from homeward.domain.accounts import EMAIL, Account
from homeward.domain.devices import PUSH
from homeward.domain.ids import AccountId, ReportId, new_token
from homeward.domain.reports import Report, Status
from homeward.engine.show import get_report
from homeward.engine.wiring import Ports
from homeward.errors import Conflict, OtherAddress, TokenExpired
from homeward.ports import ReportQuery, UnitOfWork

MOST_REPORTS = 100


@dataclass(frozen=True, slots=True)
class Letters:
    """Who gets news of which report by e-mail."""

    ports: Ports

    def check(self, report_id: ReportId, address: str) -> None:
        """Whether news of the report may go to ``address``, once that is confirmed.

        Raises:
            NotFound: the report is gone.
            Conflict: its sender is on a messenger already.
            OtherAddress: it goes to another address.
        """
        with self.ports.database.read() as work:
            account = work.accounts.get(get_report(work, report_id).account_id)
        _check_free(account, address.lower())

    def bind(
        self, report_id: ReportId, token_version: int, address: str, language: str, utc_offset_min: int | None
    ) -> Account:
        """The address is confirmed: news of the report goes there.

        ``token_version`` is that of the link with which it was asked for. Whoever has the link of one report decides
        for that report alone: where its account has others, they stay with the account.

        Raises:
            NotFound: the report is gone.
            TokenExpired: the link has been revoked since.
            Conflict, OtherAddress: as `check`.
        """
        address = address.lower()
        with self.ports.database.write() as work:
            work.alone(f"account:{EMAIL}:{address}")
            report = get_report(work, report_id)
            if report.token_version != token_version:
                raise TokenExpired("The link of this report is a newer one.", hint="Ask for a new letter on its page.")
            _check_free(work.accounts.get(report.account_id), address)
            is_alone = len(work.reports.find(ReportQuery(account_id=report.account_id, limit=2))) == 1
            own = report.account_id if is_alone else AccountId(new_token())
            new = work.accounts.at(EMAIL, address) or Account(own, EMAIL, address, language, self.ports.clock.now())
            account = replace(new, language=language, utc_offset_min=utc_offset_min, reachable=True)
            work.accounts.save(account)
            if report.account_id != account.id:
                work.reports.update(replace(report, account_id=account.id))
                _follow(work, report.account_id, account.id, is_alone=is_alone)
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


def _check_free(account: Account | None, address: str) -> None:
    """Only whoever reads the letters may end them, which the link under each of them does."""
    if account is not None and account.messenger not in {EMAIL, PUSH}:
        raise Conflict("News of this report goes to a messenger.", hint="Change it in the chat.")
    if account is not None and account.messenger == EMAIL and account.reachable and account.address != address:
        raise OtherAddress("News of this report goes to another address.", field="email")


def _follow(work: UnitOfWork, former: AccountId, account_id: AccountId, *, is_alone: bool) -> None:
    """What else belongs to a report that went to another account; where others are left, its browsers tell of both."""
    if is_alone:
        work.devices.move(former, account_id)
        work.outbox.move(former, account_id)
        work.accounts.remove(former)
        return
    for device in work.devices.of_account(former):
        work.devices.save(replace(device, account_id=account_id))
