"""Serves ONNX files of a Triton repository through PyTriton, in the environment of that package: a file that runs alone.

`python pytriton_server.py HTTP_PORT GRPC_PORT INSTANCES REPOSITORY NAME...`; without names it serves `fixed`, a model
that takes 10 ms for each call, whatever the batch. INSTANCES calls of a model go on at once.
"""

import sys
import time
from pathlib import Path

import numpy as np
from pytriton.decorators import batch
from pytriton.model_config import DynamicBatcher, ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig

FIXED_S, FIXED_SIDE, FIXED_ROW = 0.010, 224, 256
HOW = ModelConfig(batching=True, max_batch_size=16, batcher=DynamicBatcher(max_queue_delay_microseconds=5000))


def network(file: Path):
    """A function over a session, and the tensors that it takes and gives."""
    import onnxruntime as ort

    session = ort.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    (given,), (made,) = session.get_inputs(), session.get_outputs()
    row = session.run([made.name], {given.name: np.zeros((1, *given.shape[1:]), np.uint8)})[0].shape[1:]

    @batch
    def run(**tensors):
        return {made.name: session.run([made.name], tensors)[0]}

    return run, Tensor(name=given.name, dtype=np.uint8, shape=tuple(given.shape[1:])), (made.name, row)


def fixed():
    """The model of a fixed cost."""

    @batch
    def run(pictures):
        time.sleep(FIXED_S)
        return {"embedding": pictures.reshape(len(pictures), -1)[:, :FIXED_ROW].astype(np.float32)}

    return run, Tensor(name="pictures", dtype=np.uint8, shape=(FIXED_SIDE, FIXED_SIDE, 3)), ("embedding", (FIXED_ROW,))


def main() -> None:
    """Serve until told to stop."""
    http, grpc, instances, repository, *names = sys.argv[1:]
    config = TritonConfig(
        http_address="127.0.0.1", http_port=int(http), grpc_address="127.0.0.1", grpc_port=int(grpc),
        allow_metrics=False, exit_timeout_secs=3,
    )  # fmt: skip
    models = {name: network(next(Path(repository, name).glob("*/model.onnx"))) for name in names} or {"fixed": fixed()}
    with Triton(config=config) as triton:
        for name, (run, given, (output, row)) in models.items():
            made = Tensor(name=output, dtype=np.float32, shape=row)
            triton.bind(name, [run] * int(instances), [given], [made], config=HOW, strict=True)
        triton.serve()


if __name__ == "__main__":
    main()
