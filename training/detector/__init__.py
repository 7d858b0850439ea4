"""How the bundled detector was made: pictures -> labels -> layers -> heads -> ONNX -> figures -> card."""
