"""How the bundled detector was made: pictures -> labels -> stages -> whole network -> ONNX -> figures -> card."""
