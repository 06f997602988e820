"""The runtime: restores images with ONNX Runtime or with classical methods. Needs no PyTorch.

`bokwon.restore` is the function; this package behind the same name is reached by `from bokwon.restore import ...`.
"""
