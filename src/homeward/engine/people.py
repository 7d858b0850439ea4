"""People: who is there on a messenger, where their dialog stands, and what came in from them. Never talks to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from homeward.domain.accounts import Account
from homeward.domain.ids import AccountId, new_token
from homeward.engine.forget import Forget
from homeward.engine.wiring import Ports
from homeward.errors import Conflict, NotFound
from homeward.ports import ReportQuery, UnitOfWork, Update

EVERY = 100_000


@dataclass(frozen=True, slots=True)
class People:
    """Accounts and the inbox."""

    ports: Ports
    forget: Forget

    def arrive(self, messenger: str, address: str, language: str, numbers: Sequence[int] = ()) -> Account:
        """The account there; a new one for somebody new. ``language`` counts for a new one only.

        Raises:
            Conflict: the updates ``numbers`` that it comes with were worked on or erased meanwhile.
        """
        with self.ports.database.read() as work:
            if numbers and not work.inbox.waits(messenger, numbers):
                raise Conflict("These updates do not wait any more.", hint="There is nothing to do for them.")
            known = work.accounts.at(messenger, address)
        if known is not None and known.reachable:
            return known
        with self.ports.database.write() as work:
            work.alone(f"account:{messenger}:{address}")
            known = work.accounts.at(messenger, address)
            now = self.ports.clock.now()
            new = known or Account(AccountId(new_token()), messenger, address, language, now)
            account = replace(new, reachable=True)
            work.accounts.save(account)
        return account

    def get(self, account_id: AccountId) -> Account:
        """The account.

        Raises:
            NotFound: there is none.
        """
        with self.ports.database.read() as work:
            return _account(work, account_id)

    def change(self, account_id: AccountId, **fields: Any) -> Account:
        """Set ``language``, ``utc_offset_min``, ``quiet`` or ``reachable``."""
        with self.ports.database.write() as work:
            account = replace(_account(work, account_id), **fields)
            work.accounts.save(account)
        return account

    def save_dialog(
        self, account_id: AccountId, dialog: Mapping[str, Any], step: str, worked_on: Sequence[int]
    ) -> Account:
        """Where the dialog stands now; what was worked on for it is done in the same transaction."""
        with self.ports.database.write() as work:
            account = replace(_account(work, account_id), dialog=dialog, step=step)
            work.accounts.save(account)
            work.inbox.done(account.messenger, worked_on)
        return account

    def take_in(self, messenger: str, updates: Sequence[tuple[int, str, str]]) -> int:
        """Keep what came in (number, address, body) until it is worked on; how many were new."""
        now = self.ports.clock.now()
        with self.ports.database.write() as work:
            return sum([work.inbox.add(messenger, number, address, body, now) for number, address, body in updates])

    def waiting(self, messenger: str, seq: int, limit: int) -> list[Update]:
        """What came in after ``seq`` and is not worked on yet."""
        with self.ports.database.read() as work:
            return work.inbox.after(messenger, seq, limit)

    def drop(self, messenger: str, numbers: Sequence[int]) -> None:
        """Not to be worked on."""
        with self.ports.database.write() as work:
            work.inbox.done(messenger, numbers)

    def leave(self, account_id: AccountId) -> int:
        """Erase an account with all its reports and all that came from it; how many reports went."""
        with self.ports.database.read() as work:
            reports = work.reports.find(ReportQuery(account_id=account_id, limit=EVERY))
            account = _account(work, account_id)
        for report in reports:
            self.forget.erase(report.id)
        with self.ports.database.write() as work:
            work.accounts.remove(account_id)
            work.devices.forget(account_id)
            work.inbox.forget(account.messenger, account.address)
        return len(reports)


def _account(work: UnitOfWork, account_id: AccountId) -> Account:
    account = work.accounts.get(account_id)
    if account is None:
        raise NotFound("There is no such account.", field="account")
    return account
