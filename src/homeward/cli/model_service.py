"""Model service: run models for other machines, or write them down for Triton."""

import os
import socket
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from cyclopts.validators import Number

from homeward.cli.common import PORT, AsJson, Data, note, settings, show_json, table, tell
from homeward.errors import InvalidInput

HERE = {"127.0.0.1", "localhost", "::1"}


def serve(
    models: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    *,
    host: str = "127.0.0.1",
    port: Annotated[int, PORT] = 8100,
    grpc_port: Annotated[int, PORT] = 8101,
    processes: Annotated[int | None, Parameter(validator=Number(gte=1, lte=64))] = None,
    data: Data = None,
) -> None:
    """Run models for other machines, over the Open Inference Protocol v2: REST and gRPC on one queue.

    They use it with HOMEWARD_MODEL_SERVICE=http://HOST:PORT (or grpc://HOST:GRPC_PORT); HOMEWARD_MODEL_SERVICE_KEY is
    the key on both sides. While it does not answer they run the networks themselves. How calls are joined is
    HOMEWARD_MODEL_BATCHING. docs/how-to/model-service.md tells of GPUs and of Triton.

    Parameters
    ----------
    models
        Which models; default: the detector and the embedder in use.
    host
        Address to listen on; any but this machine's own wants a key.
    port
        Port of REST, health and /metrics.
    grpc_port
        Port of gRPC; 0 goes without.
    processes
        How many processes share the ports; each holds the models. Default: HOMEWARD_MODEL_PROCESSES.
    """
    from homeward.app import ModelServices, served_models
    from homeward.models.service.app import Grpc
    from homeward.models.service.run import run

    chosen = settings(data)
    if host not in HERE and chosen.model_service_key is None:
        raise InvalidInput(
            "Without a key only this machine may ask.",
            field="host",
            hint="Set HOMEWARD_MODEL_SERVICE_KEY on both sides.",
        )
    names, count = served_models(chosen, models), processes or chosen.model_processes
    where = f"[{host}]" if ":" in host else host
    grpc = Grpc(f"{where}:{grpc_port}", is_shared=count > 1) if grpc_port else None
    doors = f"http://{where}:{port}/v2" + (f" and grpc://{grpc.address}" if grpc else "")
    services = ModelServices(chosen, names, grpc)
    opened = services()
    _check_ports(host, {"port": port, "grpc_port": grpc_port})
    note(f"{', '.join(names)} on {doors}")
    run(services if count > 1 else lambda: opened, host, port, count)


def _check_ports(host: str, ports: Mapping[str, int]) -> None:
    """Before it is said that they are served: the servers would tell of a taken port in a traceback.

    Raises:
        InvalidInput: one cannot be listened on.
    """
    with ExitStack() as held:
        for name, port in ports.items():
            try:
                held.enter_context(socket.create_server((host, port), family=_family(host)))
            except OSError as error:
                option = name.replace("_", "-")
                hint = f"{error.strerror}. Choose another --{option} or --host, or end what listens there."
                raise InvalidInput(f"Port {port} of {host} cannot be listened on.", field=name, hint=hint) from error


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def export(
    models: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    *,
    triton: Path,
    device: Literal["gpu", "cpu"] = "gpu",
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Write a model repository that NVIDIA's Triton server can serve as it is.

    The networks in it take RGB pictures as bytes and prepare them themselves, so Homeward uses Triton as it uses its
    own service: HOMEWARD_MODEL_SERVICE=http://HOST:8000 or grpc://HOST:8001.

    Parameters
    ----------
    models
        Which models; default: the detector and the embedder in use.
    triton
        Folder of the repository. Models of other names in it stay.
    device
        What Triton runs them on: gpu or cpu.
    """
    from homeward.app import registry, served_models
    from homeward.models.service.app import DEFAULT
    from homeward.models.triton import export as write

    os.umask(0o022)  # Triton runs as another user, and models are no secret

    chosen = settings(data)
    known, names = registry(chosen), served_models(chosen, models)
    folders = [
        write(known.card(name), known.file(name), triton, chosen.model_batching.get(name, DEFAULT), device)
        for name in names
    ]
    written = list(zip(names, map(str, folders), strict=True))
    if json:
        show_json({"items": [{"name": name, "folder": folder} for name, folder in written]})
        return
    table(["Model", "Folder"], [list(row) for row in written])
    tell(f"Serve them: tritonserver --model-repository={triton.resolve()}")
