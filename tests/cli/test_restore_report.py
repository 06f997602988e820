"""The treatment report of `bokwon restore` on a folder."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bokwon.cli.main import main

TELEA = ("--method", "telea", "-j", "1")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two pages with masks, one without, and a broken file."""
    monkeypatch.chdir(tmp_path)
    hole = np.zeros((150, 200), np.uint8)
    hole[40:80, 60:100] = 255
    Path("in/sub").mkdir(parents=True)
    for number, name in enumerate(("a.png", "sub/b.tif", "c.png")):
        noise = np.random.default_rng(number).integers(0, 256, (150, 200, 3)).astype(np.uint8)
        Image.fromarray(noise).save(Path("in") / name)
        if name != "c.png":
            Image.fromarray(hole).save((Path("in") / name).with_name(f"{Path(name).stem}-mask.png"))
    Path("in/broken.png").write_text("no image")
    return tmp_path


def run(arguments: list[str]) -> int:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    return int(caught.value.code or 0)


def restore(*arguments: str) -> int:
    return run(["restore", "in", "out", "--recursive", "--mask", "beside", *TELEA, *arguments])


def filled_pages(html: str) -> list[str]:
    return re.findall(r"<h3>([^<]*)", html)


def test_a_folder_run_leaves_a_report(capsys: pytest.CaptureFixture[str]) -> None:
    assert restore("--record") == 4
    assert "report in out/report.html" in capsys.readouterr().err
    html = Path("out/report.html").read_text(encoding="utf-8")
    assert filled_pages(html) == ["a.png", "sub/b.tif"]
    assert html.count("data:image/jpeg;base64,") == 4
    assert "in/broken.png is not an image that bokwon reads" in html
    assert "convert it to PNG or TIFF" in html
    assert "bokwon undo sub/b.tif.record sub/b.tif" in html
    assert "5.33 % of 200 × 150 px, in 1 region" in html


def test_undo_commands_work_in_the_folder_of_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    assert restore("--record") == 4
    command = re.search("<code>(bokwon undo sub[^<]*)</code>", Path("out/report.html").read_text(encoding="utf-8"))
    assert command is not None
    monkeypatch.chdir("out")
    assert run(command[1].split()[1:]) == 0
    with Image.open("sub/b.tif") as output, Image.open("../in/sub/b.tif") as original:
        np.testing.assert_array_equal(np.array(output), np.array(original))


def test_no_report_leaves_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert restore("--no-report") == 4
    assert "report in out/report.jsonl" in capsys.readouterr().err
    assert sorted(path.name for path in Path("out").iterdir()) == ["a.png", "c.png", "report.jsonl", "sub"]
    assert run(["restore", "in/a.png", "single.png", "--no-report", *TELEA[:2]]) == 1
    assert "--no-report is for folders" in capsys.readouterr().err


def test_what_was_done_before_stands_in_the_report_of_a_resumed_run() -> None:
    assert restore() == 4
    Path("in/broken.png").unlink()
    before = {path: path.stat().st_mtime_ns for path in Path("out/report_files").rglob("*.jpg")}
    assert len(before) == 4
    Path("out/a.png").unlink()
    assert restore("--resume") == 0
    html = Path("out/report.html").read_text(encoding="utf-8")
    assert filled_pages(html) == ["a.png", "sub/b.tif"]
    assert html.count("data:image/jpeg;base64,") == 4
    again = {path for path, time in before.items() if path.stat().st_mtime_ns != time}
    assert {path.parent.name for path in again} == {"a.png"}


def test_pictures_of_an_output_that_was_made_anew_without_them_are_not_shown() -> None:
    assert restore() == 4
    for number in (7, 8):
        noise = np.random.default_rng(number).integers(0, 256, (150, 200, 3)).astype(np.uint8)
        Image.fromarray(noise).save("in/a.png")
        # The second time its record tells what it was.
        record = ("--record",) if number == 8 else ()
        assert restore("--no-report", *record) == 4
        assert restore("--resume", *record) == 4
        html = Path("out/report.html").read_text(encoding="utf-8")
        a, b = html.split("<h3>")[1:]
        assert ("No pictures" in a, "data:image" in a) == ((True, False) if number == 7 else (False, True))
        # The same output as before: its pictures still show it.
        assert "data:image" in b


def test_the_pictures_are_no_images_to_restore() -> None:
    assert restore() == 4
    assert run(["restore", "out", "again", "--recursive", "--no-report", "--mask", "beside", *TELEA]) == 0
    assert sorted(path.name for path in Path("again").iterdir()) == ["a.png", "c.png", "report.jsonl", "sub"]


def test_a_page_taken_back_is_listed_so() -> None:
    assert restore("--record") == 4
    assert run(["undo", "out/a.png.record", "out/a.png"]) == 0
    assert restore("--record", "--resume") == 4
    html = Path("out/report.html").read_text(encoding="utf-8")
    assert filled_pages(html) == ["sub/b.tif"]
    assert "undone since" in html


def test_a_file_is_not_lost_for_its_pictures(capsys: pytest.CaptureFixture[str]) -> None:
    Path("out").mkdir()
    Path("out/report_files").write_text("in the way")
    Path("in/broken.png").unlink()
    assert restore() == 0
    assert "warning: the report has no pictures of in/a.png" in capsys.readouterr().err
    assert Path("out/a.png").exists()
    assert "No pictures" in Path("out/report.html").read_text(encoding="utf-8")


def test_a_broken_class_map_costs_the_kinds_and_not_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    Path("in/broken.png").unlink()
    Image.new("L", (9, 9), 2).save("in/a-mask.classes.png")
    assert restore() == 0
    assert "warning: a.png: the report does not name the kinds of damage: class map" in capsys.readouterr().err
    Image.new("L", (200, 150), 2).save("in/a-mask.classes.png")
    assert restore() == 0
    assert "tear 100.00 %" in Path("out/report.html").read_text(encoding="utf-8")


def test_the_report_does_not_change_what_is_restored() -> None:
    restore("--record")
    run(["restore", "in", "plain", "--recursive", "--record", "--no-report", *TELEA])
    for name in ("a.png", "sub/b.tif", "c.png", "a.png.record/original_p001.npz", "a.png.record/hole_p001.png"):
        assert (Path("out") / name).read_bytes() == (Path("plain") / name).read_bytes()


def test_approvals_stand_in_the_report_until_the_page_is_restored_again() -> None:
    assert restore("--record") == 4
    assert "Approval" not in Path("out/report.html").read_text(encoding="utf-8")
    # As the page in the browser writes it.
    line = '{"file": "%s", "page": 1, "decision": "%s", "time": "2026-03-04T05:06:07+00:00"%s}\n'
    decisions = [("a.png", "approve", ', "of": "result"'), ("sub/b.tif", "reject", "")]
    Path("out/review.jsonl").write_text("".join(line % decision for decision in decisions))
    assert restore("--record", "--resume") == 4
    first, second = Path("out/report.html").read_text(encoding="utf-8").split("<article")[1:]
    assert re.search(r"approved, 2026-03-0[345] \d\d:\d\d", first)
    assert "승인함, 2026-03-0" in first
    assert "not yet: needs a look, 2026-03-0" in second
    # The result that was approved is not there any more.
    Path("out/a.png").unlink()
    assert restore("--record", "--resume") == 4
    first = Path("out/report.html").read_text(encoding="utf-8").split("<article")[1]
    assert ("not yet" in first, "approved, " in first) == (True, False)
