"""By what a file is known again."""

from __future__ import annotations

import os
from pathlib import Path

from bokwon.serve.folder.stamps import stamp_of, version_of


def test_every_way_to_change_a_file_changes_its_stamp(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    assert (stamp_of(path), stamp_of(None), version_of(path)) == ("", "", 0)
    path.write_bytes(b"one")
    os.utime(path, ns=(10**18, 10**18))
    stamps = {stamp_of(path)}
    assert version_of(path) == 10**15
    path.write_bytes(b"longer")
    os.utime(path, ns=(10**18, 10**18))
    stamps.add(stamp_of(path))
    os.utime(path, ns=(10**18, 10**18 + 1000))
    stamps.add(stamp_of(path))
    assert version_of(path) == 10**15 + 1
    # Another file of the same size and time in its place.
    other = tmp_path / "other"
    other.write_bytes(b"longes")
    os.utime(other, ns=(10**18, 10**18 + 1000))
    other.replace(path)
    stamps.add(stamp_of(path))
    assert len(stamps) == 4


def test_a_name_that_is_no_utf8_has_a_stamp(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"a\xff.png")
    path.write_bytes(b"x")
    stamp_of(path).encode("utf-8")
