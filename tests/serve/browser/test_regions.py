"""Regions that touch, the view while they are judged, their certainty; the wand; no control covers another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.serve.browser.conftest import HOLE, LONG, SCRATCH


def inside(box: tuple[int, int, int, int]) -> tuple[slice, slice]:
    left, top, right, bottom = box
    return slice(top, bottom), slice(left, right)


def card(desk: Any) -> Any:
    return desk.page.get_by_role("group", name="Selected region")


def threshold(desk: Any) -> Any:
    return desk.page.get_by_role("slider", name="Restore regions from this certainty on")


def test_a_region_is_left_alone_beside_what_touches_it_and_the_view_stays(desk: Any) -> None:
    desk.open("beside.png")
    desk.work("f")
    # A stroke that touches the found hole and goes on from it.
    desk.press("1", "b")
    desk.drag((180, 110), (240, 110))
    before = desk.mask("beside.png")
    desk.press("v")
    view = desk.view()
    desk.click(150, 110)
    card(desk).get_by_text("Missing paper").wait_for()
    card(desk).get_by_role("button", name="Leave as it is").click()
    card(desk).get_by_text("is left as it is").wait_for()
    mask = desk.mask("beside.png")
    assert not mask[inside(HOLE)].any()
    stroke = before.copy()
    stroke[:, : HOLE[2] + 2] = False
    assert mask[stroke].all()
    # The region stays selected, and nothing has moved.
    card(desk).get_by_text("Missing paper").wait_for()
    assert desk.view() == view
    # The stroke can be clicked and removed on its own.
    desk.click(230, 110)
    card(desk).get_by_text("Painted by hand").wait_for()
    card(desk).get_by_role("button", name="Leave as it is").click()
    desk.until(lambda: not desk.mask("beside.png").any())
    desk.press("Control+z")
    desk.press("Control+z")
    desk.until(lambda: bool((desk.mask("beside.png") == before).all()))


def test_keys_go_on_to_the_next_undecided_region_without_zooming(desk: Any) -> None:
    desk.open("onward.png")
    desk.work("f")
    desk.press("1", "g")
    card(desk).get_by_text("Missing paper").wait_for()
    view = desk.view()
    # The next region is in sight: the view stays.
    desk.press("y")
    card(desk).get_by_text("Scratch").wait_for()
    scale, left, top = desk.view()
    assert scale == view[0]
    frame = desk.page.locator(".frame").bounding_box()
    seen = card(desk).bounding_box()["y"]
    assert frame["x"] < SCRATCH[0] * scale + left < frame["x"] + frame["width"]
    assert frame["y"] < SCRATCH[1] * scale + top < SCRATCH[3] * scale + top <= max(seen, frame["y"] + frame["height"])
    # Nothing is left to decide: the selection and the view stay.
    desk.press("n")
    desk.page.locator("#spoken", has_text="All regions are decided").wait_for(state="attached")
    card(desk).get_by_text("Scratch").wait_for()
    assert desk.view() == (scale, left, top)
    # While a tool is chosen, the card is hidden. The keys still work.
    desk.press("b")
    assert card(desk).is_hidden()
    desk.press("v")
    card(desk).get_by_text("Scratch").wait_for()
    # If the next region is out of sight, the view moves to it, and the zoom stays.
    desk.press("3", "g")
    card(desk).get_by_text("Missing paper").wait_for()
    scale, left, top = desk.view()
    assert scale == pytest.approx(3)
    for x, y in (HOLE[:2], HOLE[2:]):
        assert frame["x"] < x * scale + left < frame["x"] + frame["width"]
        assert frame["y"] < y * scale + top < card(desk).bounding_box()["y"]


def test_the_certainty_is_kept_and_never_contradicts_the_ticks(
    start_server: Callable[..., Any], open_alone: Callable[..., Any]
) -> None:
    desk = open_alone(start_server({"regions.png": True}))
    desk.open("regions.png")
    desk.work("f")
    row = desk.page.locator(".regions li", has_text="Scratch")
    kept = desk.page.get_by_text("regions will be restored")
    # A decision by hand against the certainty is labelled, and the slider does not change it.
    row.get_by_role("checkbox").check()
    row.get_by_text("by hand").wait_for()
    threshold(desk).fill("80")
    desk.until(lambda: kept.inner_text().startswith("2 of 2"))
    row.get_by_role("checkbox").uncheck()
    threshold(desk).fill("60")
    desk.until(lambda: kept.inner_text().startswith("1 of 2"))
    desk.page.get_by_text("1 region is decided by hand").wait_for()
    desk.saved()
    # A reload of the page and a restart of the server keep it.
    desk.page.reload()
    desk.ready()
    desk.until(lambda: threshold(desk).input_value() == "60")
    row.get_by_text("by hand").wait_for()
    desk.server.stop()
    desk.server.start()
    desk.page.goto(desk.server.address)
    desk.open("regions.png")
    desk.until(lambda: threshold(desk).input_value() == "60")
    assert not row.get_by_role("checkbox").is_checked()
    desk.page.get_by_role("button", name="Forget what was decided by hand").click()
    desk.until(lambda: kept.inner_text().startswith("2 of 2"))
    assert row.get_by_role("checkbox").is_checked()
    assert row.get_by_text("by hand").count() == 0
    desk.errors.clear()  # the browser's own lines about the server that was away


def test_the_wand_covers_soft_edges_and_its_buttons_stand_beside_it(desk: Any) -> None:
    desk.open("wand.png")
    desk.press("1", "w")
    settings = desk.page.locator(".options")
    assert settings.get_by_role("slider", name="Grow").input_value() == "2"
    assert settings.get_by_role("checkbox", name="Fill small holes").is_checked()
    desk.click(150, 110)
    desk.until(lambda: bool(desk.mask("wand.png").any()))
    wand = desk.mask("wand.png")
    # The whole hole, grown by two pixels.
    assert wand[inside((HOLE[0] - 2, HOLE[1] + 2, HOLE[2] + 2, HOLE[3] - 2))].all()
    assert not wand[:, : HOLE[0] - 2].any()
    desk.press("Control+z")
    settings.get_by_role("slider", name="Grow").fill("0")
    desk.click(150, 110)
    desk.until(lambda: bool(desk.mask("wand.png").any()))
    exact = desk.mask("wand.png")
    assert exact.sum() == (HOLE[2] - HOLE[0]) * (HOLE[3] - HOLE[1])
    # Buttons that change the whole mask have a tooltip.
    settings.get_by_role("button", name="Grow").click()
    desk.until(lambda: desk.mask("wand.png").sum() > exact.sum())
    assert "wider" in settings.get_by_role("button", name="Grow").get_attribute("title")
    desk.press("e")
    desk.drag((150, 110), (151, 110))
    holed = desk.mask("wand.png").sum()
    desk.press("w")
    settings.get_by_role("button", name="Fill holes").click()
    desk.until(lambda: desk.mask("wand.png").sum() > holed)


def test_the_card_tells_what_happened(desk: Any) -> None:
    desk.open("card.png")
    desk.work("f")
    desk.page.locator(".panel").get_by_label("Method").select_option(label="Telea")
    desk.press("v", "g")
    card(desk).get_by_text("will be restored").wait_for()
    desk.work("r")
    card(desk).get_by_text("restored by Telea").wait_for()
    desk.press("g")
    card(desk).get_by_text("left as it is").first.wait_for()
    card(desk).get_by_role("button", name="Mark as damage").click()
    card(desk).get_by_text("marked since the page was restored").wait_for()


def test_a_sign_says_that_a_layer_is_loading(desk: Any) -> None:
    desk.open("layer.png")
    desk.work("f")
    desk.work("r")
    held: list[Any] = []
    held_back = [True]
    desk.page.route("**/tiles/evidence/**", lambda route: held.append(route) if held_back else route.continue_())
    sign = desk.page.locator(".frame .loading")
    spoken = desk.page.locator("#spoken")
    desk.until(lambda: sign.is_hidden())
    desk.press("i")
    sign.get_by_text("Loading: Evidence").wait_for()
    desk.until(lambda: "Loading: Evidence" in spoken.inner_text() and bool(held))
    # Back on a layer that is loaded, the sign goes.
    desk.press("i")
    desk.until(lambda: sign.is_hidden())
    desk.press("i")
    sign.get_by_text("Loading: Evidence").wait_for()
    held_back.clear()
    for route in held:
        route.continue_()
    desk.until(lambda: sign.is_hidden())
    desk.until(lambda: "Evidence is shown" in spoken.inner_text())


BOXES = """() => {
  const box = (element) => {
    const { left, top, right, bottom } = element.getBoundingClientRect();
    return [left, top, right, bottom];
  };
  const seen = (selector) => [...document.querySelectorAll(selector)].filter((each) => each.checkVisibility());
  const inside = [".top", ".tools", ".options", ".card", ".panel", ".status"];
  return {
    buttons: inside.flatMap((name) => seen(`${name} button, ${name} select`)).map(box),
    notes: seen(".toast").map(box),
    options: seen(".options").map(box),
    tools: seen(".tools > button").map(box),
    stage: box(document.querySelector(".stage")),
    top: box(document.querySelector(".top")),
    wide: document.documentElement.scrollWidth,
  };
}"""

NOTES = """async () => {
  const { toast } = await import(new URL("js/dom.js", location.href));
  toast("a-page-with-a-name.png: Approved", { action: { label: "Go back", run() {} } });
  toast("A file cannot be used: " + "it is not where it should be, ".repeat(3), { error: true });
}"""


def overlap(one: list[float], other: list[float]) -> bool:
    return one[0] < other[2] - 1 and other[0] < one[2] - 1 and one[1] < other[3] - 1 and other[1] < one[3] - 1


@pytest.mark.parametrize("locale", ["en-US", "ko-KR"])
@pytest.mark.parametrize("size", [(1024, 720), (1280, 800), (1920, 1080), (390, 844)], ids=str)
def test_nothing_covers_the_buttons_or_the_page(
    open_desk: Callable[..., Any], size: tuple[int, int], locale: str
) -> None:
    phone = {"has_touch": True, "is_mobile": True} if size[0] < 500 else {}
    desk = open_desk(viewport={"width": size[0], "height": size[1]}, locale=locale, **phone)
    # However long the name is, nothing in the line at the top is squeezed.
    desk.open(LONG)
    if size[0] > 500:
        assert desk.page.locator(".top select").bounding_box()["width"] > 80
    for key in ("b", "w", "v"):
        desk.press(key)
        told = desk.page.evaluate(BOXES)
        assert told["wide"] == size[0]
        # The settings of the tool stand beside the page, and the tools in one line.
        assert not any(overlap(box, told["stage"]) for box in told["options"])
        assert len({tuple(np.round(box[:1] if size[0] > 500 else box[1:2])) for box in told["tools"]}) == 1
        assert told["top"][3] - told["top"][1] < 64
    desk.page.evaluate(NOTES)
    desk.page.locator(".toast").nth(1).wait_for()
    told = desk.page.evaluate(BOXES)
    assert len(told["notes"]) == 2
    assert not any(overlap(note, button) for note in told["notes"] for button in told["buttons"])
    # The whole name is there to be read.
    assert desk.page.locator("h1").get_attribute("title") == LONG
