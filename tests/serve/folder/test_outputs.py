"""What has been restored already, by the page or by the command."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bokwon.batch.journal import Entry
from tests.serve.folder.conftest import Opened, box_hole, noise


def command(*arguments: str | Path, code: int = 0) -> str:
    """Run bokwon, and return what it said."""
    done = subprocess.run(
        [sys.executable, "-m", "bokwon", *map(str, arguments)], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == code, done.stderr
    return done.stderr


def restore_folder(folder: Path, *options: str, code: int = 0) -> str:
    """Restore a folder with the command in one process: starting others would take longer than the work."""
    return command("restore", folder, folder / "restored", "-j", "1", *options, code=code)


@pytest.mark.parametrize("record", [["--record"], []], ids=["with a record", "without"])
def test_what_the_command_restored_is_seen(scans: Path, open_folder: Callable[..., Opened], record: list[str]) -> None:
    Image.fromarray(box_hole((10, 10, 30, 30))).save(scans / "a-mask.png")
    Image.fromarray(box_hole((40, 10, 60, 30))).save(scans / "c_p002.png")
    restore_folder(scans, "--method", "telea", *record)
    opened = open_folder(scans)
    opened.settle()
    states = {(page["name"], page["index"]): page["state"] for page in opened.pages()}
    restored = {key for key, state in states.items() if state == "restored"}
    assert restored == {("a.png", 0), ("c.tif", 1)}
    facts = opened.facts(opened.page("a.png"))
    assert facts["evidence"] is bool(record)
    assert facts["restored_version"] > 0
    # A part is given back, with the rest as the command made it.
    before = opened.restored("a.png")
    address = opened.page("a.png")
    assert opened.client.post(address + "/original", json={"box": [10, 10, 20, 30]}).status_code == 200
    opened.settle()
    after = opened.restored("a.png")
    assert (after[10:30, 10:20] == noise(1)[10:30, 10:20]).all()
    assert (after[10:30, 20:30] == before[10:30, 20:30]).all()


def test_a_page_on_which_the_command_was_sure_of_nothing_is_uncertain(
    scans: Path, open_folder: Callable[..., Opened]
) -> None:
    (scans / "restored").mkdir()
    entries = (Entry("a.png", "uncertain", "a.png"), Entry("b.jpg", "undamaged", "b.jpg"))
    for entry in entries:
        (scans / "restored" / entry.file).write_bytes((scans / entry.file).read_bytes())
    (scans / "restored/report.jsonl").write_text("".join(entry.to_json() + "\n" for entry in entries))
    opened = open_folder(scans)
    opened.settle()
    assert opened.facts(opened.page("a.png"))["state"] == "uncertain"
    assert opened.facts(opened.page("b.jpg"))["state"] == "undamaged"
    # Somebody has looked.
    opened.draw(opened.page("a.png"), (10, 10, 20, 20))
    assert opened.facts(opened.page("a.png"))["state"] == "found"


def test_undo_of_the_command_takes_back_what_the_page_did(opened: Opened) -> None:
    address = opened.page("a.png")
    opened.draw(address, (10, 10, 30, 30), (50, 40, 70, 60))
    opened.run(address + "/restore", {"region": 1})
    opened.run(address + "/restore", {"region": 2, "method": "ns"})
    output = opened.folder / "restored" / "a.png"
    assert (opened.restored("a.png") != noise(1)).any()
    command("undo", output.with_name("a.png.record"), output)
    assert (opened.restored("a.png") == noise(1)).all()
    facts = opened.facts(address)
    assert (facts["state"], facts["restored_version"]) == ("found", 0)
    # And the page takes it up again.
    opened.run(address + "/restore")
    assert opened.facts(address)["state"] == "restored"


def test_the_command_leaves_what_the_page_finished(opened: Opened) -> None:
    # All of bokwon's defaults, as of the command without options.
    from bokwon.settings import RestoreSettings

    opened.workspace.settings = RestoreSettings()
    address = opened.page("a.png")
    opened.draw(address, (10, 10, 20, 20))
    opened.run(address + "/restore")
    output = opened.folder / "restored" / "a.png"
    written = output.stat().st_mtime_ns
    said = restore_folder(opened.folder, "--record", "--resume")
    assert "1 of 3 files were done before" in said
    assert output.stat().st_mtime_ns == written
    # What is only filled in part is done by the command.
    opened.draw(address, (60, 60, 70, 70))
    opened.run(address + "/restore", {"box": [0, 0, 30, 30]})
    said = restore_folder(opened.folder, "--record", "--resume")
    assert "2 of 3 files were done before" in said
    assert (opened.restored("a.png")[60:70, 60:70] != noise(1)[60:70, 60:70]).any()


def test_a_failure_of_the_command_is_shown_until_it_is_mended(scans: Path, open_folder: Callable[..., Opened]) -> None:
    wrong = np.zeros((50, 40), np.uint8)
    wrong[5:9, 5:9] = 255
    Image.fromarray(wrong).save(scans / "a-mask.png")
    restore_folder(scans, "--method", "telea", code=4)
    opened = open_folder(scans)
    opened.settle()
    address = opened.page("a.png")
    assert opened.facts(address)["state"] == "failed"
    assert "40x50" in opened.facts(address)["problem"]["detail"]
    Image.fromarray(box_hole((10, 10, 30, 30))).save(scans / "a-mask.png")
    opened.workspace.index.refresh(force=True)
    facts = opened.facts(address)
    assert (facts["state"], facts["problem"]) == ("found", None)
