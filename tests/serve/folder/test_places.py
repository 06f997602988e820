"""Where state, masks and outputs go."""

from __future__ import annotations

from pathlib import Path

import pytest

from bokwon.errors import FileAccessError
from bokwon.serve.folder import places
from bokwon.serve.folder.places import find_places, is_on_network, may_write

MOUNTS = """\
22 1 0:20 / / rw - ext4 /dev/sda1 rw
30 22 0:30 / /mnt/scans rw - nfs4 server:/scans rw
31 22 0:31 / /mnt/my\\040share rw - cifs //server/share rw
32 30 0:32 / /mnt/scans/local rw - xfs /dev/sdb1 rw
33 22 0:33 / /home/kim/remote rw - fuse.sshfs kim@server: rw
"""


def test_all_lies_in_a_folder_that_can_be_written(tmp_path: Path) -> None:
    found = find_places(tmp_path, state_home=tmp_path / "home")
    assert (found.folder, found.only, found.readonly, found.notices) == (tmp_path.resolve(), None, False, ())
    assert found.output == tmp_path.resolve() / "restored"
    assert found.masks == tmp_path.resolve()
    assert found.database == tmp_path.resolve() / ".bokwon" / "page.sqlite"
    assert found.state.is_dir()
    # Nothing is restored yet.
    assert not found.output.exists()


def test_one_file_opens_its_folder_for_that_file_alone(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"x")
    assert find_places(tmp_path / "a.png").only == "a.png"
    with pytest.raises(FileAccessError, match="nowhere does not exist"):
        find_places(tmp_path / "nowhere")


def test_a_folder_that_cannot_be_written_has_its_state_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, home = tmp_path / "scans", tmp_path / "home"
    folder.mkdir()
    monkeypatch.setattr(places, "may_write", lambda path: path != folder.resolve())
    found = find_places(folder, state_home=home)
    assert found.readonly
    assert list(folder.iterdir()) == []
    for path in (found.state, found.masks, found.output, found.database):
        assert home in path.parents
    assert str(found.state) in found.notices[0]
    assert str(found.output) in found.notices[0]
    # An output folder that was made there by somebody else can be used.
    (folder / "restored").mkdir()
    assert find_places(folder, state_home=home).output == folder.resolve() / "restored"


def test_two_folders_of_one_name_have_states_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "may_write", lambda path: False)
    states = set()
    for parent in ("x", "y"):
        (tmp_path / parent / "scans").mkdir(parents=True)
        states.add(find_places(tmp_path / parent / "scans", state_home=tmp_path / "home").state)
    assert len(states) == 2


def test_on_a_network_drive_only_the_database_lies_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "scans"
    folder.mkdir()
    monkeypatch.setattr(places, "is_on_network", lambda path: True)
    found = find_places(folder, state_home=tmp_path / "home")
    assert not found.readonly
    assert (found.masks, found.output) == (folder.resolve(), folder.resolve() / "restored")
    assert tmp_path / "home" in found.database.parents
    assert "network drive" in found.notices[0]


@pytest.mark.parametrize(
    ("folder", "network"),
    [
        ("/mnt/scans/1920", True),
        ("/mnt/scans", True),
        ("/mnt/scans/local/1920", False),
        ("/mnt/scansother", False),
        ("/mnt/my share/a", True),
        ("/home/kim/remote/a", True),
        ("/home/kim", False),
    ],
)
def test_network_drives_are_known_by_their_mounts(folder: str, network: bool) -> None:
    assert is_on_network(Path(folder), MOUNTS) is network


def test_whether_a_folder_can_be_written_is_tried(tmp_path: Path) -> None:
    assert may_write(tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert not may_write(tmp_path / "missing")


def test_links_out_of_the_folder_are_refused(tmp_path: Path) -> None:
    folder, other = tmp_path / "scans", tmp_path / "scans-other"
    folder.mkdir()
    other.mkdir()
    (other / "secret.png").write_bytes(b"x")
    (folder / "link.png").symlink_to(other / "secret.png")
    (folder / "inner.png").symlink_to(folder / "real.png")
    found = find_places(folder)
    with pytest.raises(FileAccessError, match="leads out of the opened folder"):
        found.check(folder / "link.png")
    with pytest.raises(FileAccessError, match="leads out of the opened folder"):
        found.check(folder / ".." / "scans-other" / "secret.png")
    assert found.check(folder / "inner.png") == folder / "inner.png"


def test_an_output_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "scans"
    folder.mkdir()
    (folder / "restored").symlink_to(tmp_path)
    with pytest.raises(FileAccessError, match="is a link"):
        find_places(folder)
    (folder / "restored").unlink()
    (folder / "restored").write_bytes(b"x")
    with pytest.raises(FileAccessError, match="is a file"):
        find_places(folder)
