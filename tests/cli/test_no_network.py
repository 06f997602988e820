"""`bokwon restore` needs no network and tries none: not its own code, nor that of the engines it loads."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bokwon.cli.main import main

# Python loads it before anything else. What is looked at are the interpreter's own events, so that no way of importing
# or calling goes by it; child processes have it too.
WATCH = """
import os, sys

def watch(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.bind") and isinstance(arguments[1], str):
        return  # between processes of this machine
    if event.startswith("socket.") and event not in ("socket.__new__",):
        with open(os.environ["SOCKETS"], "a") as stream:
            stream.write(f"{event} {arguments[1:]}\\n")
        raise OSError(f"no network here: {event}")
    if event == "socket.__new__" and int(arguments[1]) != 1:
        with open(os.environ["SOCKETS"], "a") as stream:
            stream.write(f"{event} {arguments[1:]}\\n")
        raise OSError(f"no network here: {event}")

sys.addaudithook(watch)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pages with their masks, a home of its own, and a watch on sockets."""
    (tmp_path / "in").mkdir()
    (tmp_path / "home").mkdir()
    for name in ("a", "b"):
        noise = np.random.default_rng(1).integers(0, 256, (200, 150, 3)).astype(np.uint8)
        Image.fromarray(noise).save(tmp_path / f"in/{name}.png")
        hole = np.zeros((200, 150), np.uint8)
        hole[40:80, 30:70] = 255
        Image.fromarray(hole).save(tmp_path / f"in/{name}-mask.png")
    (tmp_path / "sitecustomize.py").write_text(WATCH)
    return tmp_path


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "HOME": str(folder / "home"),
        "PYTHONPATH": str(folder),
        "SOCKETS": str(folder / "sockets.txt"),
    }
    environment.pop("XDG_CACHE_HOME", None)
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def test_the_watch_sees_a_socket(folder: Path) -> None:
    done = run(folder, sys.executable, "-c", "import socket; socket.create_connection(('127.0.0.1', 9))")
    assert "no network here" in done.stderr
    assert (folder / "sockets.txt").exists()


@pytest.mark.parametrize("engine", ["onnx", "openvino", "auto"])
def test_a_page_is_restored_without_a_socket_and_nothing_is_kept_to_be_sent(folder: Path, engine: str) -> None:
    if engine == "openvino" and find_spec("openvino") is None:
        pytest.skip("needs OpenVINO: pip install 'bokwon[openvino]'")
    command = ("-m", "bokwon", "restore", "in/a.png", "out.png", "--mask", "in/a-mask.png", "--engine", engine, "-q")
    done = run(folder, sys.executable, *command)
    assert (done.returncode, done.stderr) == (0, "")
    assert (folder / "out.png").exists()
    assert not (folder / "sockets.txt").exists()
    # Where engines keep what they would like to tell their makers, and the number they know the user by.
    assert list((folder / "home").rglob("*")) == []


def test_the_python_interface_keeps_to_itself_too(folder: Path) -> None:
    script = "import bokwon, numpy; bokwon.restore(numpy.zeros((64, 64, 3), 'u1'), numpy.eye(64, dtype=bool))"
    done = run(folder, sys.executable, "-c", script)
    assert (done.returncode, done.stderr) == (0, "")
    assert not (folder / "sockets.txt").exists()
    assert list((folder / "home").rglob("*")) == []


def test_a_folder_is_restored_without_a_network_socket(folder: Path) -> None:
    done = run(folder, sys.executable, "-m", "bokwon", "restore", "in", "out", "-j", "2", "-q")
    assert (done.returncode, done.stderr) == (0, "")
    assert not (folder / "sockets.txt").exists()
    assert list((folder / "home").rglob("*")) == []


def test_a_machine_without_any_network_restores_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unshare = shutil.which("unshare")
    alone = (unshare or "unshare", "--map-root-user", "--net")
    if unshare is None or subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
        pytest.skip("needs `unshare` and the right to make a namespace without network")
    command = ("-m", "bokwon", "restore", "in/a.png", "alone.png", "--mask", "in/a-mask.png", "-q")
    done = run(folder, *alone, sys.executable, *command)
    assert (done.returncode, done.stderr) == (0, "")
    monkeypatch.chdir(folder)
    with pytest.raises(SystemExit) as left:
        main(["restore", "in/a.png", "here.png", "--mask", "in/a-mask.png"])
    assert left.value.code in (0, None)
    assert (folder / "alone.png").read_bytes() == (folder / "here.png").read_bytes()
