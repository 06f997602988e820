"""`bokwon restore` on folders, as a user runs it."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import time
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bokwon.utilities.locks import lock_folder
from tests.cli.conftest import Call

BOKWON = [sys.executable, "-m", "bokwon"]
TELEA = ("--method", "telea")


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [*BOKWON, "restore", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)


def files(folder: Path) -> dict[str, bytes]:
    """All files but the treatment report, which has tests of its own."""
    found = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {name: content for name, content in found.items() if not name.startswith(("report.html", "report_files/"))}


def report(folder: Path) -> dict[str, dict]:
    lines = (folder / "report.jsonl").read_text().splitlines()
    return {entry["file"]: entry for entry in map(json.loads, lines)}


def page(path: Path, seed: int, size: tuple[int, int] = (60, 40)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3)).astype(np.uint8)
    Image.fromarray(noise).save(path)


def mask(path: Path, size: tuple[int, int] = (60, 40)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    hole = np.zeros((size[1], size[0]), np.uint8)
    hole[10:20, 10:30] = 255
    Image.fromarray(hole).save(path)


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.array(image)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Pages in folders, their masks in a like tree, and two files that are broken."""
    for number, name in enumerate(("a.png", "b.JPG", "sub/a.tif", "sub/deep/c.bmp", "없음.png")):
        page(tmp_path / "in" / name, number)
        if name != "없음.png":
            mask((tmp_path / "masks" / name).with_suffix(".png"))
    (tmp_path / "in/notes.txt").write_text("not an image")
    (tmp_path / "in/text.png").write_text("not an image either")
    page(tmp_path / "in/odd.png", 9, (50, 40))
    mask(tmp_path / "masks/odd.png")
    mask(tmp_path / "masks/stranger.png")
    return tmp_path


def test_a_folder_goes_through_and_bad_files_are_reported(folder: Path) -> None:
    before = files(folder / "in")
    done = run(folder, "in", "out", "--masks", "masks", "-j", "2", "--recursive", *TELEA)
    assert done.returncode == 4
    assert sorted(files(folder / "out")) == sorted(
        ["a.png", "b.JPG", "sub/a.tif", "sub/deep/c.bmp", "없음.png", "report.jsonl"]
    )
    assert files(folder / "in") == before
    hole = pixels(folder / "masks/a.png") > 0
    for name in ("a.png", "sub/a.tif", "sub/deep/c.bmp"):
        old, new = pixels(folder / "in" / name), pixels(folder / "out" / name)
        np.testing.assert_array_equal(old[~hole], new[~hole])
        assert not np.array_equal(old[hole], new[hole])
    assert (folder / "out/없음.png").read_bytes() == before["없음.png"]
    entries = report(folder / "out")
    assert list(entries) == sorted(entries)
    assert {name: (entry["status"], entry["code"]) for name, entry in entries.items()} == {
        "a.png": ("restored", 0),
        "b.JPG": ("restored", 0),
        "sub/a.tif": ("restored", 0),
        "sub/deep/c.bmp": ("restored", 0),
        "없음.png": ("no mask", 0),
        "text.png": ("failed", 2),
        "odd.png": ("failed", 1),
    }
    assert entries["a.png"]["hole_pixels"] == 200
    assert "bokwon: error: in/text.png is not an image" in done.stderr
    assert "bokwon: error: odd.png: mask masks/odd.png is 60x40 and the image 50x40" in done.stderr
    assert "warning: 1 masks belong to no image: stranger.png" in done.stderr
    assert "is left alone: it" in done.stderr
    table = {line[:10].strip(): line.split()[-5:] for line in done.stderr.splitlines() if not line.startswith("bokwon")}
    assert table["restored"] == ["4", "4", "4", "4", "8.33%"]
    assert table["failed"][0] == "2"
    assert table["total"][0] == "7"


def test_without_recursive_only_the_folder_itself_is_done(folder: Path) -> None:
    (folder / "in/text.png").unlink()
    (folder / "in/odd.png").unlink()
    done = run(folder, "in", "out", "--masks", "masks", *TELEA, "-q")
    warning = "bokwon: warning: 2 masks belong to no image: odd.png, stranger.png\n"
    assert (done.returncode, done.stderr) == (0, warning)
    assert sorted(files(folder / "out")) == sorted(["a.png", "b.JPG", "없음.png", "report.jsonl"])


def test_masks_beside_their_images_and_in_a_table(folder: Path) -> None:
    page(folder / "beside/a.png", 1)
    page(folder / "beside/b.png", 2)
    mask(folder / "beside/a-mask.png")
    mask(folder / "beside/b_mask.tif")
    assert run(folder, "beside", "one", *TELEA).returncode == 0
    assert sorted(files(folder / "one")) == ["a.png", "b.png", "report.jsonl"]
    mask(folder / "elsewhere/x.png")
    (folder / "table.csv").write_text("image,mask\na.png,elsewhere/x.png\nb.png,elsewhere/x.png\n")
    (folder / "beside/a-mask.png").unlink()
    (folder / "beside/b_mask.tif").unlink()
    assert run(folder, "beside", "two", "--masks", "table.csv", *TELEA).returncode == 0
    first, second = files(folder / "one"), files(folder / "two")
    assert all(first[name] == second[name] for name in ("a.png", "b.png"))
    (folder / "table.csv").write_text("picture,mask\n")
    done = run(folder, "beside", "three", "--masks", "table.csv", *TELEA)
    assert done.returncode == 2
    assert "lacks the columns image and mask" in done.stderr


def test_a_format_for_all_and_outputs_that_would_meet(folder: Path) -> None:
    page(folder / "in/a.bmp", 1)
    mask(folder / "masks/a.bmp.png")
    done = run(folder, "in", "out", "--masks", "masks", "--format", "png", *TELEA)
    assert done.returncode == 4
    assert "a.png would be written over the output of a.bmp; rename one" in done.stderr
    assert pixels(folder / "out/b.png").shape == (40, 60, 3)
    assert {entry["output"] for entry in report(folder / "out").values()} == {"a.png", "b.png", "없음.png", None}


def test_a_broken_run_is_taken_up_and_ends_with_the_same_bytes(tmp_path: Path) -> None:
    for number in range(8):
        page(tmp_path / f"in/{number}.png", number, (700, 700))
        mask(tmp_path / f"in/{number}-mask.png", (700, 700))
    assert run(tmp_path, "in", "whole", *TELEA).returncode == 0
    command = [*BOKWON, "restore", "in", "broken", "-j", "2", *TELEA]
    journal = tmp_path / "broken/report.jsonl"
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL) as process:
        while not journal.exists() or journal.read_bytes().count(b"\n") < 3:
            assert process.poll() is None
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
    # What a kill in mid-write leaves behind.
    (tmp_path / "broken/.bokwon-0123.part").write_bytes(b"half")
    with journal.open("a") as stream:
        stream.write('{"file": "7.png", "sta')
    before = report_lines(journal)
    assert 3 <= len(before) < 8
    times = {name: (tmp_path / "broken" / name).stat().st_mtime_ns for name in before}
    done = run(tmp_path, "in", "broken", "--resume", *TELEA)
    assert done.returncode == 0, done.stderr
    assert f"{len(before)} of 8 files were done before" in done.stderr
    whole, taken_up = files(tmp_path / "whole"), files(tmp_path / "broken")
    assert len(report(tmp_path / "broken")) == 8
    del whole["report.jsonl"], taken_up["report.jsonl"]
    assert taken_up == whole
    assert {name: (tmp_path / "broken" / name).stat().st_mtime_ns for name in before} == times


def report_lines(journal: Path) -> list[str]:
    names = []
    for line in journal.read_text().splitlines():
        try:
            names.append(json.loads(line)["file"])
        except ValueError:
            continue
    return names


def test_what_has_changed_is_done_again(folder: Path) -> None:
    arguments = ["in", "out", "--masks", "masks", *TELEA]
    run(folder, *arguments)
    mask(folder / "masks/a.png")
    (folder / "out/b.JPG").unlink()
    mask(folder / "masks/odd.png", (50, 40))
    (folder / "in/text.png").unlink()
    done = run(folder, *arguments, "--resume", "-v")
    assert done.returncode == 0, done.stderr
    again = {name for name in ("a.png", "b.JPG", "odd.png", "없음.png") if f"bokwon: {name}: " in done.stderr}
    assert again == {"a.png", "b.JPG", "odd.png"}
    # Other settings make other files, and a record where there was none.
    done = run(folder, *arguments, "--resume", "--record")
    assert "done before" not in done.stderr
    assert (folder / "out/a.png.record/record.json").is_file()
    # So does a class map, once a record tells of it.
    with Image.open(folder / "masks/a.png") as holes:
        Image.fromarray(np.where(np.array(holes.convert("L")) > 0, 3, 0).astype(np.uint8)).save(
            folder / "masks/a.classes.png"
        )
    done = run(folder, *arguments, "--resume", "--record", "-v")
    assert done.returncode == 0, done.stderr
    assert {name for name in ("a.png", "b.JPG", "odd.png") if f"bokwon: {name}: " in done.stderr} == {"a.png"}
    # So do what a manifest tells of the damage, and a record that is gone.
    (folder / "masks/manifest.jsonl").write_text('{"file": "odd.png", "damage": "tear"}\n')
    shutil.rmtree(folder / "out/b.JPG.record")
    done = run(folder, *arguments, "--resume", "--record", "-v")
    assert done.returncode == 0, done.stderr
    (page,) = json.loads((folder / "out/odd.png.record/record.json").read_text())["pages"]
    assert page["holes"][0]["damage"] == "tear"
    shutil.rmtree(folder / "out/b.JPG.record")
    done = run(folder, *arguments, "--resume", "--record", "-v")
    assert {name for name in ("a.png", "b.JPG", "odd.png") if f"bokwon: {name}: " in done.stderr} == {"b.JPG"}
    done = run(folder, *arguments[:-1], "ns", "--resume")
    assert "done before" not in done.stderr


def test_a_file_that_kills_its_process_stops_no_other(folder: Path) -> None:
    program = (
        "import os, sys\n"
        "from importlib import import_module\n"
        "job = import_module('bokwon.image_io.document')\n"
        "read = job.read_page\n"
        "def read_or_die(source, **settings):\n"
        "    if source.name.endswith('a.png'): os._exit(9)\n"
        "    return read(source, **settings)\n"
        "job.read_page = read_or_die\n"
        "if __name__ == '__main__':\n"
        "    from bokwon.cli.main import main\n"
        "    main(sys.argv[1:])\n"
    )
    (folder / "program.py").write_text(program)
    command = [sys.executable, "program.py", "restore", "in", "out", "--masks", "masks", *TELEA]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 4
    statuses = {name: entry["status"] for name, entry in report(folder / "out").items()}
    assert statuses["a.png"] == "failed"
    assert statuses["b.JPG"] == "restored"
    assert "a.png: the process that restored it crashed twice" in done.stderr


def test_an_interruption_is_130_and_leaves_no_process(tmp_path: Path) -> None:
    for number in range(6):
        page(tmp_path / f"in/{number}.png", number, (900, 900))
        mask(tmp_path / f"in/{number}-mask.png", (900, 900))
    command = [*BOKWON, "restore", "in", "out", "-j", "2", *TELEA]
    journal = tmp_path / "out/report.jsonl"
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, start_new_session=True) as process:
        while not journal.exists() or not journal.read_bytes():
            assert process.poll() is None
            time.sleep(0.005)
        os.killpg(process.pid, signal.SIGINT)
        assert process.stderr is not None
        said = process.stderr.read()
        assert process.wait(timeout=60) == 130
    assert said.splitlines()[-1] == b"bokwon: error: interrupted"
    assert b"Traceback" not in said
    # Python's own helper process follows a moment later.
    until = time.monotonic() + 20
    while alive_in_group(process.pid) and time.monotonic() < until:
        time.sleep(0.05)
    assert not alive_in_group(process.pid)


def alive_in_group(group: int) -> list[str]:
    table = subprocess.run(["ps", "-eo", "pgid=,stat=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in table.splitlines()]
    return [row[2] for row in rows if int(row[0]) == group and not row[1].startswith("Z")]


def test_progress_on_a_terminal(folder: Path) -> None:
    keyboard, screen = pty.openpty()
    command = [*BOKWON, "restore", "in", "out", "--masks", "masks", *TELEA]
    with subprocess.Popen(command, cwd=folder, stderr=screen) as process:
        os.close(screen)
        said = b""
        while block := _read(keyboard):
            said += block
        assert process.wait(timeout=60) == 4
    os.close(keyboard)
    assert b"5 of 5 files, " in said
    assert b" pages/s, 0:00:00 left" in said


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""


@pytest.mark.parametrize(
    ("code", "arguments", "message"),
    [
        (1, "in in --masks masks", "IN_DIR and OUT_DIR are the same folder"),
        (1, "in in/a.png --masks masks", "is a file, but in is a folder"),
        (1, "in/a.png out.png --mask masks/a.png --resume", "--resume is for folders"),
        (1, "in/a.png out.png --mask masks/a.png -j 2", "--jobs is for folders"),
        (1, "in out --model letter", "no model is named 'letter'"),
        (1, "in/a.png out.png --mask masks/a.png --cluster", "--cluster is for folders"),
        (1, "in out --masks masks --address local", "--address is that of a cluster"),
        (1, "in - --masks masks", "standard output cannot hold a folder"),
        (5, "in out --masks none", "none does not exist"),
    ],
)
def test_mistakes_that_keep_a_run_from_beginning(
    folder: Path, call: Call, monkeypatch: pytest.MonkeyPatch, code: int, arguments: str, message: str
) -> None:
    monkeypatch.chdir(folder)
    method = () if "--model" in arguments else TELEA
    done = call("restore", *arguments.split(), *method)
    assert done.returncode == code
    assert message in done.stderr
    assert not (folder / "out").exists()


def test_a_cluster_without_ray_is_3_and_says_what_installs_it(folder: Path) -> None:
    program = (
        "import sys\n"
        "from bokwon.cli.main import main\n"
        "from bokwon.batch import cluster\n"
        "cluster.find_spec = lambda name: None\n"
        "main(['restore', 'in', 'out', '--masks', 'masks', '--cluster'])\n"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 3
    assert done.stderr == "bokwon: error: Ray is not installed; pip install 'bokwon[cluster]'\n"
    assert not (folder / "out").exists()


def test_the_output_folder_may_lie_in_the_input_folder(folder: Path) -> None:
    for _ in range(2):
        done = run(folder, "in", "in/out", "--masks", "masks", "-r", *TELEA)
        assert done.returncode == 4
        assert len(report(folder / "in/out")) == 7


@pytest.mark.parametrize(
    ("link", "target", "what"), [("out/b.JPG", "in/a.png", "original"), ("out/a.png", "masks/odd.png", "mask")]
)
def test_originals_and_masks_stay_as_they_are_whatever_links_lead_there(
    folder: Path, link: str, target: str, what: str
) -> None:
    (folder / "out").mkdir()
    (folder / link).symlink_to(folder / target)
    before = [files(folder / name) for name in ("in", "masks")]
    done = run(folder, "in", "out", "--masks", "masks", *TELEA)
    assert done.returncode == 4
    assert f"output {link} is the {what} {target} itself" in done.stderr
    assert [files(folder / name) for name in ("in", "masks")] == before


def test_a_mask_that_is_one_images_own_is_no_page_of_another(tmp_path: Path) -> None:
    for number, name in enumerate(("leaf", "leaf_p002", "roll")):
        page(tmp_path / f"in/{name}.png", number)
    for name in ("leaf", "leaf_p002", "roll_p001"):
        mask(tmp_path / f"masks/{name}.png")
    done = run(tmp_path, "in", "out", "--masks", "masks", *TELEA)
    assert done.returncode == 0, done.stderr
    entries = report(tmp_path / "out")
    assert {name: (entry["status"], entry["hole_pixels"]) for name, entry in entries.items()} == {
        f"{name}.png": ("restored", 200) for name in ("leaf", "leaf_p002", "roll")
    }


@pytest.mark.parametrize("masks", ["in", "masks"])
def test_masks_that_lie_among_the_images_own_no_masks(tmp_path: Path, masks: str) -> None:
    page(tmp_path / "in/scan.png", 1)
    mask(tmp_path / "in/scan-mask.png")
    mask(tmp_path / "masks/scan-mask.png")
    done = run(tmp_path, "in", "out", "--masks", masks, *TELEA)
    assert done.returncode == 0, done.stderr
    entry = report(tmp_path / "out")["scan.png"]
    assert (entry["status"], entry["hole_pixels"]) == ("restored", 200)


def test_pipes_and_records_are_no_scans(folder: Path) -> None:
    os.mkfifo(folder / "in/pipe.png")
    (folder / "in/odd.png.record").mkdir()
    page(folder / "in/odd.png.record/overlay_p001.png", 3)
    done = run(folder, "in", "out", "--masks", "masks", "--recursive", *TELEA)
    names = {json.loads(line)["file"] for line in (folder / "out/report.jsonl").read_text().splitlines()}
    assert "odd.png" in names
    assert not any("pipe" in name or "record" in name for name in names), done.stderr


def test_an_output_that_was_damaged_is_made_again(folder: Path) -> None:
    arguments = ["in", "out", "--masks", "masks", *TELEA]
    run(folder, *arguments)
    whole = files(folder / "out")
    (folder / "out/a.png").write_bytes(whole["a.png"][:300])
    done = run(folder, *arguments, "--resume", "-v")
    assert "bokwon: a.png: " in done.stderr
    assert files(folder / "out")["a.png"] == whole["a.png"]


def test_pages_to_the_end_may_be_none(folder: Path) -> None:
    done = run(folder, "in", "out", "--masks", "masks", "--pages", "3-end", *TELEA)
    entries = [json.loads(line) for line in (folder / "out/report.jsonl").read_text().splitlines()]
    (odd,) = (entry for entry in entries if entry["file"] == "odd.png")
    assert odd["status"] == "unchanged", done.stderr
    assert (folder / "out/odd.png").read_bytes() == (folder / "in/odd.png").read_bytes()


def test_a_name_that_is_no_utf_8_leaves_a_report_that_is(folder: Path) -> None:
    shutil.copy(folder / "in/odd.png", os.fsdecode(os.fsencode(folder / "in") + b"/caf\xe9.png"))
    run(folder, "in", "out", "--masks", "masks", *TELEA)
    lines = (folder / "out/report.jsonl").read_bytes().decode("utf-8").splitlines()
    assert "caf\udce9.png" in {json.loads(line)["file"] for line in lines}


def test_masks_are_found_whichever_way_accents_are_written(tmp_path: Path) -> None:
    name = "복원 café"
    for number, (of_image, of_mask) in enumerate((("NFC", "NFD"), ("NFD", "NFC"))):
        folder = tmp_path / str(number)
        page(folder / "in" / f"{unicodedata.normalize(of_image, name)}.png", number)
        mask(folder / "masks" / f"{unicodedata.normalize(of_mask, name)}.png")
        (folder / "table.csv").write_text(
            f"image,mask\n{unicodedata.normalize(of_mask, name)}.png,masks/{unicodedata.normalize(of_mask, name)}.png\n"
        )
        for masks in ("masks", "table.csv"):
            done = run(folder, "in", f"out {masks}", "--masks", masks, *TELEA)
            assert done.returncode == 0
            assert "belong to no image" not in done.stderr
            (entry,) = report(folder / f"out {masks}").values()
            assert entry["status"] == "restored"
        shutil.copy(
            next((folder / "masks").iterdir()), folder / "in" / f"{unicodedata.normalize(of_mask, name)}-mask.png"
        )
        done = run(folder, "in", "out", *TELEA)
        assert [entry["status"] for entry in report(folder / "out").values()] == ["restored"]


def test_a_run_begun_without_resume_by_mistake_loses_nothing(tmp_path: Path) -> None:
    for number, size in enumerate(((60, 40), (1500, 1500), (60, 40))):
        page(tmp_path / f"in/{number}.png", number, size)
        mask(tmp_path / f"masks/{number}.png", size)
    command = ("in", "out", "--masks", "masks", *TELEA)
    assert run(tmp_path, *command).returncode == 0
    before = files(tmp_path / "out")
    journal = tmp_path / "out/report.jsonl"
    started = subprocess.Popen([*BOKWON, "restore", *command], cwd=tmp_path, stderr=subprocess.DEVNULL)
    while started.poll() is None and journal.stat().st_size == len(before["report.jsonl"]):
        time.sleep(0.01)
    started.kill()
    started.wait()
    done = run(tmp_path, *command, "--resume")
    assert "3 of 3 files were done before" in done.stderr
    assert files(tmp_path / "out").keys() == before.keys()


def test_two_runs_in_one_folder_are_refused(folder: Path) -> None:
    (folder / "out").mkdir()
    lock = lock_folder(folder / "out")
    assert lock is not None
    done = run(folder, "in", "out", "--masks", "masks", *TELEA)
    os.close(lock)
    assert done.returncode == 1
    assert "another run is writing to out" in done.stderr
