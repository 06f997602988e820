from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bokwon.provenance.hole_list import Damage, describe_holes


@pytest.fixture
def record(tmp_path: Path) -> Path:
    """The record of a book of which pages 1 and 3 were restored; page 3 has a hole of an unknown kind."""
    folder = tmp_path / "restored" / "book 7.tif.record"
    folder.mkdir(parents=True)
    holes = {1: np.zeros((60, 90), bool), 3: np.zeros((40, 50), bool)}
    holes[1][10:30, 20:60] = True
    holes[1][50, 70] = True
    holes[3][0:10, 5:9] = True
    kinds = np.where(holes[1], 4, 0).astype(np.uint8)
    kinds[50, 70] = 10
    confidence = np.where(holes[1], np.uint8(75), np.uint8(0))
    told = {1: Damage("a detector", classes=kinds, confidence=confidence), 3: Damage()}
    pages = []
    for number, hole in holes.items():
        Image.fromarray(hole).save(folder / f"hole_p{number:03}.png")
        pages.append(
            {
                "page": number,
                "size": list(hole.shape[::-1]),
                "mask": "masks/book.png",
                "mask_origin": "found" if number == 1 else "given",
                "holes": describe_holes(hole, hole.astype(np.uint8) * 2, told[number]),
            }
        )
    content = {
        "record": 2,
        "bokwon": "0.1.0",
        "time": "2026-11-29T09:00:00+00:00",
        "input": {"file": "scans/book 7.tif", "sha256": "a" * 64},
        "output": {"file": "book 7.tif", "sha256": "b" * 64},
        "method": "model",
        "model": "document",
        "model_sha256": "c" * 64,
        "engine": "ONNX Runtime 1.20",
        "settings": {"format": "TIFF"},
        "kernels": [7, 5, 5, 3],
        "pages": pages,
    }
    (folder / "record.json").write_text(json.dumps(content), encoding="utf-8")
    return folder
