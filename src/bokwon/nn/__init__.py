"""The paper in PyTorch: layer, network, losses. Knows no files, command line or web."""
