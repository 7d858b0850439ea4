"""One transaction: all repositories on one connection."""

from dataclasses import dataclass, field

from sqlalchemy import Connection

from homeward.domain.ids import ReportId
from homeward.storage.sql.access import SqlAnswers, SqlAudit, SqlKeys
from homeward.storage.sql.accounts import SqlAccounts
from homeward.storage.sql.cameras import SqlCameras
from homeward.storage.sql.desk import SqlBlocks, SqlComplaints, SqlDeeds, SqlOpinions, SqlPetitions, SqlSenders
from homeward.storage.sql.devices import SqlDevices
from homeward.storage.sql.dialect import alone
from homeward.storage.sql.embeddings import SqlEmbeddings
from homeward.storage.sql.facts import SqlFacts
from homeward.storage.sql.figures import SqlFigures
from homeward.storage.sql.handovers import SqlHandovers
from homeward.storage.sql.matches import SqlMatches
from homeward.storage.sql.photos import SqlCrops, SqlPhotos
from homeward.storage.sql.queues import SqlInbox, SqlJobs, SqlOutbox
from homeward.storage.sql.reports import SqlExpiry, SqlReports
from homeward.storage.sql.standings import StandingsView


@dataclass(frozen=True, slots=True)
class SqlUnitOfWork:
    """`homeward.ports.UnitOfWork`; ``owner`` is the number of the process that works here.

    ``standings`` are what need not be read again; ``changed`` are the reports that a writing changed or removed.
    """

    connection: Connection
    owner: int
    standings: StandingsView | None = None
    changed: set[ReportId] = field(default_factory=set)

    def alone(self, *names: str) -> None:
        """Nobody else gets past this with one of the ``names`` before the transaction ends."""
        alone(self.connection, *names)

    @property
    def reports(self) -> SqlReports:
        """Reports."""
        return SqlReports(self.connection, self.standings, self.changed)

    @property
    def expiry(self) -> SqlExpiry:
        """What has grown old."""
        return SqlExpiry(self.connection)

    @property
    def photos(self) -> SqlPhotos:
        """Photos and crops."""
        return SqlPhotos(self.connection)

    @property
    def crops(self) -> SqlCrops:
        """Crops of many reports."""
        return SqlCrops(self.connection)

    @property
    def embeddings(self) -> SqlEmbeddings:
        """Vectors."""
        return SqlEmbeddings(self.connection)

    @property
    def matches(self) -> SqlMatches:
        """Matches."""
        return SqlMatches(self.connection)

    @property
    def jobs(self) -> SqlJobs:
        """Jobs."""
        return SqlJobs(self.connection, self.owner)

    @property
    def outbox(self) -> SqlOutbox:
        """Alerts."""
        return SqlOutbox(self.connection)

    @property
    def accounts(self) -> SqlAccounts:
        """Accounts."""
        return SqlAccounts(self.connection)

    @property
    def devices(self) -> SqlDevices:
        """Browsers that take news."""
        return SqlDevices(self.connection)

    @property
    def inbox(self) -> SqlInbox:
        """What came in from messengers."""
        return SqlInbox(self.connection)

    @property
    def handovers(self) -> SqlHandovers:
        """Handovers and their messages."""
        return SqlHandovers(self.connection)

    @property
    def figures(self) -> SqlFigures:
        """Counts for operators."""
        return SqlFigures(self.connection)

    @property
    def cameras(self) -> SqlCameras:
        """Cameras."""
        return SqlCameras(self.connection)

    @property
    def keys(self) -> SqlKeys:
        """API keys and signing secrets."""
        return SqlKeys(self.connection)

    @property
    def answers(self) -> SqlAnswers:
        """Answers by idempotency key."""
        return SqlAnswers(self.connection)

    @property
    def facts(self) -> SqlFacts:
        """What is true of the whole data folder."""
        return SqlFacts(self.connection)

    @property
    def audit(self) -> SqlAudit:
        """Looks at photos."""
        return SqlAudit(self.connection)

    @property
    def deeds(self) -> SqlDeeds:
        """What was done at the desk."""
        return SqlDeeds(self.connection)

    @property
    def complaints(self) -> SqlComplaints:
        """What people say against notices."""
        return SqlComplaints(self.connection)

    @property
    def blocks(self) -> SqlBlocks:
        """Whose sendings are not taken."""
        return SqlBlocks(self.connection)

    @property
    def senders(self) -> SqlSenders:
        """Where reports came from."""
        return SqlSenders(self.connection)

    @property
    def opinions(self) -> SqlOpinions:
        """What volunteers think."""
        return SqlOpinions(self.connection)

    @property
    def petitions(self) -> SqlPetitions:
        """What people ask of the operators."""
        return SqlPetitions(self.connection)
