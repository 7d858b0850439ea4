"""Detectors and embedders: cards that describe them, ONNX Runtime that runs them."""

import os

# From 1.29 on it makes an id for the machine and tells its maker of networks and runs; read once, when it is imported.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
