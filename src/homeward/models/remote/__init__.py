"""Networks at a model service: ours, Triton, or any that speaks the Open Inference Protocol v2."""
