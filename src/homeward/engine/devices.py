"""Devices: browsers that are told of news by web push, beside letters or without any. Never sends anything."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from homeward.domain.accounts import EMAIL, Account
from homeward.domain.devices import MOST_DEVICES, PUSH, Device
from homeward.domain.ids import AccountId, ReportId
from homeward.engine.show import get_report
from homeward.engine.wiring import Ports
from homeward.errors import Conflict


@dataclass(frozen=True, slots=True)
class Devices:
    """Which browsers are told of whose reports."""

    ports: Ports

    def add(
        self, report_id: ReportId, *, endpoint: str, p256dh: str, auth: str, language: str, utc_offset_min: int | None
    ) -> None:
        """News of the report, and of all others of the same person, go to this browser too.

        Raises:
            NotFound: the report is gone.
            Conflict: its sender is on a messenger already.
        """
        now = self.ports.clock.now()
        with self.ports.database.write() as work:
            account_id = get_report(work, report_id).account_id
            known = work.accounts.get(account_id)
            if known is not None and known.messenger not in {EMAIL, PUSH}:
                raise Conflict("News of this report goes to a messenger.", hint="Change it in the chat.")
            if known is None or known.messenger == PUSH or not known.reachable:
                person = Account(account_id, PUSH, account_id, language, now, utc_offset_min)
                work.accounts.save(person)
            work.devices.save(Device(account_id, endpoint, p256dh, auth, language, now))
            for old in work.devices.of_account(account_id)[:-MOST_DEVICES]:
                work.devices.remove(account_id, old.endpoint)

    def secret(self, make: Callable[[], str]) -> str:
        """The server's own key, which browsers bind their subscriptions to: made once, and part of every backup."""
        with self.ports.database.read() as work:
            known = work.keys.secrets(PUSH)
        if not known:
            with self.ports.database.write() as work:
                work.alone(f"secrets:{PUSH}")
                if not work.keys.secrets(PUSH):
                    work.keys.add_secret(PUSH, make(), self.ports.clock.now())
                known = work.keys.secrets(PUSH)
        return known[-1]

    def remove(self, report_id: ReportId, endpoint: str) -> None:
        """This browser is told no more."""
        with self.ports.database.write() as work:
            account_id = get_report(work, report_id).account_id
        self.gone(account_id, endpoint)

    def of(self, account_id: AccountId) -> list[Device]:
        """Those of a person, oldest first."""
        with self.ports.database.read() as work:
            return work.devices.of_account(account_id)

    def gone(self, account_id: AccountId, endpoint: str) -> None:
        """The browser does not take news any more; without another one its person cannot be told of anything."""
        with self.ports.database.write() as work:
            work.devices.remove(account_id, endpoint)
            account = work.accounts.get(account_id)
            if account is not None and account.messenger == PUSH and not work.devices.of_account(account_id):
                work.accounts.save(replace(account, reachable=False))
