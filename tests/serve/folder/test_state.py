"""The database: it forgets nothing it is asked to keep, and can be lost."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from bokwon.errors import FileAccessError
from bokwon.serve.folder.state import MOST_STEPS, FileFacts, PageRow, State, Step


def step(number: int) -> Step:
    return Step((number, 0, number + 1, 1), bytes([number % 256]), "none", "drawn")


def test_what_is_put_comes_back_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "page.sqlite"
    state = State(path)
    row = PageRow("scan", 7, "mask", "found", 0.25, 0.5, 3, True, 2, {"title": "x", "detail": "y"})
    state.put_page("a", row)
    state.put_hole("a", b"png")
    state.put_file("a.png", "stamp", FileFacts(((3, 4), (5, 6)), {"title": "t"}))
    state.add_step("a", 1, step(1))
    state.put_thumbnail("a", "original", "s", b"jpeg")
    state.add_fill("a", 5, {"box": [0, 0, 1, 1]}, b"fill")
    state.add_fill("a", 9, {"box": [0, 0, 1, 1]}, b"again")
    state.close()
    again = State(path)
    assert again.page("a") == row
    assert again.pages() == {"a": row}
    assert again.page("b") == PageRow()
    assert (again.hole("a"), again.hole("b")) == (b"png", None)
    assert again.files() == {"a.png": ("stamp", FileFacts(((3, 4), (5, 6)), {"title": "t"}))}
    assert again.step("a", 1) == step(1)
    assert again.thumbnail("a", "original", "s") == b"jpeg"
    assert again.thumbnail("a", "original", "t") is None
    assert [(page, content) for _, page, _, content in again.fills()] == [("a", b"fill"), ("a", b"again")]
    assert again.fills(("b",)) == []
    assert again.filled() == {"a": 9}
    again.forget_fills([again.fills()[0][0]])
    assert [content for *_, content in again.fills(("a",))] == [b"again"]
    again.close()


def test_the_last_two_hundred_steps_are_kept(tmp_path: Path) -> None:
    state = State(tmp_path / "page.sqlite")
    for number in range(1, MOST_STEPS + 51):
        state.add_step("a", number, step(number))
    assert state.all_places() == {"a": (51, MOST_STEPS + 50)}
    assert state.has_steps("a", MOST_STEPS + 50) == (True, False)
    assert state.has_steps("a", 50) == (False, True)
    # One after an undo takes the place of those that were undone.
    state.add_step("a", 100, step(100))
    assert state.all_places() == {"a": (51, 100)}
    state.forget_steps("a")
    assert state.all_places() == {}
    state.close()


def test_a_block_that_fails_leaves_nothing(tmp_path: Path) -> None:
    state = State(tmp_path / "page.sqlite")
    state.put_hole("a", b"old")

    def fail() -> None:
        with state.writing():
            state.put_hole("a", b"new")
            with state.writing():
                state.put_hole("b", b"new")
                raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert (state.hole("a"), state.hole("b")) == (b"old", None)
    state.close()


def test_two_processes_do_not_write_at_the_same_time(tmp_path: Path) -> None:
    first, second = State(tmp_path / "page.sqlite"), State(tmp_path / "page.sqlite")
    order: list[str] = []
    inside = threading.Event()

    def write() -> None:
        inside.wait(10)
        with second.writing():
            order.append("second")

    thread = threading.Thread(target=write)
    thread.start()
    with first.writing():
        inside.set()
        # Time for the other to get in, if it could.
        thread.join(0.3)
        order.append("first")
    thread.join(30)
    assert order == ["first", "second"]
    first.close()
    second.close()


@pytest.mark.parametrize("content", [b"no database" * 100, b""], ids=["damaged", "empty"])
def test_a_damaged_database_is_made_anew(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "page.sqlite"
    path.write_bytes(content)
    state = State(path)
    state.put_hole("a", b"png")
    assert state.hole("a") == b"png"
    state.close()


def test_a_database_of_another_version_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "page.sqlite"
    state = State(path)
    state.put_hole("a", b"png")
    state._run("PRAGMA user_version = 99")
    state.close()
    again = State(path)
    assert again.hole("a") is None
    again.close()


def test_one_that_is_deleted_while_it_is_open_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "page.sqlite"
    state = State(path)
    for name in tmp_path.iterdir():
        name.unlink()
    with state.writing():
        state.put_hole("a", b"png")
    assert path.exists()
    other = State(path)
    assert other.hole("a") == b"png"
    state.close()
    other.close()


def test_a_folder_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileAccessError, match="cannot be opened"):
        State(tmp_path / "missing" / "page.sqlite")
