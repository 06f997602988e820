"""The archive's day of the README: its commands, as they are written there."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import bokwon
from bokwon.cli.main import main

ROOT = Path(bokwon.__file__).resolve().parents[2]


def commands(readme: str, heading: str) -> list[list[str]]:
    text = (ROOT / readme).read_text(encoding="utf-8")
    section = re.search(rf"^## {heading}\n(.*?)^## ", text, re.MULTILINE | re.DOTALL)
    assert section is not None
    blocks = re.findall(r"^```sh\n(.*?)^```", section[1], re.MULTILINE | re.DOTALL)
    return [shlex.split(line) for block in blocks for line in block.splitlines()]


def bokwon_command(words: list[str]) -> int:
    assert words[0] == "bokwon"
    with pytest.raises(SystemExit) as left:
        main(words[1:])
    return int(left.value.code or 0)


@pytest.mark.skipif(not (ROOT / "README.md").exists(), reason="needs the source tree")
@pytest.mark.parametrize(
    ("readme", "heading"), [("README.md", "Restore a folder"), ("README.ko.md", "폴더째 복원하기")]
)
def test_the_commands_of_the_readme_do_what_it_says(
    readme: str, heading: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    restore, look, undo = commands(readme, heading)
    monkeypatch.chdir(tmp_path)
    examples = ROOT / "examples"
    Path("scans").mkdir()
    Path("masks").mkdir()
    shutil.copy(examples / "hangul.png", "scans/leaf7.png")
    shutil.copy(examples / "hangul-mask.png", "masks/leaf7.png")
    shutil.copy(examples / "typescript.jpg", "scans/letter.jpg")
    shutil.copy(examples / "typescript-mask.png", "masks/letter.png")
    Path("scans/letter.jpg").write_bytes((examples / "typescript.jpg").read_bytes()[:20000])
    before = Path("scans/leaf7.png").read_bytes()
    assert bokwon_command(restore) == 4
    assert Path("scans/leaf7.png").read_bytes() == before
    # What `grep -v` would leave over.
    assert look[:2] == ["grep", "-v"]
    (left,) = [json.loads(line) for line in Path(look[3]).read_text().splitlines() if look[2] not in line]
    assert (left["file"], left["status"]) == ("letter.jpg", "failed")
    record = Path("restored/leaf7.png.record")
    assert {"record.json", "overlay_p001.png"} <= {path.name for path in record.iterdir()}
    shutil.copy(examples / "typescript.jpg", "scans/letter.jpg")
    assert bokwon_command([*restore, "--resume"]) == 0
    assert Path("restored/letter.jpg").exists()
    assert bokwon_command(undo) == 0
    with Image.open("scans/leaf7.png") as old, Image.open("restored/leaf7.png") as new:
        np.testing.assert_array_equal(np.array(new), np.array(old))
