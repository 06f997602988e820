from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from bokwon.errors import FileAccessError, OutputExistsError
from bokwon.utilities.atomic import check_target, is_part, part_beside, remove_parts, replacing, write_file


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_target_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "out.png"
    with replacing(target) as stream:
        stream.write(b"new")
        assert not target.exists()
    assert target.read_bytes() == b"new"
    assert names(tmp_path) == ["out.png"]


@pytest.mark.parametrize("failure", [ValueError, OSError, KeyboardInterrupt])
def test_failure_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path, failure: type[BaseException]) -> None:
    target = tmp_path / "out.png"
    target.write_bytes(b"old")
    expected = FileAccessError if failure is OSError else failure
    with pytest.raises(expected), replacing(target) as stream:  # noqa: PT012 - the failure comes after a write
        stream.write(b"half")
        raise failure
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["out.png"]


def test_rights_are_those_of_the_old_file_or_of_any_new_one(tmp_path: Path) -> None:
    target, plain = tmp_path / "out.png", tmp_path / "plain"
    plain.touch()
    with replacing(target) as stream:
        stream.write(b"1")
    assert stat.S_IMODE(target.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)
    target.chmod(0o640)
    with replacing(target) as stream:
        stream.write(b"2")
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_a_link_stays_a_link_and_its_file_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "masters").mkdir()
    real, link = tmp_path / "masters" / "page.png", tmp_path / "page.png"
    real.write_bytes(b"old")
    link.symlink_to(real)
    with replacing(link) as stream:
        stream.write(b"new")
    assert link.is_symlink()
    assert real.read_bytes() == b"new"


def test_an_existing_file_is_kept_where_that_is_wanted(tmp_path: Path) -> None:
    target = tmp_path / "out.png"
    check_target(target, overwrite=False)
    with replacing(target, overwrite=False) as stream:
        stream.write(b"first")
    with pytest.raises(OutputExistsError, match="exists"):
        check_target(target, overwrite=False)
    assert target.read_bytes() == b"first"


def test_a_file_that_appears_meanwhile_is_kept_too(tmp_path: Path) -> None:
    target = tmp_path / "out.png"
    with pytest.raises(OutputExistsError), replacing(target, overwrite=False) as stream:  # noqa: PT012
        stream.write(b"ours")
        target.write_bytes(b"theirs")
    assert target.read_bytes() == b"theirs"
    assert names(tmp_path) == ["out.png"]


def test_targets_that_are_no_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileAccessError, match="is a folder"):
        check_target(tmp_path)
    with pytest.raises(FileAccessError, match="does not exist"):
        check_target(tmp_path / "none" / "out.png")
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    with pytest.raises(FileAccessError, match="not a regular file"):
        check_target(pipe)


def test_a_folder_that_may_not_be_written_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "closed"
    folder.mkdir()
    folder.chmod(0o555)
    # The superuser may write anywhere but into the kernel's own file systems.
    target = (folder if os.geteuid() else Path("/sys")) / "out.png"
    with pytest.raises(FileAccessError, match=r"cannot write|not writable"), replacing(target):
        pass


def test_nobody_else_may_read_what_is_not_finished(tmp_path: Path) -> None:
    target = tmp_path / "out.png"
    target.touch(0o644)
    with replacing(target) as stream:
        assert is_part(Path(stream.name).name)
        assert stat.S_IMODE(Path(stream.name).stat().st_mode) == 0o600
    assert stat.S_IMODE(target.stat().st_mode) == 0o644


def test_the_disk_is_waited_for_unless_told_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[int] = []
    monkeypatch.setattr(os, "fsync", waited.append)
    write_file(tmp_path / "many.png", b"1", sync=False)
    assert not waited
    write_file(tmp_path / "one.png", b"1")
    assert len(waited) == 1


def test_text_is_utf8_and_keeps_bytes_of_names_that_are_not(tmp_path: Path) -> None:
    write_file(tmp_path / "note.txt", "복원 \udcff")
    assert (tmp_path / "note.txt").read_bytes() == "복원 ".encode() + b"\xff"


def test_what_a_killed_run_left_is_known_by_its_name_and_removed(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "page.png").touch()
    part_beside(tmp_path / "sub" / "page.png").touch()
    folder = part_beside(tmp_path / "record")
    folder.mkdir()
    (folder / "record.json").touch()
    (tmp_path / "mine.part").touch()
    assert not is_part("mine.part")
    remove_parts(tmp_path)
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["mine.part", "page.png", "sub"]
