"""A folder of good, foreign and damaged files: each that is left is named, with the reason."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bokwon.cli.main import main

HOLE = np.zeros((30, 40), bool)
HOLE[3:9, 5:16] = True


def test_every_file_that_is_left_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("in").mkdir()
    for name in ("good.png", "scan.old"):
        Image.new("L", (40, 30), 99).save(f"in/{name}", "PNG")
    Image.fromarray(HOLE).save("in/good-mask.png")
    Path("in/notes.txt").write_text("words")
    Path("in/torn.png").write_bytes(Path("in/good.png").read_bytes()[:60])
    for number in range(55):
        Path(f"in/z{number:02}.log").write_text("words")
    with pytest.raises(SystemExit) as caught:
        main(["restore", "in", "out", "--method", "telea", "-j", "1"])
    assert caught.value.code == 4
    said = capsys.readouterr().err
    assert "bokwon: note: notes.txt is left alone: its extension is not that of an image\n" in said
    assert (
        "bokwon: note: scan.old is left alone: its content is PNG, but its name is not: rename it to end in .png"
        in said
    )
    assert "bokwon: error: in/torn.png is damaged" in said
    assert "z47.log" in said
    assert "z48.log" not in said
    assert "bokwon: note: 7 more files of in are left alone (-v names them)" in said
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "good.png",
        "report.html",
        "report.jsonl",
        "report_files",
    ]
    with pytest.raises(SystemExit):
        main(["restore", "in", "out2", "--method", "telea", "-j", "1", "-v"])
    assert "z54.log is left alone" in capsys.readouterr().err
