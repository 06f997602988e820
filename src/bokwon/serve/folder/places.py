"""Where the files of an opened folder lie: scans, masks, outputs, and the state of the page."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bokwon.batch.mask_matching import STATE
from bokwon.errors import FileAccessError
from bokwon.utilities.atomic import make_folder, part_beside
from bokwon.utilities.checksums import sha256_of

__all__ = ["OUTPUT", "Places", "find_places", "is_on_network", "may_write"]

OUTPUT = "restored"
"""Name of the folder of outputs, in the opened folder."""

_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "ncpfs", "afs", "ceph", "9p", "davfs"})
_NETWORK_FUSE = ("fuse.sshfs", "fuse.rclone", "fuse.gvfsd-fuse", "fuse.davfs2", "fuse.s3fs", "fuse.glusterfs")
_DRIVE_REMOTE = 4


@dataclass(frozen=True)
class Places:
    """Where everything lies.

    Attributes:
        folder: The opened folder, without links in its path.
        only: Name of the one file that was opened; None for all files of the folder.
        output: Folder of outputs, records and the report.
        masks: Folder below which masks are written: the opened folder or the state folder.
        state: Folder of the database and of the found regions.
        readonly: Whether nothing is written into the opened folder.
        notices: What the user should know, one sentence each.
    """

    folder: Path
    only: str | None
    output: Path
    masks: Path
    state: Path
    readonly: bool
    notices: tuple[str, ...]

    @property
    def database(self) -> Path:
        """The SQLite file."""
        return self.state / "page.sqlite"

    def check(self, path: Path) -> Path:
        """Check that a path stays within the folders that may be read and written.

        Raises:
            FileAccessError: It is, or goes through, a link that leads elsewhere.
        """
        real = os.path.realpath(path)
        for root in (self.folder, self.output, self.state):
            if real == str(root) or real.startswith(str(root).rstrip(os.sep) + os.sep):
                return path
        raise FileAccessError(
            f"{path} is a link that leads out of the opened folder", "put the file itself into the folder"
        )


def find_places(path: Path, *, state_home: Path | None = None) -> Places:
    """Decide where state, masks and outputs of a folder go, and make the folder of the state.

    Args:
        path: A folder of scans, or one of them.
        state_home: Folder for the state if the opened folder cannot hold it; by default the user's state folder.

    Raises:
        FileAccessError: There is no such file or folder, or no folder for its state can be written.
    """
    if not path.exists():
        raise FileAccessError(f"{path} does not exist", "name a folder of images, or an image")
    only = None if path.is_dir() else path.name
    folder = (path if only is None else path.parent).resolve()
    output = folder / OUTPUT
    if os.path.realpath(output) != str(output):
        raise FileAccessError(
            f"{output} is a link that leads out of the opened folder", "remove it, or open the folder it leads to"
        )
    if output.exists() and not output.is_dir():
        raise FileAccessError(f"{output} is a file, but outputs go into a folder of this name", "rename it")
    home = state_home or _state_home()
    elsewhere = home / "bokwon" / "page" / f"{folder.name}-{sha256_of(os.fsencode(folder))[:12]}"
    if not may_write(folder):
        make_folder(elsewhere)
        writable = output.is_dir() and may_write(output)
        told = f"the folder {folder} cannot be written to: masks and the state of this page are kept in {elsewhere}"
        output = output if writable else elsewhere / OUTPUT
        notice = told if writable else f"{told}, outputs in {output}"
        return Places(folder, only, output, elsewhere / "masks", elsewhere, True, (notice,))
    if is_on_network(folder):
        make_folder(elsewhere)
        notice = f"{folder} is on a network drive: the state of this page is kept in {elsewhere}"
        return Places(folder, only, output, folder, elsewhere, False, (notice,))
    make_folder(folder / STATE)
    return Places(folder, only, output, folder, folder / STATE, False, ())


def may_write(folder: Path) -> bool:
    """Return whether files can be created in a folder. The test creates one."""
    part = part_beside(folder / "file")
    try:
        part.touch()
    except OSError:
        return False
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return True


def is_on_network(folder: Path, mounts: str | None = None) -> bool:
    """Return whether a folder is on a network drive, where SQLite's locks cannot be relied on.

    Known on Linux and Windows; elsewhere False.

    Args:
        folder: The folder, without links in its path.
        mounts: Text of `/proc/self/mountinfo`; by default that of this system.
    """
    if sys.platform == "win32":
        import ctypes

        return str(folder).startswith("\\\\") or (ctypes.windll.kernel32.GetDriveTypeW(folder.anchor) == _DRIVE_REMOTE)
    if mounts is None:
        try:
            mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
        except OSError:
            return False
    kind, longest = "", -1
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        point = _unescaped(before.split(" ")[4]) if before.count(" ") >= 4 else ""
        covers = point == "/" or str(folder) == point or str(folder).startswith(point + "/")
        # Of two at the same place the later one lies on top.
        if point and covers and len(point) >= longest:
            kind, longest = after.split(" ")[0], len(point)
    return kind in _NETWORK or kind.startswith(_NETWORK_FUSE)


def _unescaped(text: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, character)
    return text


def _state_home() -> Path:
    home = os.environ.get("XDG_STATE_HOME") or (os.environ.get("LOCALAPPDATA") if sys.platform == "win32" else None)
    # The standard calls relative paths invalid.
    return Path(home) if home and Path(home).is_absolute() else Path.home() / ".local" / "state"
