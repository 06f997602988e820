"""Nothing drawn is lost: reload, a second window, a server that stops and comes back."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest


@pytest.fixture
def alone(start_server: Callable[..., Any], open_window: Callable[..., Any]) -> Iterator[Any]:
    desk = open_window(start_server({"page.png": False}))
    yield desk
    desk.close()
    desk.server.stop()


def draw_without_server(desk: Any) -> None:
    """Stop the server and draw a stroke in row 200, which waits to be sent."""
    desk.open("page.png")
    desk.press("b")
    desk.server.stop()
    desk.drag((100, 200), (200, 200))
    desk.page.get_by_text("No connection: 1 change waits").wait_for()


def test_strokes_and_their_undo_outlive_a_reload(alone: Any) -> None:
    desk = alone
    desk.open("page.png")
    desk.press("b")
    desk.drag((100, 100), (200, 100))
    first = desk.mask("page.png")
    desk.drag((100, 200), (200, 200))
    both = desk.mask("page.png")
    desk.page.reload()
    desk.ready()
    assert (desk.mask("page.png") == both).all()
    desk.press("Control+z")
    desk.until(lambda: (desk.mask("page.png") == first).all())
    desk.press("Control+z")
    desk.until(lambda: not desk.mask("page.png").any())
    desk.press("Control+Shift+Z", "Control+y")
    desk.until(lambda: (desk.mask("page.png") == both).all())
    assert not desk.errors


def test_strokes_wait_for_a_server_that_is_started_anew(alone: Any) -> None:
    desk = alone
    desk.open("page.png")
    desk.press("b")
    desk.drag((100, 100), (200, 100))
    first = desk.mask("page.png")
    desk.server.stop()
    desk.drag((100, 200), (200, 200))
    desk.page.get_by_text("No connection: 1 change waits").wait_for()
    assert desk.page.get_by_role("alert").is_visible()
    desk.drag((100, 300), (200, 300))
    desk.page.get_by_text("No connection: 2 changes wait").wait_for()
    # The new server does not know this browser: its address is opened beside, and the first window goes on.
    desk.server.start()
    desk.page.get_by_text("bokwon was started anew").wait_for()
    other = desk.context.new_page()
    other.goto(desk.server.address)
    other.locator(".page-card").wait_for()
    other.close()
    desk.until(lambda: desk.page.locator(".saved").inner_text() == "Everything is saved")
    mask = desk.mask("page.png")
    assert (mask & first == first).all()
    assert mask[200, 100:200].all()
    assert mask[300, 100:200].all()
    assert desk.page.locator("#lost").is_hidden()


def test_strokes_that_were_not_sent_outlive_a_closed_window(alone: Any) -> None:
    desk = alone
    draw_without_server(desk)
    address = desk.page.url.split("/", 3)[3]
    desk.page.close(run_before_unload=False)
    desk.server.start()
    desk.page = desk.context.new_page()
    desk.page.goto(desk.server.address)
    desk.page.locator(".page-card").wait_for()
    desk.page.goto(f"http://127.0.0.1:{desk.server.port}/{address}")
    desk.ready()
    desk.until(lambda: desk.mask("page.png")[200, 100:200].all())


def test_strokes_wait_for_their_own_folder(alone: Any, tmp_path: Path) -> None:
    desk = alone
    draw_without_server(desk)
    # At the same address another folder is opened; its page has the same name.
    own, other = desk.server.folder, tmp_path / "other"
    other.mkdir()
    shutil.copy(own / "page.png", other)
    desk.server.folder = other
    desk.server.start()
    window, desk.page = desk.page, desk.context.new_page()
    desk.page.goto(desk.server.address)
    window.get_by_role("heading", name="other").wait_for()
    window.locator(".page-card").click()
    window.get_by_text("Everything is saved").wait_for()
    window.close()
    assert desk.facts("page.png")["share"] == 0
    desk.server.stop()
    desk.server.folder = own
    desk.server.start()
    desk.page.goto(desk.server.address)
    desk.open("page.png")
    desk.until(lambda: desk.mask("page.png")[200, 100:200].all())


def test_two_windows_do_not_overwrite_each_other(alone: Any, open_window: Callable[..., Any]) -> None:
    desk = alone
    desk.open("page.png")
    desk.press("b")
    other = desk.context.new_page()
    other.goto(desk.page.url)
    other.wait_for_selector(".overlay[data-view]")
    other.get_by_text("Everything is saved").wait_for()
    desk.drag((100, 100), (200, 100))
    # What the first drew appears in the second, and stays when the second draws.
    first = desk.mask("page.png")
    other.keyboard.press("b")
    window, desk.page = desk.page, other
    desk.drag((100, 200), (200, 200))
    both = desk.mask("page.png")
    assert both[first].all()
    assert np.count_nonzero(both) > np.count_nonzero(first)
    desk.page = window
