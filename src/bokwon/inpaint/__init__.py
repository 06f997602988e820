"""Fills the hole of one page with ONNX Runtime, OpenVINO or classical methods. Needs no PyTorch."""
