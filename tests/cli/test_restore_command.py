"""`bokwon restore` as a user runs it: a process of its own."""

from __future__ import annotations

import io
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bokwon.image_io.formats.tiff import directories

BOKWON = [sys.executable, "-m", "bokwon"]
SAID = b"bokwon: wrote out.png: 9.52%% of %s filled, mask mask.png: white is hole\n"


def run(folder: Path, *arguments: str, **settings: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*BOKWON, *arguments], cwd=folder, capture_output=True, timeout=120, check=False, **settings)


def run_with(folder: Path, preparation: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command after a line of Python that spoils its surroundings."""
    program = f"import sys\n{preparation}\nfrom bokwon.cli.main import main\nmain(sys.argv[1:])"
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, timeout=120, check=False)


def pixels(source: Path | bytes) -> np.ndarray:
    with Image.open(io.BytesIO(source) if isinstance(source, bytes) else source) as image:
        return np.array(image)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working folder with a page and its mask."""
    noise = np.random.default_rng(1).integers(0, 256, (90, 70, 3)).astype(np.uint8)
    Image.fromarray(noise).save(tmp_path / "page.png")
    hole = np.zeros((90, 70), np.uint8)
    hole[10:40, 10:30] = 255
    Image.fromarray(hole).save(tmp_path / "mask.png")
    return tmp_path


def check_restored(folder: Path, after: np.ndarray, before: np.ndarray) -> None:
    hole = pixels(folder / "mask.png") > 0
    np.testing.assert_array_equal(after[~hole], before[~hole])
    assert not np.array_equal(after[hole], before[hole])


def test_a_page_is_restored_by_a_model(folder: Path, mean_model: Path) -> None:
    done = run(folder, "restore", "page.png", "out.png", "--mask", "mask.png", "--model", str(mean_model))
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", SAID % b"page.png")
    before, after = pixels(folder / "page.png"), pixels(folder / "out.png")
    check_restored(folder, after, before)
    hole = pixels(folder / "mask.png") > 0
    np.testing.assert_array_equal(after[hole], np.broadcast_to(np.rint(before[~hole].mean(axis=0)), (600, 3)))


def test_pytorch_is_not_needed_and_not_loaded(folder: Path, mean_model: Path) -> None:
    blocked = (
        "import atexit\n"
        "for name in ('torch', 'torchvision', 'onnx', 'scipy'): sys.modules[name] = None\n"
        "loaded = lambda: [name for name in sys.modules if name.split('.')[0] == 'torch' and sys.modules[name]]\n"
        "atexit.register(lambda: print('loaded', loaded()))"
    )
    arguments = ["restore", "page.png", "out.png", "--mask", "mask.png", "--model", str(mean_model)]
    done = run_with(folder, blocked, *arguments)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, b"loaded []", SAID % b"page.png")
    check_restored(folder, pixels(folder / "out.png"), pixels(folder / "page.png"))


def test_an_image_goes_through_pipes(folder: Path) -> None:
    data = (folder / "page.png").read_bytes()
    done = run(folder, "restore", "-", "-", "--mask", "mask.png", "--method", "telea", input=data)
    said = b"bokwon: wrote standard output: 9.52% of standard input filled, mask mask.png: white is hole\n"
    assert (done.returncode, done.stderr) == (0, said)
    assert done.stdout.startswith(b"\x89PNG")
    check_restored(folder, pixels(done.stdout), pixels(folder / "page.png"))


def test_a_mask_goes_through_a_pipe(folder: Path) -> None:
    data = (folder / "mask.png").read_bytes()
    done = run(folder, "restore", "page.png", "out.png", "--mask", "-", "--method", "ns", input=data)
    assert (done.returncode, done.stderr) == (0, SAID.replace(b"mask.png", b"standard input") % b"page.png")
    check_restored(folder, pixels(folder / "out.png"), pixels(folder / "page.png"))


def test_nothing_is_written_to_a_pipe_on_failure(folder: Path) -> None:
    done = run(folder, "restore", "-", "-", "--mask", "mask.png", "--method", "telea", input=b"no picture")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"bokwon: error: standard input is not an image")


def test_a_page_may_be_restored_in_place(folder: Path) -> None:
    before = pixels(folder / "page.png")
    done = run(folder, "restore", "page.png", "page.png", "--mask", "mask.png", "--method", "telea")
    assert done.returncode == 0
    check_restored(folder, pixels(folder / "page.png"), before)
    assert sorted(path.name for path in folder.iterdir()) == ["mask.png", "page.png"]


ZERO_DIVISION = "import bokwon.image_io.document\nbokwon.image_io.document.encode_page = lambda *_: 1 / 0"


@pytest.mark.parametrize(
    ("code", "preparation", "arguments"),
    [
        (1, "", "page.png out.png --mask beside"),
        (1, "", "page.png out.png --mask mask.png --model letter"),
        (2, "", "text.png out.png --mask mask.png --method telea"),
        (3, "sys.modules['cv2'] = None", "page.png out.png --mask mask.png --method telea"),
        (5, "", "none.png out.png --mask mask.png --method telea"),
        (6, "", "page.png there.png --mask mask.png --method telea --no-overwrite"),
        (15, ZERO_DIVISION, "page.png there.png --mask mask.png --method telea"),
    ],
)
def test_every_exit_code(folder: Path, code: int, preparation: str, arguments: str) -> None:
    (folder / "text.png").write_text("a letter, not a picture of one")
    (folder / "there.png").write_bytes(b"old")
    done = run_with(folder, preparation, "restore", *arguments.split())
    assert done.returncode == code
    assert done.stderr.startswith(b"bokwon: error: ")
    assert done.stderr.count(b"\n") == 1
    assert done.stdout == b""
    assert (folder / "there.png").read_bytes() == b"old"
    assert sorted(path.name for path in folder.iterdir()) == ["mask.png", "page.png", "text.png", "there.png"]


def test_no_space_left_leaves_the_old_file(folder: Path) -> None:
    (folder / "out.png").write_bytes(b"old")

    def _allow_few_bytes() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))

    arguments = ["restore", "page.png", "out.png", "--mask", "mask.png", "--method", "telea"]
    done = run(folder, *arguments, preexec_fn=_allow_few_bytes)
    assert done.returncode == 5
    assert done.stderr.startswith(b"bokwon: error: cannot write out.png: File too large")
    assert (folder / "out.png").read_bytes() == b"old"
    assert sorted(path.name for path in folder.iterdir()) == ["mask.png", "out.png", "page.png"]


def test_a_folder_that_may_not_be_written_is_five(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir()
    closed.chmod(0o555)
    # The superuser may write anywhere but into the kernel's own file systems.
    target = (closed if os.geteuid() else Path("/sys")) / "out.png"
    done = run(folder, "restore", "page.png", str(target), "--mask", "mask.png", "--method", "telea")
    assert done.returncode == 5
    assert done.stderr.count(b"\n") == 1
    assert not list(closed.iterdir())


def test_libraries_do_not_talk_between_our_lines(folder: Path) -> None:
    with Image.open(folder / "page.png") as image:
        image.save(folder / "page.tif", compression="tiff_lzw")
    data = (folder / "page.tif").read_bytes()
    directory = directories.parse(io.BytesIO(data))
    # libtiff itself prints that it cannot read there.
    directory[273] = directories.Entry.longs(len(data) + 1_000_000)
    broken = directories.file_header(len(data)) + data[8:] + directories.serialise(directory, len(data))
    (folder / "page.tif").write_bytes(broken)
    done = run(folder, "restore", "page.tif", "out.tif", "--mask", "mask.png", "--method", "telea")
    assert done.returncode == 2
    assert done.stderr.startswith(b"bokwon: error: page.tif is damaged")
    assert done.stderr.count(b"\n") == 1


def test_interruption_is_130_and_leaves_nothing(folder: Path) -> None:
    command = [*BOKWON, "restore", "-", "out.png", "--mask", "mask.png", "--method", "telea", "-v"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=folder, stdin=pipe, stderr=pipe) as process:
        assert process.stderr is not None
        assert process.stderr.readline() == b"bokwon: reading standard input\n"
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
        assert process.wait(timeout=60) == 130
    assert said.splitlines()[-1] == b"bokwon: error: interrupted"
    assert b"Traceback" not in said
    assert sorted(path.name for path in folder.iterdir()) == ["mask.png", "page.png"]


def test_a_reader_that_leaves_is_no_error_of_ours(folder: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (900, 700, 3)).astype(np.uint8)
    Image.fromarray(noise).save(folder / "large.png")
    Image.new("1", (700, 900)).save(folder / "none.png")
    command = [*BOKWON, "restore", "large.png", "-", "--mask", "none.png", "--method", "telea", "-q"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
        assert process.wait(timeout=60) == 141
    assert said == b"bokwon: warning: mask none.png has no hole: the image is returned unchanged\n"


def test_without_arguments_the_help_is_shown(folder: Path) -> None:
    done = run(folder)
    assert b"restore" in done.stdout
    assert done.stderr == b""
    assert b"--holes" in run(folder, "restore", "--help").stdout
