"""Painted pixels against the geometry of the strokes, at three zooms; eraser, lasso, wand, undo, touch, keyboard."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

WIDTH, HEIGHT = 600, 440
TIE = 1e-6
"""Pixels whose centre lies this near to the edge of a stroke may fall on either side."""

Path = list[tuple[float, float]]


def distances(path: Path) -> NDArray[np.float64]:
    """Return the distance of each pixel's centre from a path, (H, W)."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH] + 0.5
    nearest = np.full((HEIGHT, WIDTH), np.inf)
    for (ax, ay), (bx, by) in zip(path, [*path[1:], path[-1]], strict=True):
        dx, dy = bx - ax, by - ay
        along = np.clip(((x - ax) * dx + (y - ay) * dy) / max(dx * dx + dy * dy, 1e-12), 0, 1)
        nearest = np.minimum(nearest, np.hypot(x - ax - along * dx, y - ay - along * dy))
    return nearest


def assert_painted(mask: NDArray[np.bool_], path: Path, size: float) -> None:
    far = distances(path) - size / 2
    sure = np.abs(far) > TIE
    assert (mask == (far <= 0))[sure].all()
    assert mask.any()


def inside(points: Path) -> NDArray[np.bool_]:
    """Return the pixels whose centre lies in a simple polygon, by counting crossings."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH] + 0.5
    odd = np.zeros((HEIGHT, WIDTH), bool)
    for (ax, ay), (bx, by) in zip(points, [*points[1:], points[0]], strict=True):
        crosses = (ay <= y) != (by <= y)
        with np.errstate(divide="ignore", invalid="ignore"):
            odd ^= crosses & (x < ax + (bx - ax) * (y - ay) / (by - ay))
    return odd


def overlay_pixels(desk: Any) -> NDArray[np.uint8]:
    """Return the alpha of the layer over the page, as it is on the screen."""
    address = desk.page.evaluate("document.querySelector('.overlay').toDataURL()")
    picture = Image.open(io.BytesIO(base64.b64decode(address.split(",")[1])))
    return np.asarray(picture.getchannel("A"))


def undo_all(desk: Any, name: str) -> None:
    while desk.facts(name)["can_undo"]:
        desk.press("Control+z")
        desk.saved()


def test_a_stroke_is_what_the_pointer_swept_at_three_zooms(desk: Any) -> None:
    desk.open("brush.png")
    desk.press("b")
    scales = []
    for zoom, path in (
        ("0", [(100, 100), (300, 180), (260, 320)]),
        ("1", [(250, 200), (330, 260), (350, 180)]),
        ("3", [(280, 210), (310, 230), (305, 235)]),
    ):
        desk.press(zoom)
        scales.append(desk.view()[0])
        real = desk.drag(*path)
        assert_painted(desk.mask("brush.png"), real, 24)
        # The screen shows the same pixels: those well inside and well outside of the stroke.
        desk.page.mouse.move(5, 400)
        scale, left, top = desk.view()
        corner = desk.page.locator(".overlay").bounding_box()
        alpha = overlay_pixels(desk)
        far = distances(real) - 12
        rows, columns = np.nonzero(np.abs(far) > 1.5)
        x = np.floor((columns + 0.5) * scale + left - corner["x"]).astype(int)
        y = np.floor((rows + 0.5) * scale + top - corner["y"]).astype(int)
        seen = (x >= 0) & (y >= 0) & (x < alpha.shape[1]) & (y < alpha.shape[0])
        assert ((alpha[y[seen], x[seen]] > 0) == (far[rows, columns][seen] < 0)).all()
        undo_all(desk, "brush.png")
        assert not desk.mask("brush.png").any()
    assert len(set(scales)) == 3


@pytest.mark.parametrize("zoom", ["0", "1", "3"])
def test_the_cursor_is_as_large_as_the_stroke(desk: Any, zoom: str) -> None:
    desk.open("brush.png")
    desk.press("b", zoom)
    scale = desk.view()[0]
    desk.page.mouse.move(*desk.at(300, 220))
    desk.view()
    rows, columns = np.nonzero(overlay_pixels(desk))
    # The line around it is three pixels wide, half of it outside.
    for extent in (np.ptp(rows) + 1, np.ptp(columns) + 1):
        assert extent == pytest.approx(24 * scale + 3, abs=2.5)


def test_brush_and_eraser_have_their_own_sizes(desk: Any) -> None:
    desk.open("tools.png")
    desk.press("b", "]", "]", "e", "[")
    stroke = desk.page.locator(".options output").first
    assert stroke.inner_text() == "22 pixels"
    desk.press("b")
    assert stroke.inner_text() == "29 pixels"
    # Alt-drag: as many pixels as the pointer goes.
    desk.press("1")
    x, y = desk.at(200, 200)
    desk.page.mouse.move(x, y)
    desk.page.keyboard.down("Alt")
    desk.page.mouse.down()
    desk.page.mouse.move(x + 31, y)
    desk.page.mouse.up()
    desk.page.keyboard.up("Alt")
    assert stroke.inner_text() == "60 pixels"
    painted = desk.drag((200, 200), (300, 200))
    desk.press("e")
    erased = desk.drag((250, 120), (250, 280))
    mask = desk.mask("tools.png")
    sure = (np.abs(distances(painted) - 30) > TIE) & (np.abs(distances(erased) - 11) > TIE)
    assert (mask == ((distances(painted) <= 30) & (distances(erased) > 11)))[sure].all()
    desk.press("Control+z")
    assert_painted(desk.mask("tools.png"), painted, 60)
    desk.press("Control+Shift+Z")
    assert (desk.mask("tools.png") == mask).all()
    undo_all(desk, "tools.png")


def test_lasso_polygon_wand_and_the_whole_mask(desk: Any) -> None:
    desk.open("tools.png")
    desk.press("1", "l")
    corners = [(100.0, 100.0), (220.0, 110.0), (180.0, 240.0), (110.0, 230.0)]
    scale, left, top = desk.view()
    real = [((round(x * scale + left) - left) / scale, (round(y * scale + top) - top) / scale) for x, y in corners]
    for corner in corners:
        desk.click(*corner)
    desk.press("Enter")
    expected = inside(real)
    mask = desk.mask("tools.png")
    assert (mask != expected).mean() < 1e-4
    # Drawn around in one go, and taken away.
    desk.page.get_by_role("button", name="Take away").click()
    desk.drag((120, 120), (150, 120), (150, 150), (120, 150))
    taken = desk.mask("tools.png")
    assert not taken[125:145, 125:145].any()
    assert mask[125:145, 125:145].all()
    undo_all(desk, "tools.png")
    # A stroke of writing on the page, of one colour.
    desk.press("w")
    desk.page.get_by_role("button", name="Add", exact=True).click()
    desk.page.get_by_role("slider", name="Grow").fill("0")
    desk.click(300, 236)
    desk.until(lambda: desk.facts("tools.png")["share"] > 0)
    wand = desk.mask("tools.png")
    assert wand[236, 296:306].all()
    assert wand.sum() < 400
    desk.page.get_by_role("button", name="Grow").click()
    assert desk.mask("tools.png").sum() > wand.sum()
    desk.page.get_by_text("Load, save or clear").click()
    desk.page.get_by_role("button", name="Clear all").click()
    assert not desk.mask("tools.png").any()
    desk.press("Control+z")
    assert desk.mask("tools.png").any()
    undo_all(desk, "tools.png")


def test_arrows_and_enter_paint(desk: Any) -> None:
    desk.open("keyboard.png")
    desk.press("1")
    desk.page.locator(".stage").focus()
    desk.press("b", "ArrowRight", "Enter", *["Shift+ArrowRight"] * 3, "Enter")
    desk.until(lambda: desk.mask("keyboard.png").any())
    rows, columns = np.nonzero(desk.mask("keyboard.png"))
    assert np.ptp(rows) + 1 == pytest.approx(24, abs=1)
    assert np.ptp(columns) + 1 == pytest.approx(24 + 96, abs=1)


def pen(desk: Any, kind: str, place: tuple[float, float], *, force: float = 0.5, button: str = "left") -> None:
    held = {"left": 1, "none": 0}[button if kind != "mouseReleased" else "none"]
    told = {"type": kind, "x": place[0], "y": place[1], "pointerType": "pen", "force": force, "buttons": held}
    click = {} if kind == "mouseMoved" else {"button": button, "clickCount": 1}
    desk.cdp.send("Input.dispatchMouseEvent", {**told, **click})


def pen_stroke(desk: Any, path: Path, forces: list[float]) -> Path:
    """Draw with a pen that is pressed differently at each place; returns where it was, in pixels of the image."""
    scale, left, top = desk.view()
    window = [(round(x * scale + left), round(y * scale + top)) for x, y in path]
    pen(desk, "mousePressed", window[0], force=forces[0])
    for place, force in zip(window[1:], forces[1:], strict=True):
        pen(desk, "mouseMoved", place, force=force)
    pen(desk, "mouseReleased", window[-1], force=0)
    return [((x - left) / scale, (y - top) / scale) for x, y in window]


def test_a_pen_paints_and_the_hand_that_holds_it_does_not(open_desk: Callable[..., Any]) -> None:
    desk = open_desk(has_touch=True)
    desk.cdp = desk.context.new_cdp_session(desk.page)
    desk.open("touch.png")
    desk.press("1", "b")
    desk.page.evaluate(
        """() => { window.seen = [];
          for (const kind of ["pointerdown", "pointermove"]) document.querySelector(".stage").addEventListener(
            kind, (event) => event.buttons && seen.push([event.pointerType, event.pressure])); }"""
    )
    path = [(250.0, 200.0), (300.0, 240.0), (340.0, 230.0)]
    # However hard it is pressed, the stroke is as wide as the cursor.
    real = pen_stroke(desk, path, [0.1, 0.9, 0.4])
    mask = desk.mask("touch.png")
    assert_painted(mask, real, 24)
    seen = desk.page.evaluate("seen")
    assert {kind for kind, _ in seen} == {"pen"}
    assert len({round(pressure, 2) for _, pressure in seen}) == 3
    # A finger would paint; the hand at the pen moves the page.
    scale, left, top = desk.view()
    place = desk.at(200, 120)
    touch(desk, "touchStart", place)
    touch(desk, "touchMove", (place[0] + 40, place[1] + 30))
    touch(desk, "touchEnd")
    desk.until(lambda: desk.view()[1:] == pytest.approx((left + 40, top + 30), abs=2))
    assert desk.view()[0] == scale
    assert (desk.mask("touch.png") == mask).all()
    # A palm that lies on the screen while the pen draws neither ends the stroke nor zooms.
    desk.press("0", "1")
    scale, left, top = desk.view()
    window = [(round(x * scale + left), round(y * scale + top)) for x, y in [(250, 300), (330, 320), (350, 350)]]
    palm = desk.at(420, 400)
    pen(desk, "mousePressed", window[0])
    touch(desk, "touchStart", palm)
    pen(desk, "mouseMoved", window[1])
    touch(desk, "touchMove", (palm[0] + 8, palm[1] + 3))
    pen(desk, "mouseMoved", window[2])
    touch(desk, "touchEnd")
    pen(desk, "mouseReleased", window[2], force=0)
    second = [((x - left) / scale, (y - top) / scale) for x, y in window]
    assert desk.view() == (scale, left, top)
    assert_painted(desk.mask("touch.png") & ~mask, second, 24)
    undo_all(desk, "touch.png")


def touch(desk: Any, kind: str, *places: tuple[float, float]) -> None:
    desk.cdp.send(
        "Input.dispatchTouchEvent",
        {"type": kind, "touchPoints": [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(places)]},
    )


def test_a_phone_paints_with_one_finger_and_zooms_with_two(open_desk: Callable[..., Any]) -> None:
    desk = open_desk(viewport={"width": 390, "height": 780}, device_scale_factor=2, has_touch=True, is_mobile=True)
    desk.cdp = desk.context.new_cdp_session(desk.page)
    desk.open("touch.png")
    assert desk.page.evaluate("document.documentElement.scrollWidth") == 390
    for target in desk.page.locator(".tools button, .decision button:visible").all():
        box = target.bounding_box()
        assert min(box["width"], box["height"]) >= 44
    # What comes first is there, though the rest of the panel is closed; and then what comes next.
    desk.page.get_by_role("button", name="Find damage").wait_for()
    assert desk.page.get_by_role("button", name="Restore the page").is_hidden()
    desk.page.get_by_role("button", name="Brush").tap()
    scale, left, top = desk.view()
    path = [(200.0, 200.0), (300.0, 240.0), (350.0, 230.0)]
    window = [(round(x * scale + left), round(y * scale + top)) for x, y in path]
    touch(desk, "touchStart", window[0])
    for place in window[1:]:
        touch(desk, "touchMove", place)
    touch(desk, "touchEnd")
    real = [((x - left) / scale, (y - top) / scale) for x, y in window]
    mask = desk.mask("touch.png")
    # Screens report touches finer than whole pixels: the edge may be one pixel off.
    far = distances(real) - 12
    assert (mask == (far < 0))[np.abs(far) > 1].all()
    desk.page.get_by_role("button", name="Restore the page").wait_for()
    assert desk.page.get_by_role("button", name="Find damage").is_hidden()
    # The first finger of a pinch leaves no stroke.
    middle = desk.at(300, 220)
    touch(desk, "touchStart", middle)
    touch(desk, "touchMove", (middle[0] + 6, middle[1]))
    touch(desk, "touchStart", (middle[0] + 6, middle[1]), (middle[0] + 60, middle[1]))
    touch(desk, "touchMove", (middle[0] - 30, middle[1]), (middle[0] + 96, middle[1]))
    touch(desk, "touchEnd")
    assert desk.view()[0] > 1.5 * scale
    assert (desk.mask("touch.png") == mask).all()
