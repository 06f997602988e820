from __future__ import annotations

from pathlib import Path

import pytest

import bokwon
from bokwon.batch.batch import plan_batch, start_on_node
from bokwon.batch.job import Options
from bokwon.errors import ArgumentError, FileAccessError, MissingDependencyError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("in/a.png", "in/a-mask.png", "in/sub/b.tif", "in/notes.txt", "masks/a.png", "masks/other.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path


def plan(folder: Path, masks: str | None = None, **values: object) -> object:
    place = folder / masks if masks else None
    return plan_batch(
        folder / "in", folder / "out", place, Options(), **{"file_format": None, "recursive": True, **values}
    )


def test_masks_beside_their_images_are_no_images(folder: Path) -> None:
    batch = plan(folder)
    assert [(task.name, task.output) for task in batch.tasks] == [("a.png", "a.png"), ("sub/b.tif", "sub/b.tif")]
    first, second = batch.tasks
    assert first.job.masks.whole.path == folder / "in/a-mask.png"
    assert not second.job.masks
    assert first.job.target == folder / "out/a.png"
    assert (batch.ignored, batch.unused) == (1, ())


def test_a_folder_of_masks_is_matched_by_name(folder: Path) -> None:
    batch = plan(folder, "masks", recursive=False)
    assert {task.name: bool(task.job.masks) for task in batch.tasks} == {"a-mask.png": False, "a.png": True}
    assert batch.unused == ("other.png",)


def test_a_table_names_masks_and_strangers(folder: Path) -> None:
    (folder / "table.csv").write_text("image,mask,damage\nsub/b.tif,masks/a.png,tear\nnone.png,masks/a.png,\n")
    batch = plan(folder, "table.csv")
    job = next(task.job for task in batch.tasks if task.name == "sub/b.tif")
    assert job.masks.whole.path == folder / "masks/a.png"
    assert job.masks.damage == {0: "tear"}
    assert batch.unused == ("none.png",)


def test_another_format_changes_the_names(folder: Path) -> None:
    assert [task.output for task in plan(folder, file_format="PNG").tasks] == ["a.png", "sub/b.png"]


def test_two_images_that_would_become_one_file_are_a_fault_of_the_second(folder: Path) -> None:
    (folder / "in/a.tif").write_bytes(b"")
    tasks = {task.name: task for task in plan(folder, file_format="PNG").tasks}
    assert [tasks[name].job is None for name in ("a.png", "a.tif")].count(True) == 1
    fault = next(task.fault for task in tasks.values() if task.job is None)
    assert fault[0] == 1
    assert fault[2]


def test_impossible_plans_are_refused(folder: Path) -> None:
    with pytest.raises(ArgumentError, match="same folder"):
        plan_batch(folder / "in", folder / "in", None, Options(), file_format=None, recursive=False)
    with pytest.raises(FileAccessError, match="does not exist"):
        plan(folder, "nowhere")
    with pytest.raises(FileAccessError, match="cannot be listed"):
        plan_batch(folder / "none", folder / "out", None, Options(), file_format=None, recursive=False)


def test_a_node_with_another_version_or_without_the_files_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    with pytest.raises(MissingDependencyError, match=r"the run is of 0\.0\.0") as error:
        start_on_node(None, folder, (), "0.0.0")  # type: ignore[arg-type]
    assert "bokwon[cluster]==0.0.0" in error.value.fix
    with pytest.raises(FileAccessError, match="does not see"):
        start_on_node(None, folder, (folder / "none",), bokwon.__version__)  # type: ignore[arg-type]
