"""Find, judge, restore, compare, give back; masks from files. Pixels outside the mask stay those of the scan."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.serve.browser.conftest import HOLE, SCRATCH

SURE = ["Missing paper", "Scratch"]
"""What is found, the surest first; it is the largest first, too."""


def pixels(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)


def scan(desk: Any, name: str) -> np.ndarray:
    return pixels((desk.server.folder / name).read_bytes())


def download(desk: Any, link: Any) -> bytes:
    with desk.page.expect_download() as waiting:
        link.click()
    return Path(waiting.value.path()).read_bytes()


def screen(desk: Any, x: float, y: float) -> np.ndarray:
    """Return the colour that the window shows at a place of the page."""
    left, top = desk.at(x, y)
    return pixels(desk.page.screenshot(clip={"x": left, "y": top, "width": 1, "height": 1}))[0, 0]


def shows_the_same(desk: Any) -> bool:
    """Return whether both views show the same in their middle, but for a part of a pixel, and more than bare paper."""
    views = []
    for name in (".frame", ".pane"):
        box = desk.page.locator(name).bounding_box()
        clip = {
            "x": box["x"] + box["width"] / 2 - 50,
            "y": box["y"] + box["height"] / 2 - 50,
            "width": 100,
            "height": 100,
        }
        views.append(pixels(desk.page.screenshot(clip=clip)))
    return bool(np.abs(views[0] - views[1]).mean() < 10 and np.ptp(views[1]) > 50)


def in_sight(desk: Any, selector: str) -> bool:
    """Return whether an element lies within the visible part of the panel."""
    return bool(
        desk.page.evaluate(
            """(selector) => {
              const box = document.querySelector(selector).getBoundingClientRect();
              const view = document.querySelector(".sections").getBoundingClientRect();
              return box.top >= view.top && box.bottom <= view.bottom; }""",
            selector,
        )
    )


def next_step(desk: Any) -> list[str]:
    """Return what the buttons say that stand out."""
    return [text.strip() for text in desk.page.locator(".panel .primary:visible").all_inner_texts()]


def is_red(colour: np.ndarray) -> bool:
    return bool(colour[0] > 180 and colour[1] < 90)


def test_damage_is_found_judged_and_filtered_by_certainty(desk: Any) -> None:
    desk.open("find.png")
    assert desk.page.get_by_text("Nothing is marked yet").is_visible()
    assert next_step(desk) == ["Find damage"]
    desk.work("f")
    desk.until(lambda: next_step(desk) == ["Restore the page"])
    kept = desk.page.get_by_text("regions will be restored")
    desk.until(lambda: kept.inner_text().startswith("1 of 2"))
    mask = desk.mask("find.png")
    assert mask[95:125, 125:175].all()
    assert not mask[100:300, 301:303].any()
    assert mask.mean() < 0.03
    # The surest comes first, unless another order is chosen; the keys follow it.
    listed = desk.page.locator(".regions .region")
    card = desk.page.get_by_role("group", name="Selected region")
    for order, kinds in (("Least certain first", ["Scratch", "Missing paper"]), ("Largest first", SURE), ("", SURE)):
        desk.page.get_by_label("Order").select_option(label=order or "Most certain first")
        desk.until(lambda kinds=kinds: [name.split("\n")[0] for name in listed.all_inner_texts()] == kinds)
        desk.press("g")
        card.get_by_text(kinds[0]).wait_for()
        desk.press("Escape")
    # The list, the page and the keys say the same.
    desk.page.get_by_role("checkbox", name="Restore: Scratch").check()
    desk.until(lambda: kept.inner_text().startswith("2 of 2"))
    assert desk.mask("find.png")[100:300, 301:303].all()
    desk.press("v")
    desk.click(302, 200)
    for words in ("Scratch", "70 % certain", "will be restored"):
        card.get_by_text(words).wait_for()
    # The key leaves it, and selects the next one.
    desk.press("n")
    desk.until(lambda: kept.inner_text().startswith("1 of 2"))
    card.get_by_text("Missing paper").wait_for()
    desk.press("n")
    desk.until(lambda: kept.inner_text().startswith("0 of 2"))
    assert not desk.mask("find.png").any()
    desk.press("Escape")
    assert card.is_hidden()
    # The page says what to do, and why it cannot be restored.
    desk.page.get_by_text("2 regions were found, and none is marked").wait_for()
    assert desk.page.get_by_title("Nothing is marked as damaged yet").is_disabled()
    threshold = desk.page.get_by_role("slider", name="Restore regions from this certainty on")
    threshold.fill("60")
    # The slider changes nothing of what was decided by hand, unless that is forgotten.
    desk.page.get_by_role("button", name="Forget what was decided by hand").click()
    desk.until(lambda: kept.inner_text().startswith("2 of 2") and bool(desk.mask("find.png")[100:300, 301:303].all()))
    threshold.fill("90")
    desk.until(lambda: bool((desk.mask("find.png") == mask).all()))


def test_nothing_found_is_said_plainly(desk: Any) -> None:
    desk.open("file.png")
    desk.work("f")
    desk.page.get_by_text("Nothing found: this page looks undamaged.").wait_for()
    desk.press("u")
    desk.until(lambda: desk.facts("file.png")["state"] == "undamaged")


def test_restore_compare_and_download(desk: Any) -> None:
    desk.open("restore.png")
    desk.work("f")
    # A stroke of one's own on sound paper.
    desk.press("1", "b")
    desk.drag((420, 200), (470, 215))
    mask = desk.mask("restore.png")
    desk.work("r")
    restored = pixels(download(desk, desk.page.get_by_role("link", name="Restored page")))
    before = scan(desk, "restore.png")
    assert (restored == before)[~mask].all()
    assert not any(is_red(colour) for colour in restored[mask])
    assert desk.page.locator(".chip").inner_text() == "Restored"
    # What comes next is in sight.
    desk.until(lambda: desk.page.get_by_role("button", name="Slider").is_visible() and in_sight(desk, "#compare-title"))
    saved = pixels((desk.server.folder / "restored" / "restore.png").read_bytes())
    assert (saved == restored).all()
    # Restored, then the original as long as O is held.
    desk.page.mouse.move(5, 5)
    desk.until(lambda: not is_red(screen(desk, 150, 110)))
    desk.page.keyboard.down("o")
    desk.until(lambda: is_red(screen(desk, 150, 110)))
    desk.page.keyboard.up("o")
    desk.until(lambda: not is_red(screen(desk, 150, 110)))
    # The slider: left of it the original.
    desk.press("0", "c")
    handle = desk.page.get_by_role("slider", name="Line between")
    desk.until(lambda: is_red(screen(desk, 150, 110)))
    handle.press("Home")
    desk.until(lambda: not is_red(screen(desk, 150, 110)))
    handle.press("End")
    desk.until(lambda: is_red(screen(desk, 150, 110)))
    # Side by side at the same place, in true pixels, though the key comes before the second view has opened.
    for zoom in ("3", "1"):
        desk.press("0")
        desk.page.evaluate(
            """(zoom) => {
              // The view opens half a second late, as on a busy machine.
              const soon = window.setTimeout;
              window.setTimeout = (act, wait = 0) => soon(act, wait + 500);
              for (const [key, code] of [["s", "KeyS"], [zoom, `Digit${zoom}`]])
                document.body.dispatchEvent(new KeyboardEvent("keydown", { key, code, bubbles: true }));
              window.setTimeout = soon;
            }""",
            zoom,
        )
        desk.until(lambda: shows_the_same(desk))
        assert desk.view()[0] == pytest.approx(int(zoom))
        desk.press("s")
    desk.page.get_by_role("checkbox", name="evidence").check()
    desk.page.get_by_text("Ink was made").wait_for()
    # The stroke was drawn over writing: some of it is there again, in the colour of the legend.
    ink = np.asarray(Image.open(desk.server.folder / "restored" / "restore.png.record" / "ink_p001.png")) == 1
    rows, columns = np.nonzero(ink)
    desk.press("0")
    desk.until(lambda: all(abs(screen(desk, columns[0] + 0.5, rows[0] + 0.5) - (0, 40, 170)) < 60))


def line(desk: Any) -> float:
    """Return where the line between original and restored is, as a share of the frame's width."""
    frame, grip = desk.page.locator(".frame").bounding_box(), desk.page.locator(".grip").bounding_box()
    return float((grip["x"] + grip["width"] / 2 - frame["x"]) / frame["width"])


def test_the_line_between_before_and_after_follows_mouse_finger_and_keys(open_desk: Any) -> None:
    desk = open_desk(has_touch=True)
    desk.open("slider.png")
    desk.work("f")
    desk.work("r")
    desk.press("m", "c")
    desk.page.mouse.move(5, 5)
    shown = desk.page.get_by_role("slider", name="Line between")
    assert line(desk) == pytest.approx(0.5, abs=0.002)
    frame = desk.page.locator(".frame").bounding_box()
    height = frame["y"] + frame["height"] * 0.8

    def place(share: float) -> tuple[float, float]:
        return frame["x"] + share * frame["width"], height

    def split() -> bool:
        """Return whether the hole is original left of the line and restored right of it."""
        at = frame["x"] + line(desk) * frame["width"]
        return all(is_red(screen(desk, column, 110)) == (desk.at(column, 110)[0] < at) for column in (130, 170))

    # Anywhere on the line, not only in its middle.
    hole = (desk.at(150, 110)[0] - frame["x"]) / frame["width"]
    for share in (0.9, 0.05, hole):
        desk.page.mouse.move(*place(line(desk)))
        desk.page.mouse.down()
        desk.page.mouse.move(*place(share), steps=3)
        desk.page.mouse.up()
        desk.until(lambda share=share: line(desk) == pytest.approx(share, abs=0.003))
        assert int(shown.get_attribute("aria-valuenow")) == pytest.approx(100 * share, abs=1)
        desk.until(split)
    # The page below is moved and zoomed beside the line, and zoomed on it.
    before = desk.view()
    desk.page.mouse.move(*place(0.7))
    desk.page.mouse.down()
    desk.page.mouse.move(place(0.7)[0] + 40, height - 30)
    desk.page.mouse.up()
    assert desk.view()[1:] == pytest.approx((before[1] + 40, before[2] - 30), abs=1)
    desk.until(split)
    for share in (0.7, line(desk)):
        scale = desk.view()[0]
        desk.page.mouse.move(*place(share))
        desk.page.mouse.wheel(0, -200)
        desk.until(lambda scale=scale: desk.view()[0] > 1.3 * scale)
    desk.press("0")
    desk.until(split)
    # A finger.
    cdp = desk.context.new_cdp_session(desk.page)
    for kind, share in (("touchStart", line(desk)), ("touchMove", 0.4), ("touchMove", 0.3)):
        x, y = place(share)
        cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    cdp.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    desk.until(lambda: line(desk) == pytest.approx(0.3, abs=0.003))
    # Keys: it moves as long as an arrow is held.
    shown.focus()
    desk.page.keyboard.down("ArrowRight")
    desk.until(lambda: line(desk) > 0.5)
    desk.page.keyboard.up("ArrowRight")
    desk.page.wait_for_timeout(200)
    rests = line(desk)
    desk.page.wait_for_timeout(200)
    assert line(desk) == rests
    assert int(shown.get_attribute("aria-valuenow")) == pytest.approx(100 * rests, abs=1)
    desk.press("Home")
    desk.until(lambda: line(desk) == pytest.approx(0, abs=0.003))
    desk.press("End")
    desk.until(lambda: line(desk) == pytest.approx(1, abs=0.003))


def test_one_region_is_given_back_filled_again_and_left(desk: Any) -> None:
    desk.open("region.png")
    desk.work("f")
    desk.page.get_by_role("checkbox", name="Restore: Scratch").check()
    desk.until(lambda: bool(desk.mask("region.png")[100:300, 301:303].all()))
    desk.work("r")
    desk.press("v")
    desk.click(150, 110)
    card = desk.page.get_by_role("group", name="Selected region")
    card.get_by_text("Missing paper").wait_for()
    output = desk.server.folder / "restored" / "region.png"
    filled, before = pixels(output.read_bytes()), scan(desk, "region.png")
    left, top, right, bottom = HOLE
    hole = slice(top, bottom), slice(left, right)
    card.get_by_role("button", name="Give the original back").click()
    desk.until(lambda: (pixels(output.read_bytes())[hole] == before[hole]).all())
    scratch = slice(SCRATCH[1], SCRATCH[3]), slice(SCRATCH[0], SCRATCH[2])
    assert (pixels(output.read_bytes())[scratch] == filled[scratch]).all()
    card.get_by_label("Method").select_option(label="Telea")
    card.get_by_role("button", name="Fill this region").click()
    desk.until(lambda: not (pixels(output.read_bytes())[hole] == before[hole]).all())
    again = pixels(output.read_bytes())
    assert not (again[hole] == filled[hole]).all()
    assert (again[scratch] == filled[scratch]).all()


def test_on_a_phone_a_selected_region_stays_in_sight(open_desk: Any) -> None:
    desk = open_desk(viewport={"width": 390, "height": 780}, device_scale_factor=2, has_touch=True, is_mobile=True)
    desk.open("slider.png")
    desk.work("f")
    frame = desk.page.locator(".frame").bounding_box()
    card = desk.page.get_by_role("group", name="Selected region")

    def in_sight() -> bool:
        edges = desk.at(HOLE[0], HOLE[1])[1], desk.at(HOLE[2], HOLE[3])[1]
        return bool(frame["y"] < edges[0] < edges[1] < card.bounding_box()["y"])

    # At the lower edge of the view, where the card opens.
    scale, _, top = desk.view()
    desk.drag((150, 110), (150, (frame["y"] + frame["height"] - 30 - top) / scale))
    desk.page.touchscreen.tap(*desk.at(150, 110))
    card.get_by_text("Missing paper").wait_for()
    desk.until(in_sight)
    desk.press("Escape", "g")
    card.wait_for()
    desk.until(in_sight)


def test_a_mask_is_dropped_in_and_saved(desk: Any) -> None:
    desk.open("file.png")
    hole = np.zeros((440, 600), np.uint8)
    hole[200:240, 300:380] = 255
    buffer = io.BytesIO()
    Image.fromarray(hole).save(buffer, "TIFF")
    desk.page.evaluate(
        """([bytes]) => {
          // A file dropped beside the picture is taken too. Otherwise the browser would show it instead of the page.
          const data = new DataTransfer();
          data.items.add(new File([new Uint8Array(bytes)], "hole.tif", { type: "image/tiff" }));
          const drag = (name) => new DragEvent(name, { dataTransfer: data, bubbles: true, cancelable: true });
          const panel = document.querySelector(".panel");
          window.dragged = ["dragover", "drop"].map((name) => !panel.dispatchEvent(drag(name)));
        }""",
        [list(buffer.getvalue())],
    )
    assert desk.page.evaluate("dragged") == [True, True]
    desk.page.locator(".toast", has_text="hole.tif is the mask now").wait_for()
    assert (desk.mask("file.png") == (hole > 0)).all()
    desk.page.get_by_text("Load, save or clear").click()
    saved = download(desk, desk.page.get_by_role("link", name="Save file"))
    assert (pixels(saved)[..., 0] == hole).all()
    # A mask of another size is refused, with the reason.
    buffer = io.BytesIO()
    Image.new("L", (50, 40)).save(buffer, "PNG")
    chooser = desk.page.locator("input[type=file]")
    chooser.set_input_files({"name": "small.png", "mimeType": "image/png", "buffer": buffer.getvalue()})
    desk.page.get_by_role("alert").filter(has_text="50").wait_for()
    assert (desk.mask("file.png") == (hole > 0)).all()
    desk.errors.clear()  # the browser's own line about the refused request


def test_a_job_can_be_cancelled(desk: Any) -> None:
    desk.page.get_by_role("button", name="Find damage in all pages").click()
    banner = desk.page.locator(".banner")
    banner.get_by_role("button", name="Cancel").click()
    desk.page.get_by_text("Cancelled.").wait_for()
    assert banner.is_hidden()
