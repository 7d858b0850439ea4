"""Oip: the messages and calls of the Open Inference Protocol v2 over gRPC, read from `oip.proto` as it was compiled.

They live in a pool of their own, so that another library's messages of the same names (Triton's client) do not clash.
"""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

SERVICE = "inference.GRPCInferenceService"
COMPILED = Path(__file__).with_name("oip.binpb")


@cache
def messages() -> Mapping[str, Any]:
    """Classes of messages by name."""
    from google.protobuf.descriptor_pb2 import FileDescriptorSet
    from google.protobuf.descriptor_pool import DescriptorPool
    from google.protobuf.message_factory import GetMessageClass

    (file,) = FileDescriptorSet.FromString(COMPILED.read_bytes()).file
    pool = DescriptorPool()
    pool.Add(file)
    known = pool.FindFileByName(file.name).message_types_by_name
    return {name: GetMessageClass(message) for name, message in known.items()}


def path(call: str) -> str:
    """The full name of a call."""
    return f"/{SERVICE}/{call}"
