from __future__ import annotations

from pathlib import Path

import pytest

from bokwon.batch.job import Options
from bokwon.batch.plan import Batch, plan_batch, plan_files
from bokwon.errors import ArgumentError, FileAccessError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("in/a.png", "in/a-mask.png", "in/sub/b.tif", "in/notes.txt", "masks/a.png", "masks/other.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path


def plan(folder: Path, masks: str | None = None, **values: object) -> Batch:
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
    assert (batch.left, batch.unused) == ((("notes.txt", "its extension is not that of an image"),), ())


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


@pytest.mark.parametrize("masks", ["strangers", "table.csv"])
def test_masks_of_which_none_fits_are_refused_with_what_was_looked_for(folder: Path, masks: str) -> None:
    (folder / "strangers").mkdir()
    (folder / "strangers/x.png").write_bytes(b"")
    (folder / "table.csv").write_text("image,mask\nx.png,masks/a.png\n")
    with pytest.raises(ArgumentError, match=r"belongs to an image of .*x\.png") as error:
        plan(folder, masks)
    assert "a-mask.png" in error.value.fix


def test_capitals_do_not_matter(folder: Path) -> None:
    for name in ("leaf1.JPG", "leaf1_mask.png", "B.Tif", "b_MASK.PNG"):
        (folder / "in" / name).write_bytes(b"")
    batch = plan(folder, recursive=False)
    assert {task.name: task.job.masks.whole.path.name for task in batch.tasks if task.job} == {
        "a.png": "a-mask.png",
        "leaf1.JPG": "leaf1_mask.png",
        "B.Tif": "b_MASK.PNG",
    }


def test_a_mask_that_a_table_names_is_no_image(folder: Path) -> None:
    (folder / "in/b.png").write_bytes(b"")
    (folder / "table.csv").write_text("image,mask\na.png,in/b.png\n")
    assert [task.name for task in plan(folder, "table.csv", recursive=False).tasks] == ["a-mask.png", "a.png"]


def files(folder: Path, masks: str | None = None, *names: str) -> Batch:
    place = folder / masks if masks else None
    chosen = [folder / "in" / name for name in names or ("a.png", "sub/b.tif")]
    return plan_files(chosen, folder / "out", place, Options(), file_format=None)


def test_several_files_take_the_masks_beside_them(folder: Path) -> None:
    (folder / "in/sub/b_mask.png").write_bytes(b"")
    # A wildcard matches masks too.
    batch = files(folder, None, "a.png", "a-mask.png", "sub/b.tif")
    assert [task.output for task in batch.tasks] == ["a.png", "b.tif"]
    assert [task.job.masks.whole.path.name for task in batch.tasks if task.job] == ["a-mask.png", "b_mask.png"]


def test_several_files_take_masks_of_a_folder_or_a_table(folder: Path) -> None:
    batch = files(folder, "masks")
    assert [bool(task.job.masks) for task in batch.tasks if task.job] == [True, False]
    assert batch.unused == ("other.png",)
    # Where each image has its mask, the others are those of images that were not chosen.
    assert files(folder, "masks", "a.png").unused == ()
    (folder / "table.csv").write_text("image,mask\nb.tif,masks/a.png\nc.png,masks/a.png\n")
    batch = files(folder, "table.csv")
    assert [bool(task.job.masks) for task in batch.tasks if task.job] == [False, True]
    assert batch.unused == ("c.png",)
    with pytest.raises(ArgumentError, match="one of the images"):
        files(folder, "table.csv", "a.png")


def test_files_of_one_name_are_not_written_over_each_other(folder: Path) -> None:
    (folder / "in/sub/a.png").write_bytes(b"")
    batch = files(folder, None, "a.png", "sub/a.png")
    assert [task.job is None for task in batch.tasks] == [False, True]
