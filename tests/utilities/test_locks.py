"""A folder that one process works in at a time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bokwon.errors import ArgumentError, FileAccessError, OutputExistsError
from bokwon.utilities.locks import hold_lock, lock_folder, lock_output_folder


def test_a_lock_is_held_while_its_block_runs(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with (
        hold_lock(path, "another run"),
        pytest.raises(OutputExistsError, match=f"another run is writing to {tmp_path} already"),
        hold_lock(path, "another run"),
    ):
        raise AssertionError("held twice")
    with hold_lock(path, "another run"):
        assert path.exists()


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileAccessError, match="cannot write"), hold_lock(tmp_path / "none" / "lock", "a run"):
        pass


@pytest.mark.skipif(os.name != "posix", reason="folders are locked on POSIX only")
def test_a_folder_is_locked_though_its_files_are_removed(tmp_path: Path) -> None:
    (tmp_path / "report").touch()
    lock = lock_folder(tmp_path)
    assert lock is not None
    (tmp_path / "report").unlink()
    with pytest.raises(BlockingIOError):
        lock_folder(tmp_path)
    os.close(lock)
    again = lock_folder(tmp_path)
    assert again is not None
    os.close(again)


@pytest.mark.skipif(os.name != "posix", reason="folders are locked on POSIX only")
def test_shards_share_a_folder_of_outputs_and_other_runs_do_not(tmp_path: Path) -> None:
    first, second = (lock_output_folder(tmp_path, shared=True) for _ in range(2))
    assert first is not None
    assert second is not None
    os.close(first)
    with pytest.raises(ArgumentError, match=f"another run is writing to {tmp_path}; wait for it"):
        lock_output_folder(tmp_path)
    os.close(second)
    with pytest.raises(FileAccessError, match="none cannot be opened: No such file"):
        lock_output_folder(tmp_path / "none")
