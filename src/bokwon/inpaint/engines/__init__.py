"""What fills a tile: ONNX Runtime, OpenVINO, OpenCV and others behind one protocol."""
