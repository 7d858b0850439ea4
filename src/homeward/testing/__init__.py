"""Twins of the ports for tests: in memory, deterministic, without networks. Shipped, so that users can test too."""

from homeward.testing.fakes import FakeDetector, FakeEmbedder, FakeSpaces, FixedClock, RecordingMessenger
from homeward.testing.memory import InMemoryDatabase, InMemoryPhotoStorage, in_memory_shelves

__all__ = [
    "FakeDetector",
    "FakeEmbedder",
    "FakeSpaces",
    "FixedClock",
    "InMemoryDatabase",
    "InMemoryPhotoStorage",
    "RecordingMessenger",
    "in_memory_shelves",
]
