"""The state of a page, what is approved, and work on the folder as every view shows it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from PIL import Image

from tests.serve.browser.conftest import BLUE, SCRATCH

NAMES = ("a.png", "b.png", "c.png", "d.png")


def chip(desk: Any) -> str:
    return str(desk.page.locator(".slot .chip").inner_text())


def until_chip(desk: Any, text: str) -> None:
    desk.page.locator(".slot .chip", has_text=re.compile(f"^{text}$")).wait_for()


def card(desk: Any, name: str) -> Any:
    return desk.page.locator(".page-card", has_text=name).locator(".chip")


def find_all(desk: Any) -> None:
    desk.page.get_by_role("button", name="Find damage in all pages").click()
    desk.page.get_by_text("Done: 2 damaged, 0 with possible damage, 2 undamaged.").wait_for()


def slow_down(desk: Any) -> list[Any]:
    """Let work on the folder never end for the browser: the server's answers say that it is half done."""
    held: list[Any] = []

    def hold(route: Any) -> None:
        held.append(route)
        route.fulfill(json=running(), status=202)

    desk.page.route("**/api/v1/folder/detect", hold)
    desk.page.route(
        "**/api/v1/folder/jobs", lambda route: route.fulfill(json={"jobs": [running()]} if held else {"jobs": []})
    )
    desk.page.route("**/api/v1/jobs/x", lambda route: route.fulfill(json=running()))
    return held


def running() -> dict[str, Any]:
    told = {"id": "x", "kind": "detect", "page": None, "background": True, "state": "running", "progress": 0.5}
    return {**told, "problem": None, "outcome": None}


def test_a_result_of_another_mask_is_told_and_never_approved_by_accident(alone: Any) -> None:
    desk = alone
    desk.open("a.png")
    desk.work("f")
    # Nothing is restored yet, so the key opens a question.
    desk.press("a")
    dialog = desk.page.get_by_role("dialog", name="This page is not restored yet.")
    dialog.wait_for()
    desk.press("Escape")
    dialog.wait_for(state="detached")
    assert desk.facts("a.png")["decision"] is None
    desk.press("a")
    dialog.wait_for()
    desk.press("r")
    until_chip(desk, "Restored")
    shown = desk.page.get_by_role("button", name="Restored", exact=True)
    desk.until(lambda: shown.get_attribute("aria-pressed") == "true")
    assert desk.page.get_by_text("This page has been restored meanwhile.").count() == 0
    desk.press("1", "b")
    desk.drag((420, 200), (470, 215))
    until_chip(desk, "Mask changed")
    panel = desk.page.get_by_role("complementary")
    panel.get_by_text("The mask changed after this page was restored.").wait_for()
    desk.press("Control+z")
    until_chip(desk, "Restored")
    desk.press("Control+y")
    until_chip(desk, "Mask changed")
    desk.press("a")
    changed = desk.page.get_by_role("dialog", name="The mask changed after this page was restored.")
    changed.wait_for()
    desk.press("a")
    changed.wait_for(state="detached")
    # The next page without a decision is shown.
    desk.page.get_by_role("heading", name=re.compile("[bcd].png")).wait_for()
    told = desk.facts("a.png")
    assert (told["state"], told["fill"]) == ("mask approved", "changed")
    # The list shows the state, too.
    desk.press("Escape")
    card(desk, "a.png").get_by_text("Mask approved", exact=True).wait_for()
    desk.open("a.png")
    desk.press("b")
    desk.drag((420, 240), (470, 255))
    until_chip(desk, "Mask changed")
    desk.press("Escape")
    card(desk, "a.png").get_by_text("Mask changed").wait_for()
    # Two keys restore the page again and approve it.
    desk.open("a.png")
    desk.press("a")
    changed.wait_for()
    desk.press("Enter")
    until_chip(desk, "Restored")
    desk.page.wait_for_selector(".working[hidden]", state="attached")
    desk.press("a")
    desk.until(lambda: desk.facts("a.png")["state"] == "approved")


def test_a_key_that_is_held_answers_no_question(desk: Any) -> None:
    desk.open("held.png")
    desk.work("f")
    desk.page.keyboard.down("a")
    desk.page.get_by_role("dialog").wait_for()
    for _ in range(5):
        desk.page.keyboard.down("a")
    desk.page.keyboard.up("a")
    assert desk.page.get_by_role("dialog").is_visible()
    assert desk.facts("held.png")["decision"] is None


def test_approving_a_page_without_marks_is_one_key_and_says_so(desk: Any) -> None:
    desk.open("sound.png")
    desk.page.get_by_role("button", name="Approve as it is").wait_for()
    desk.press("a")
    desk.page.locator(".toast", has_text="sound.png: Approved as it is").wait_for()
    assert desk.facts("sound.png")["state"] == "approved as it is"


def test_a_whole_page_gets_its_original_back_in_one_step(desk: Any) -> None:
    desk.open("original.png")
    desk.work("f")
    desk.work("r")
    mask = desk.mask("original.png")
    desk.press("Shift+R")
    dialog = desk.page.get_by_role("dialog", name="Give the whole page its original back?")
    dialog.wait_for()
    desk.press("Escape")
    assert chip(desk) == "Restored"
    # A restored page cannot be called undamaged.
    desk.press("u")
    desk.page.get_by_role("alert").filter(has_text="give its original back first").wait_for()
    desk.press("Shift+R")
    dialog.wait_for()
    desk.press("Enter")
    desk.page.locator(".toast", has_text="The original is back. The mask is kept.").wait_for()
    until_chip(desk, "Damaged")
    assert (desk.mask("original.png") == mask).all()
    assert (desk.server.folder / "restored" / "original.png").read_bytes() == (
        desk.server.folder / "original.png"
    ).read_bytes()
    desk.work("r")
    assert chip(desk) == "Restored"
    desk.errors.clear()  # the browser's own line about the refused request


def test_work_on_the_folder_is_seen_and_cancelled_from_everywhere(desk: Any) -> None:
    slow_down(desk)
    cancelled: list[str] = []
    desk.page.on("request", lambda request: request.method == "DELETE" and cancelled.append(request.url))
    desk.page.get_by_role("button", name="Find damage in all pages").click()
    bar = desk.page.locator("#jobs")

    def shown() -> None:
        bar.get_by_text("Finding damage … 50%").wait_for()
        bar.get_by_role("button", name="Cancel").wait_for()

    shown()
    desk.open("axe.png")
    shown()
    desk.page.reload()
    desk.ready()
    shown()
    desk.press("Escape")
    desk.page.locator(".page-card").first.wait_for()
    shown()
    assert desk.page.get_by_role("button", name="Restore pages").is_disabled()
    desk.page.reload()
    shown()
    bar.get_by_role("button", name="Cancel").click()
    desk.until(lambda: [url.rsplit("/", 1)[1] for url in cancelled] == ["x"])


def test_an_open_page_shows_what_is_found_and_restored_meanwhile(alone: Any) -> None:
    desk = alone
    desk.open("a.png")
    # Another window.
    other = desk.context.new_page()
    other.goto(f"http://127.0.0.1:{desk.server.port}/")
    other.get_by_role("button", name="Find damage in all pages").click()
    until_chip(desk, "Damaged")
    desk.page.get_by_text("1 of 2 regions will be restored").wait_for()
    desk.page.locator("#jobs").get_by_text("Done: 2 damaged").wait_for()
    other.get_by_role("button", name="Restore pages").click()
    other.get_by_role("dialog").get_by_role("button", name="Restore", exact=True).click()
    until_chip(desk, "Restored")
    desk.page.get_by_text("This page has been restored meanwhile.").wait_for()
    assert desk.page.get_by_role("button", name="Restored").get_attribute("aria-pressed") == "true"
    other.close()


def test_restoring_says_what_it_will_do_and_what_came_of_it(alone: Any) -> None:
    desk = alone
    desk.page.get_by_role("button", name="Restore pages").click()
    dialog = desk.page.get_by_role("dialog")
    dialog.get_by_text("There is nothing to restore. Skipped: 4 with nothing marked.").wait_for()
    assert dialog.get_by_role("button", name="Restore", exact=True).is_disabled()
    desk.press("Escape")
    find_all(desk)
    # A folder with the name of the output: it cannot be written.
    (desk.server.folder / "restored" / "c.png").mkdir(parents=True)
    desk.page.get_by_role("button", name="Restore pages").click()
    dialog.get_by_text("2 pages will be restored. Skipped: 2 undamaged.").wait_for()
    desk.press("Enter")
    bar = desk.page.locator("#jobs")
    bar.get_by_text("Done: 1 page restored. 1 page failed; it is named below. Skipped: 2 undamaged.").wait_for()
    failure = bar.get_by_role("listitem")
    assert "c.png" in failure.inner_text()
    assert "is a folder" in failure.inner_text()
    assert "name a file in it" in failure.inner_text()
    failure.get_by_role("link", name="c.png").click()
    until_chip(desk, "Failed")
    # The line stays until somebody closes it.
    bar.get_by_role("button", name="Close").click()
    assert bar.is_hidden()


def test_new_files_appear_by_themselves(start_server: Callable[..., Any], open_alone: Callable[..., Any]) -> None:
    desk = open_alone(start_server({}))
    desk.page.get_by_text("There are no images in this folder.").wait_for()
    Image.new("RGB", (60, 40), "white").save(desk.server.folder / "late.png")
    desk.page.locator(".page-card", has_text="late.png").wait_for()


def test_the_list_heals(alone: Any) -> None:
    desk = alone
    # The filter of an earlier visit names a state that no longer exists.
    desk.page.evaluate("sessionStorage.setItem('list', JSON.stringify({ state: 'gone', order: 'worst' }))")
    desk.page.reload()
    desk.until(lambda: desk.page.locator(".page-card").count() == 4)
    # The first answers are errors.
    failures = [503, 500]
    desk.page.route(
        "**/api/v1/pages?*",
        lambda route: route.fulfill(status=failures.pop(), json={"title": "x"}) if failures else route.continue_(),
    )
    desk.page.reload()
    desk.until(lambda: desk.page.locator(".page-card").count() == 4)
    assert not failures
    # An answer to an older request arrives after the list was loaded again.
    held: list[Any] = []
    desk.page.unroute("**/api/v1/pages?*")
    desk.page.route("**/api/v1/pages?*", lambda route: route.continue_() if held else held.append(route))
    desk.page.reload()
    desk.until(lambda: bool(held))
    desk.page.get_by_label("Order").select_option("name")
    held[0].fulfill(json={"total": 0, "pages": []})
    desk.until(lambda: desk.page.locator(".page-card").count() == 4)
    assert desk.page.locator(".page-card .name").all_inner_texts() == list(NAMES)
    desk.errors.clear()  # the browser's own lines about the errors


def test_what_the_program_doubts_is_not_what_a_person_set_aside(
    start_server: Callable[..., Any], open_alone: Callable[..., Any]
) -> None:
    server = start_server({"a.png": False})
    image = Image.open(server.folder / "a.png").convert("RGB")
    image.paste(BLUE, SCRATCH)
    image.save(server.folder / "a.png")
    desk = open_alone(server)
    desk.page.get_by_role("button", name="Find damage in all pages").click()
    desk.page.get_by_text("Done: 0 damaged, 1 with possible damage, 0 undamaged.").wait_for()
    card(desk, "a.png").get_by_text("Possible damage").wait_for()
    desk.open("a.png")
    desk.press("x")
    card(desk, "a.png").get_by_text("Needs a look").wait_for()
