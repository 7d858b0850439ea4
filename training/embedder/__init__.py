"""The embedder's training: pictures of cats and dogs in, an ONNX file, its card and its figures out."""
