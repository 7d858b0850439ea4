"""News into the log: ids and the degree, nothing that betrays a person or a place."""

import structlog

from homeward.ports import News

log = structlog.get_logger(__name__)


class LogMessenger:
    """`homeward.ports.Messenger` for machines without another one."""

    def send(self, news: News) -> None:
        """Write one line."""
        log.info(
            "alert",
            lost_id=news.lost.id,
            found_id=news.found.id,
            kind=news.alerts[0].kind.value,
            alerts=len(news.alerts),
            degree=round(news.alerts[0].degree, 3),
        )
