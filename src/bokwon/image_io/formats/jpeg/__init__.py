"""JPEG: encoding with the tables and subsampling of the input."""
