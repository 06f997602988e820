"""An archivist's way through a folder, by keys alone; and the folder's own view."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any


def title(desk: Any) -> str:
    return str(desk.page.locator("h1").inner_text())


def test_a_folder_is_reviewed_by_keys_and_downloaded(alone: Any) -> None:
    desk = alone
    # There is none before anything is restored.
    assert desk.page.get_by_role("link", name="Treatment report").is_hidden()
    desk.page.get_by_role("button", name="Find damage in all pages").click()
    desk.page.get_by_text(re.compile(r"Done: .*, 2 undamaged")).wait_for()
    # The worst come first.
    names = desk.page.locator(".page-card .name")
    desk.until(lambda: set(names.all_inner_texts()[:2]) == {"a.png", "c.png"})
    desk.page.get_by_role("button", name="Undamaged 2").wait_for()
    desk.press("ArrowRight", "ArrowRight", "ArrowLeft", "Enter")
    desk.ready()
    assert title(desk) == "a.png"
    desk.work("r")
    desk.press("a")
    desk.page.get_by_role("heading", name="c.png").wait_for()
    desk.ready()
    assert desk.facts("a.png")["state"] == "approved"
    desk.press("x")
    desk.page.get_by_role("heading", name="b.png").wait_for()
    assert desk.facts("c.png")["state"] == "needs a look"
    desk.press("k")
    desk.page.get_by_role("heading", name="c.png").wait_for()
    desk.press("j")
    desk.page.get_by_role("heading", name="b.png").wait_for()
    desk.ready()
    desk.press("u")
    desk.page.get_by_role("heading", name="d.png").wait_for()
    desk.ready()
    # Back to what is decided already, and on from there: only d.png is left.
    for name in ("b.png", "c.png", "a.png"):
        desk.press("k")
        desk.page.get_by_role("heading", name=name).wait_for()
        desk.ready()
    desk.press("a")
    desk.page.get_by_role("heading", name="d.png").wait_for()
    desk.ready()
    desk.press("u")
    desk.page.get_by_text("All pages of the list are decided.").wait_for()
    desk.page.get_by_role("button", name="Needs a look 1").click()
    desk.until(lambda: names.all_inner_texts() == ["c.png"])
    with desk.page.expect_download() as waiting:
        desk.page.get_by_role("link", name="Treatment report").click()
    assert "a.png" in Path(waiting.value.path()).read_text(encoding="utf-8")
    with desk.page.expect_download() as waiting:
        desk.page.get_by_role("link", name="Download everything").click()
    content = zipfile.ZipFile(io.BytesIO(Path(waiting.value.path()).read_bytes()))
    assert any(name.endswith("a.png") for name in content.namelist())
    assert content.testzip() is None


def test_pages_with_certain_damage_are_restored_together(alone: Any) -> None:
    desk = alone
    desk.page.get_by_role("button", name="Find damage in all pages").click()
    desk.page.get_by_text(re.compile(r"Done: .*, 2 undamaged")).wait_for()
    desk.page.get_by_role("button", name="Restore pages").click()
    # Nothing is approved: only approved pages would be none.
    dialog = desk.page.get_by_role("dialog")
    assert dialog.get_by_role("radio", name="Marked pages that are not fully restored 2 pages").is_checked()
    dialog.get_by_role("checkbox", name="Only what is certain").check()
    dialog.get_by_text("Regions with a certainty of at least 90% are restored").wait_for()
    dialog.get_by_text("2 pages will be restored. Skipped: 2 undamaged.").wait_for()
    dialog.get_by_role("button", name="Restore", exact=True).click()
    desk.page.get_by_role("button", name="Restored 2").wait_for()
    desk.page.get_by_text("Done: 2 pages restored.").wait_for()
    assert {desk.facts(name)["restored_version"] > 0 for name in ("a.png", "c.png")} == {True}
    assert not desk.facts("b.png")["restored_version"]


def test_a_page_does_not_wait_for_thumbnails(open_desk: Callable[..., Any]) -> None:
    desk = open_desk()
    asked: list[str] = []
    dropped: list[str] = []
    # Thumbnails of a large file take long: here they never come.
    desk.page.route("**/thumbnail*", lambda route: asked.append(route.request.url))
    desk.page.on("requestfailed", lambda request: dropped.append(request.url))
    with desk.page.expect_request("**/thumbnail*"):
        desk.page.reload()
    desk.open("axe.png")
    assert len(asked) > 1
    desk.until(lambda: set(asked) <= set(dropped))


def test_a_file_that_cannot_be_read_says_why(open_desk: Callable[..., Any]) -> None:
    desk = open_desk(locale="ko-KR")
    content = bytearray((desk.server.folder / "axe.png").read_bytes())
    content[16:24] = b"xxxxxxxx"  # width and height: a page of that size would keep the browser busy for ever
    broken = desk.server.folder / "broken.png"
    broken.write_bytes(content)
    try:
        desk.until(lambda: any(page["name"] == "broken.png" for page in desk.listed()))
        desk.page.reload()
        desk.page.locator(".page-card", has_text="broken.png").click()
        desk.page.get_by_text("400메가픽셀이 넘습니다").wait_for()
        assert desk.page.get_by_role("button", name="훼손 찾기").first.is_disabled()
        desk.press("j")
        desk.ready()
    finally:
        broken.unlink()
    desk.errors.clear()  # the browser's own lines about the thumbnail


LEFT = """async () => {
    const { PageViewer } = await import(new URL("js/page/viewer.js", location.href));
    const { Compare } = await import(new URL("js/page/compare.js", location.href));
    const frame = document.createElement("div");
    document.body.append(frame);
    const page = { id: "none", width: 100, height: 100, restored_version: 1, evidence: true };
    const viewer = new PageViewer(frame, page);
    const compare = new Compare(frame, viewer);
    viewer.destroy();
    const late = new Promise((_, fail) => setTimeout(() => fail(new Error("it never ends")), 5000));
    await Promise.race([compare.update(page), late]);
    await Promise.race([compare.update({ ...page, restored_version: 0 }), late]);
    frame.remove();
    return Object.keys(viewer.items);
}"""


def test_a_page_may_be_left_while_its_layers_are_fetched(desk: Any) -> None:
    desk.page.locator(".page-card").first.wait_for()
    assert desk.page.evaluate(LEFT) == []


def test_help_lists_every_key(desk: Any) -> None:
    desk.open("axe.png")
    desk.press("Shift+Slash")
    dialog = desk.page.get_by_role("dialog", name="Keys")
    assert dialog.locator("dt").count() > 25
    # Keys of the page do nothing while it is open.
    desk.press("b")
    assert desk.page.get_by_role("button", name="Brush").get_attribute("aria-pressed") == "false"
    desk.press("Escape")
    assert dialog.is_hidden()
    assert desk.page.locator(".stage").is_visible()


def test_keys_work_while_hangul_is_typed(desk: Any) -> None:
    desk.open("axe.png")
    desk.page.evaluate(
        """() => {
          const typed = { key: "ㅠ", code: "KeyB", bubbles: true };
          document.body.dispatchEvent(new KeyboardEvent("keydown", typed));
        }"""
    )
    assert desk.page.get_by_role("button", name="Brush").get_attribute("aria-pressed") == "true"


def test_the_page_speaks_korean(open_desk: Callable[..., Any]) -> None:
    desk = open_desk(locale="ko-KR")
    desk.page.get_by_role("button", name="모든 면에서 훼손 찾기").wait_for()
    assert desk.page.locator("html").get_attribute("lang") == "ko"
    desk.open("axe.png")
    desk.page.get_by_role("button", name="훼손 찾기").wait_for()
    # A switch overrides the browser's language, and is remembered.
    desk.page.get_by_label("언어").select_option("en")
    desk.page.get_by_role("button", name="Find damage").wait_for()
    desk.page.reload()
    desk.page.get_by_role("button", name="Find damage").wait_for()
