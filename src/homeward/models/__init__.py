"""Detectors and embedders: cards that describe them, ONNX Runtime that runs them."""
