"""Transactions, as ports."""

from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from homeward.ports.desk import Blocks, Complaints, Deeds, Opinions, Petitions, Senders
from homeward.ports.people import Accounts, Answers, Audit, Cameras, Devices, Facts, Figures, Handovers, Keys
from homeward.ports.queues import Inbox, Jobs, Outbox
from homeward.ports.reports import Crops, Embeddings, Expiry, Matches, Photos, Reports


class UnitOfWork(Protocol):
    """One transaction: all repositories, committed together or not at all.

    One row that a writing transaction reads by its id is not changed by others before it ends; of many rows read at
    once none is deleted.
    """

    def alone(self, *names: str) -> None:
        """Nobody else gets past this with one of the ``names`` before the transaction ends."""
        ...

    @property
    def reports(self) -> Reports:
        """See `Reports`."""
        ...

    @property
    def expiry(self) -> Expiry:
        """See `Expiry`."""
        ...

    @property
    def photos(self) -> Photos:
        """See `Photos`."""
        ...

    @property
    def crops(self) -> Crops:
        """See `Crops`."""
        ...

    @property
    def embeddings(self) -> Embeddings:
        """See `Embeddings`."""
        ...

    @property
    def matches(self) -> Matches:
        """See `Matches`."""
        ...

    @property
    def jobs(self) -> Jobs:
        """See `Jobs`."""
        ...

    @property
    def outbox(self) -> Outbox:
        """See `Outbox`."""
        ...

    @property
    def accounts(self) -> Accounts:
        """See `Accounts`."""
        ...

    @property
    def devices(self) -> Devices:
        """See `Devices`."""
        ...

    @property
    def inbox(self) -> Inbox:
        """See `Inbox`."""
        ...

    @property
    def handovers(self) -> Handovers:
        """See `Handovers`."""
        ...

    @property
    def cameras(self) -> Cameras:
        """See `Cameras`."""
        ...

    @property
    def keys(self) -> Keys:
        """See `Keys`."""
        ...

    @property
    def answers(self) -> Answers:
        """See `Answers`."""
        ...

    @property
    def facts(self) -> Facts:
        """See `Facts`."""
        ...

    @property
    def figures(self) -> Figures:
        """See `Figures`."""
        ...

    @property
    def audit(self) -> Audit:
        """See `Audit`."""
        ...

    @property
    def deeds(self) -> Deeds:
        """See `Deeds`."""
        ...

    @property
    def complaints(self) -> Complaints:
        """See `Complaints`."""
        ...

    @property
    def blocks(self) -> Blocks:
        """See `Blocks`."""
        ...

    @property
    def senders(self) -> Senders:
        """See `Senders`."""
        ...

    @property
    def opinions(self) -> Opinions:
        """See `Opinions`."""
        ...

    @property
    def petitions(self) -> Petitions:
        """See `Petitions`."""
        ...


class Database(Protocol):
    """Opens transactions. Leaving the block commits; an exception rolls back."""

    def write(self) -> AbstractContextManager[UnitOfWork]:
        """A transaction that may change rows; writers wait for each other, at least where they want the same ones.

        Raises:
            StorageBusy: the lock did not come in time.
            StorageFull: the disk is full; nothing was changed.
        """
        ...

    def read(self) -> AbstractContextManager[UnitOfWork]:
        """A consistent view that never waits for writers."""
        ...

    def hold(self, name: str) -> AbstractContextManager[bool]:
        """Hold ``name`` among all processes while the block lasts; False where somebody else holds it."""
        ...

    def scrub(self) -> None:
        """Let what was deleted leave the disk, as far as that can be done at once without making anybody wait."""
        ...

    def now(self) -> datetime | None:
        """The time by the database's own clock; None where it has none but this machine's."""
        ...
