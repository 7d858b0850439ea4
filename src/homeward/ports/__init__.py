"""Ports: what the engine needs of the world, as Protocols. Real and in-memory ones pass the same tests."""

from homeward.ports.models import Detector, Embedder, Space, Spaces
from homeward.ports.outside import Clock, Districts, Messenger, News, Window
from homeward.ports.people import (
    Accounts,
    Answer,
    Answers,
    ApiKey,
    Audit,
    Cameras,
    Devices,
    Facts,
    Figures,
    Handovers,
    Keys,
)
from homeward.ports.pictures import ImageReader, ImageRenderer, PhotoStorage, SafePhoto, View
from homeward.ports.queues import Alert, AlertKind, Inbox, Job, Jobs, NewAlert, Outbox, Update
from homeward.ports.reports import Before, Crops, Embeddings, Expiry, Matches, Photos, ReportQuery, Reports
from homeward.ports.vectors import EmbeddingIndex, EmbeddingMetadata, EmbeddingStorage, MetadataStorage, Storage
from homeward.ports.work import Database, UnitOfWork

__all__ = [
    "Accounts",
    "Alert",
    "AlertKind",
    "Answer",
    "Answers",
    "ApiKey",
    "Audit",
    "Before",
    "Cameras",
    "Clock",
    "Crops",
    "Database",
    "Detector",
    "Devices",
    "Districts",
    "Embedder",
    "EmbeddingIndex",
    "EmbeddingMetadata",
    "EmbeddingStorage",
    "Embeddings",
    "Expiry",
    "Facts",
    "Figures",
    "Handovers",
    "ImageReader",
    "ImageRenderer",
    "Inbox",
    "Job",
    "Jobs",
    "Keys",
    "Matches",
    "Messenger",
    "MetadataStorage",
    "NewAlert",
    "News",
    "Outbox",
    "PhotoStorage",
    "Photos",
    "ReportQuery",
    "Reports",
    "SafePhoto",
    "Space",
    "Spaces",
    "Storage",
    "UnitOfWork",
    "Update",
    "View",
    "Window",
]
