"""One transaction on dictionaries."""

from dataclasses import dataclass

from homeward.testing.repositories.desk import (
    MemoryBlocks,
    MemoryComplaints,
    MemoryDeeds,
    MemoryOpinions,
    MemoryPetitions,
    MemorySenders,
)
from homeward.testing.repositories.matches import MemoryMatches
from homeward.testing.repositories.people import (
    MemoryAccounts,
    MemoryAnswers,
    MemoryAudit,
    MemoryCameras,
    MemoryDevices,
    MemoryFacts,
    MemoryFigures,
    MemoryHandovers,
    MemoryKeys,
)
from homeward.testing.repositories.queues import MemoryInbox, MemoryJobs, MemoryOutbox
from homeward.testing.repositories.reports import (
    MemoryCrops,
    MemoryEmbeddings,
    MemoryExpiry,
    MemoryPhotos,
    MemoryReports,
)
from homeward.testing.repositories.tables import Tables


@dataclass(frozen=True, slots=True)
class InMemoryUnitOfWork:
    """`homeward.ports.UnitOfWork` on one set of tables."""

    tables: Tables
    owner: int = 0

    def alone(self, *names: str) -> None:
        """One writer is alone by itself."""

    @property
    def reports(self) -> MemoryReports:
        """Reports."""
        return MemoryReports(self.tables)

    @property
    def expiry(self) -> MemoryExpiry:
        """What has grown old."""
        return MemoryExpiry(self.tables)

    @property
    def photos(self) -> MemoryPhotos:
        """Photos and crops."""
        return MemoryPhotos(self.tables)

    @property
    def crops(self) -> MemoryCrops:
        """Crops of many reports."""
        return MemoryCrops(self.tables)

    @property
    def embeddings(self) -> MemoryEmbeddings:
        """Vectors."""
        return MemoryEmbeddings(self.tables)

    @property
    def matches(self) -> MemoryMatches:
        """Matches."""
        return MemoryMatches(self.tables)

    @property
    def jobs(self) -> MemoryJobs:
        """Jobs."""
        return MemoryJobs(self.tables, self.owner)

    @property
    def outbox(self) -> MemoryOutbox:
        """Alerts."""
        return MemoryOutbox(self.tables)

    @property
    def accounts(self) -> MemoryAccounts:
        """Accounts."""
        return MemoryAccounts(self.tables)

    @property
    def devices(self) -> MemoryDevices:
        """Browsers that take news."""
        return MemoryDevices(self.tables)

    @property
    def inbox(self) -> MemoryInbox:
        """What came in from messengers."""
        return MemoryInbox(self.tables)

    @property
    def handovers(self) -> MemoryHandovers:
        """Handovers and their messages."""
        return MemoryHandovers(self.tables)

    @property
    def figures(self) -> MemoryFigures:
        """Counts for operators."""
        return MemoryFigures(self.tables)

    @property
    def facts(self) -> MemoryFacts:
        """Facts."""
        return MemoryFacts(self.tables)

    @property
    def cameras(self) -> MemoryCameras:
        """Cameras."""
        return MemoryCameras(self.tables)

    @property
    def keys(self) -> MemoryKeys:
        """API keys and signing secrets."""
        return MemoryKeys(self.tables)

    @property
    def answers(self) -> MemoryAnswers:
        """Answers by idempotency key."""
        return MemoryAnswers(self.tables)

    @property
    def audit(self) -> MemoryAudit:
        """Looks at photos."""
        return MemoryAudit(self.tables)

    @property
    def deeds(self) -> MemoryDeeds:
        """What was done at the desk."""
        return MemoryDeeds(self.tables)

    @property
    def complaints(self) -> MemoryComplaints:
        """What people say against notices."""
        return MemoryComplaints(self.tables)

    @property
    def blocks(self) -> MemoryBlocks:
        """Whose sendings are not taken."""
        return MemoryBlocks(self.tables)

    @property
    def senders(self) -> MemorySenders:
        """Where reports came from."""
        return MemorySenders(self.tables)

    @property
    def opinions(self) -> MemoryOpinions:
        """What volunteers think."""
        return MemoryOpinions(self.tables)

    @property
    def petitions(self) -> MemoryPetitions:
        """What people ask of the operators."""
        return MemoryPetitions(self.tables)
