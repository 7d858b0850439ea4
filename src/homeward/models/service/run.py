"""Run: the model service in this process, or in several that share its ports and are started again when they die."""

import os
import tempfile
from collections.abc import Callable
from importlib.util import find_spec

import uvicorn
from starlette.applications import Starlette
from uvicorn.supervisors import Multiprocess

from homeward.errors import ModelUnavailable
from homeward.models.service.metrics import SEVERAL

START_WITHIN_S = 60  # a process that is still importing on a busy machine is not one that hangs
IDLE_S = 75  # clients keep their connections; proxies in between close them after 60 s


def run(make: Callable[[], Starlette], host: str, port: int, processes: int) -> None:
    """Serve until told to stop; ``make`` goes to other processes where there are several.

    Raises:
        ModelUnavailable: the service did not come up; the log says why.
    """
    parser = "httptools" if find_spec("httptools") else "h11"
    config = uvicorn.Config(
        make,
        factory=True,
        host=host,
        port=port,
        workers=processes,
        http=parser,
        loop="asyncio",
        ws="none",
        lifespan="on",
        log_level="warning",
        access_log=False,
        proxy_headers=False,  # nobody asks where a call came from
        server_header=False,
        date_header=False,
        timeout_keep_alive=IDLE_S,
        timeout_worker_healthcheck=START_WITHIN_S,
    )
    if processes == 1:
        server = uvicorn.Server(config)
        server.run()
        if not server.started:
            raise ModelUnavailable("The model service did not come up.", hint="The log above says why.")
        return
    with tempfile.TemporaryDirectory(prefix="homeward-metrics-") as folder:
        os.environ[SEVERAL] = folder
        Multiprocess(config, [config.bind_socket()]).run()
