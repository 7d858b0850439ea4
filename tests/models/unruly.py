"""Unruly: a small model service of its own over HTTP and gRPC that misbehaves as it is told to."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
import numpy as np

from homeward.models.oip import SERVICE, messages
from homeward.models.protocol import PICTURES, described, raw, read, written
from tests.models.serving import Colours

SLOW_S = 30
STATUS = {"busy": grpc.StatusCode.RESOURCE_EXHAUSTED, "unready": grpc.StatusCode.UNAVAILABLE,
          "error": grpc.StatusCode.INTERNAL, "refused": grpc.StatusCode.PERMISSION_DENIED}  # fmt: skip
HTTP_STATUS = {"busy": 429, "unready": 503, "error": 500, "refused": 403}


@dataclass
class Unruly:
    """``plan`` holds what befalls the next requests, the last of it for ever; "" is a right answer."""

    door: str
    plan: list[str] = field(default_factory=lambda: [""])
    network: object = field(default_factory=Colours)
    datatype: str = "UINT8"
    shape: tuple[int, ...] = (-1, 8, 8, 3)
    after_s: int = 1
    came: list[tuple[float, str, tuple[int, ...]]] = field(default_factory=list)
    connections: int = 0
    url: str = ""
    released: threading.Event = field(default_factory=threading.Event)

    def next(self, tensor) -> str:
        """What befalls this request."""
        mood = self.plan.pop(0) if len(self.plan) > 1 else self.plan[0]
        self.came.append((time.monotonic(), mood, tensor.shape))
        if mood == "slow":
            self.released.wait(SLOW_S)
        return mood

    def rows(self, tensor, mood: str):
        """The output, right or as the mood has it."""
        pictures = list(tensor) if tensor.dtype == np.uint8 else [each.transpose(1, 2, 0) for each in tensor]
        rows = self.network.run(pictures)
        wrong = {"nan": rows * np.nan, "shape": rows[:, :2], "count": np.concatenate([rows, rows])}
        return wrong.get(mood, rows)

    def metadata(self):
        inputs = [{"name": PICTURES, "datatype": self.datatype, "shape": list(self.shape)}]
        outputs = [{"name": "embedding", "datatype": "FP32", "shape": [-1, 3]}]
        return {"name": "tiny", "versions": ["1"], "platform": "test", "inputs": inputs, "outputs": outputs}


@contextmanager
def unruly(door: str, **how):
    """One that listens."""
    service = Unruly(door, **how)
    with (_http if door == "rest" else _grpc)(service):
        try:
            yield service
        finally:
            service.released.set()


@contextmanager
def _http(service: Unruly):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self):
            service.connections += 1
            super().setup()

        def log_message(self, *_):
            pass

        def answer(self, status, body, headers=()):
            self.send_response(status)
            for name, value in {**dict(headers), "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            self.answer(200, json.dumps(service.metadata()).encode())

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            tensor, _ = read("inputs", PICTURES, body, self.headers)
            mood = service.next(tensor)
            if mood in HTTP_STATUS:
                later = {"Retry-After": str(service.after_s)} if mood == "busy" else {}
                self.answer(HTTP_STATUS[mood], b'{"error": "no"}', later)
                return
            body, headers = written("outputs", "embedding", service.rows(tensor, mood))
            if mood == "garbage":
                body = b"\xff" * len(body)
            if mood == "cut":
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body[:10])
                self.close_connection = True
                return
            self.answer(200, body, headers)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.handle_error = lambda *_: None
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    service.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def _grpc(service: Unruly):
    known = messages()

    def infer(request, context):
        (given,) = request.inputs
        kind = np.uint8 if given.datatype == "UINT8" else np.float32
        tensor = np.frombuffer(request.raw_input_contents[0], kind).reshape(tuple(given.shape))
        mood = service.next(tensor)
        if mood in STATUS or mood == "cut":
            if mood == "busy":
                context.set_trailing_metadata((("grpc-retry-pushback-ms", str(service.after_s * 1000)),))
            context.abort(STATUS.get(mood, grpc.StatusCode.UNAVAILABLE), "no")
        rows = service.rows(tensor, mood)
        output = known["InferTensor"](**described("embedding", rows))
        numbers = b"\xff" * 5 if mood == "garbage" else raw(rows)
        return known["ModelInferResponse"](outputs=[output], raw_output_contents=[numbers])

    def method(work, name):
        return grpc.unary_unary_rpc_method_handler(
            work, known[f"{name}Request"].FromString, known[f"{name}Response"].SerializeToString
        )

    calls = {
        "ModelInfer": method(infer, "ModelInfer"),
        "ModelMetadata": method(lambda *_: known["ModelMetadataResponse"](**service.metadata()), "ModelMetadata"),
    }
    server = grpc.server(ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, calls),))
    service.url = f"grpc://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield
    finally:
        service.released.set()
        server.stop(0).wait()
