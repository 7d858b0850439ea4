"""Replace: the way out where the model in use is lost. Another one takes its place at once; jobs make its vectors."""

from datetime import datetime

import structlog

from homeward.domain.ids import CropId, ModelName
from homeward.engine.reindex import EVERY, IN_USE, START, claim, come_into_use
from homeward.engine.weights import check_weights
from homeward.errors import ModelInvalid, NotFound
from homeward.ports import Database, Spaces, UnitOfWork

log = structlog.get_logger(__name__)


def replace_lost(database: Database, spaces: Spaces, name: ModelName, now: datetime) -> bool:
    """Where the model in use cannot be used any more, take ``name``; False where it can.

    Nothing can be searched without the model in use, so that there is nothing to wait for. Its vectors stay, and a
    reindex with rollback goes back once its file is there again.

    Raises:
        NotFound, ModelInvalid: ``name`` cannot be used either.
    """
    with database.read() as work:
        known = work.facts.get(IN_USE)
    if known is None or known == name or _is_usable(database, spaces, ModelName(known)):
        return False
    space = spaces.open(name)
    with database.write() as work:
        work.alone("reindex")
        claim(work, space)
        come_into_use(work, space, known, now)
        _queue_unmade(work, name, now)
    log.warning("a lost model was replaced", model=name, lost=known)
    return True


def _is_usable(database: Database, spaces: Spaces, name: ModelName) -> bool:
    try:
        space = spaces.open(name)
        with database.read() as work:
            check_weights(work, space)
    except (NotFound, ModelInvalid):
        return False
    return True


def _queue_unmade(work: UnitOfWork, name: ModelName, now: datetime) -> None:
    after: CropId = START
    while crops := work.embeddings.unmade(name, after, EVERY):
        for report_id in sorted({crop.report_id for crop in crops}):
            work.jobs.add([report_id], now)
        after = crops[-1].id
