from __future__ import annotations

import io
from pathlib import Path

import pytest

from bokwon.errors import FileAccessError
from bokwon.utilities.checksums import key_of, sha256_of, sha256_of_file

# FIPS 180-4, example of one block; and of no bytes.
ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_bytes_streams_and_files_have_the_published_checksum(tmp_path: Path) -> None:
    assert sha256_of(b"abc") == ABC
    assert sha256_of(io.BytesIO(b"abc")) == ABC
    assert sha256_of(io.BytesIO()) == sha256_of(b"") == NOTHING
    (tmp_path / "file").write_bytes(b"abc")
    assert sha256_of_file(tmp_path / "file") == ABC


def test_a_stream_counts_from_where_it_stands_and_in_blocks() -> None:
    data = bytes(range(256)) * 10_000
    stream = io.BytesIO(b"x" + data)
    stream.read(1)
    assert sha256_of(stream) == sha256_of(data)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileAccessError, match=r"none\.png cannot be read: No such file"):
        sha256_of_file(tmp_path / "none.png")


def test_a_key_is_short_and_tells_values_apart() -> None:
    assert key_of(("a", 1)) == key_of(["a", 1])
    assert len({key_of(value) for value in (("a", 1), ("a", 2), ("a1",), {"a": 1}, None)}) == 5
    # Journals of earlier runs are known by it: the first 20 digits of the checksum of the JSON text.
    assert key_of("abc") == sha256_of(b'"abc"')[:20]
