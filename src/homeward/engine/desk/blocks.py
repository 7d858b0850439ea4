"""Blocks: who has abused the server is refused, politely and with a way to object. Reading and erasing stay open."""

from dataclasses import dataclass
from datetime import timedelta

from homeward.domain.desk import Actor, Block
from homeward.domain.ids import AccountId, ReportId, new_token
from homeward.engine.desk.log import Log, checked
from homeward.engine.wiring import Ports
from homeward.errors import Blocked, Conflict, NotFound

LISTED = 500


@dataclass(frozen=True, slots=True)
class BlockList:
    """Makes, counts and lifts blocks."""

    ports: Ports
    log: Log

    def block(self, actor: Actor, report_id: ReportId, days: int | None, why: str) -> Block:
        """Whoever sent this report: its account, and the network that it came from while that is known.

        Raises:
            NotFound: there is no such report.
            Conflict: the sender is blocked already, or is a camera.
        """
        words, now = checked(why, "why", least=3), self.ports.clock.now()
        until = None if days is None else now + timedelta(days=days)
        with self.ports.database.write() as work:
            report = work.reports.get(report_id)
            if report is None:
                raise NotFound("There is no such report.", field="report_id")
            if report.camera_id is not None:
                raise Conflict("A camera sent it.", field="report_id", hint="Pause the camera, or revoke its key.")
            caller = work.senders.of_reports([report_id]).get(report_id)
            if work.blocks.against([report.account_id], [caller] if caller else [], now):
                raise Conflict("The sender is blocked already.", field="report_id", hint="See the list of blocks.")
            block = Block(new_token(), report.account_id, caller, words, actor.name, now, until)
            work.blocks.add(block)
            self.log.add(work, actor, "block.add", f"report:{report_id}", words)
        return block

    def lift(self, actor: Actor, block_id: str) -> None:
        """From now on everything is taken again.

        Raises:
            NotFound: there is no such block, or it was lifted before.
        """
        with self.ports.database.write() as work:
            if not work.blocks.lift(block_id, self.ports.clock.now()):
                raise NotFound("There is no such block.", field="block_id", hint="It may have been lifted already.")
            self.log.add(work, actor, "block.lift", f"block:{block_id}")

    def all(self) -> list[Block]:
        """Newest first."""
        with self.ports.database.read() as work:
            return work.blocks.all(LISTED)

    def check(self, account_id: AccountId | None, caller: str | None) -> None:
        """Whether something is taken of this account and from this network.

        Raises:
            Blocked: it is not; says how to object.
        """
        accounts, callers = [account_id] if account_id else [], [caller] if caller else []
        with self.ports.database.read() as work:
            found = work.blocks.against(accounts, callers, self.ports.clock.now())
        if found:
            until = f" until {found[0].until:%d.%m.%Y}" if found[0].until else ""
            raise Blocked(
                f"Nothing is taken from you here{until}. You can still read and erase what is yours.",
                hint="If you think that this is a mistake, tell us so on the page /privacy; a person reads it.",
            )

    def note_sender(self, report_id: ReportId, caller: str) -> None:
        """Keep the mark of where a new report came from."""
        with self.ports.database.write() as work:
            if work.reports.get(report_id) is not None and not work.senders.of_reports([report_id]):
                work.senders.note(report_id, caller, self.ports.clock.now())
