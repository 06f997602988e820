from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

import pytest
from PIL import Image

from bokwon.batch.left_files import left_files
from bokwon.image_io.source import RAW_FIX


def test_each_file_has_its_reason(tmp_path: Path) -> None:
    contents = {
        "notes.txt": b"words",
        "none.doc": b"",
        ".DS_Store": b"x",
        "a.classes.png": b"x",
        "book.bak": b"%PDF-1.7",
        "iiif.json": b"{}",
        "clip.gif": b"GIF89a",
        "photo.NEF": b"II*\0",
        "photo.cr3": b"\0\0\0\x18ftypcrx ",
        "photo.raw": b"FUJIFILMCCD-RAW",
        "design.psd": b"8BPS",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    Image.new("L", (2, 2)).save(tmp_path / "scan.old", "PNG")
    names = [*contents, "scan.old", "gone.txt"]
    raw = f"it is a camera's raw file: {RAW_FIX}"
    assert dict(left_files(tmp_path, map(PurePosixPath, names))) == {
        "notes.txt": "its extension is not that of an image",
        "none.doc": "it is empty",
        ".DS_Store": "its name begins with a dot",
        "a.classes.png": "it is the class map of a mask",
        "book.bak": "its content is PDF, but its name is not: rename it to end in .pdf",
        "scan.old": "its content is PNG, but its name is not: rename it to end in .png",
        "clip.gif": "it is a GIF, which bokwon does not read: "
        "save each of its pictures as a PNG (ImageMagick: magick NAME.gif NAME-%03d.png)",
        "photo.NEF": raw,
        "photo.cr3": raw,
        "photo.raw": f"it is a camera's raw file, which bokwon does not read: {RAW_FIX}",
        "design.psd": "it is a Photoshop document, which bokwon does not read: flatten it and save it as TIFF or PNG",
        "gone.txt": "it is not a regular file",
    }


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has pipes")
def test_a_pipe_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert left_files(tmp_path, [PurePosixPath("pipe.png")]) == (("pipe.png", "it is not a regular file"),)
