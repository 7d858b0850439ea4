"""The model service: networks for other machines over the Open Inference Protocol v2, REST and gRPC on one queue."""
