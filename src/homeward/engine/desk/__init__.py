"""The operator's desk: moderation, blocks, uncertain pairs, petitions; every act is noted with who did it."""

from dataclasses import dataclass

from homeward.engine.desk.blocks import BlockList
from homeward.engine.desk.log import Log
from homeward.engine.desk.moderation import Moderation
from homeward.engine.desk.pairs import Pairs
from homeward.engine.desk.petitions import PetitionBox
from homeward.engine.events import EventBroker
from homeward.engine.forget import Forget
from homeward.engine.wiring import Ports, Rules


@dataclass(frozen=True, slots=True)
class Desk:
    """The parts of the desk."""

    log: Log
    moderation: Moderation
    blocks: BlockList
    pairs: Pairs
    petitions: PetitionBox


def open_desk(ports: Ports, rules: Rules, forget: Forget, events: EventBroker) -> Desk:
    """Join the parts."""
    log = Log(ports)
    return Desk(
        log,
        Moderation(ports, log, forget, events),
        BlockList(ports, log),
        Pairs(ports, log),
        PetitionBox(ports, rules, log),
    )
