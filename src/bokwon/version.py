"""The version of bokwon: part of records, reports and what `--resume` compares."""

__all__ = ["__version__"]

__version__ = "0.1.0"
