"""How the bundled detector was made: pictures -> labels -> layers -> whole network -> ONNX -> figures -> card."""
