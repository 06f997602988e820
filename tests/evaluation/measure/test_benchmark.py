from __future__ import annotations

from pathlib import Path
from typing import Any

from bokwon.evaluation.data.pairs import plan_pairs
from bokwon.evaluation.measure.benchmark import Folders, Task, run_task
from bokwon.evaluation.measure.methods import parse_methods


def test_a_damaged_image_becomes_an_error_record(material: Any, tmp_path: Path) -> None:
    pair = plan_pairs(material.images, material.masks).pairs[0]
    (material.images / pair.image).write_bytes(b"gone")
    record = run_task(Task(pair, parse_methods("telea")[0], Folders(material.images, material.masks, tmp_path)))
    assert pair.image in record["error"]
