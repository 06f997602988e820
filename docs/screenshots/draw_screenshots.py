"""Draws the pictures of docs/user/page.md: `bokwon open` on the examples, as Chromium shows it.

Needs bokwon[page], playwright, and Chromium (`make chromium`).

Run: python docs/screenshots/draw_screenshots.py [CHROMIUM]
"""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parents[1] / "examples"
SCANS = (
    "woodblock.tif",
    "woodblock-mask.png",
    "hangul.png",
    "hangul-mask.png",
    "typescript.jpg",
    "typescript-mask.png",
)
PHONE = {"viewport": {"width": 390, "height": 780}, "has_touch": True, "is_mobile": True, "color_scheme": "dark"}
QUALITY = 60


@contextmanager
def serve(folder: Path) -> Iterator[str]:
    """Run `bokwon open` on a folder, and give its address."""
    command = [sys.executable, "-m", "bokwon", "open", str(folder), "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found is not None, "the server prints its address"
        yield found.group()
        process.terminate()


def save(page: Page, name: str) -> None:
    """Save what the window shows."""
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1000)
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.save(HERE / f"{name}.jpg", quality=QUALITY, optimize=True)


def open_page(page: Page, name: str) -> tuple[float, float]:
    """Open a page of the folder; returns the middle of the stage."""
    page.locator(".page-card", has_text=name).click()
    page.wait_for_selector(".overlay[data-view]")
    box = page.locator(".stage").bounding_box()
    assert box is not None
    page.wait_for_timeout(1500)
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def work(page: Page, key: str) -> None:
    """Start work with a key, and wait for its end."""
    page.keyboard.press(key)
    page.wait_for_selector(".working:not([hidden])")
    page.wait_for_selector(".working[hidden]", state="attached", timeout=300_000)


def draw(browser: Browser, address: str, root: Path) -> None:
    """Draw all pictures. The folder's view shows `/archive` in the place of the temporary folder `root`."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-US")
    page = context.new_page()
    page.goto(address)
    page.locator(".page-card").first.wait_for()
    x, y = open_page(page, "hangul.png")
    page.keyboard.press("b")
    page.mouse.move(x - 120, y - 60)
    page.mouse.down()
    page.mouse.move(x + 40, y + 30, steps=8)
    page.mouse.up()
    save(page, "brush")
    page.keyboard.press("Control+z")
    page.keyboard.press("v")
    work(page, "r")
    page.keyboard.press("c")
    save(page, "compare")
    page.keyboard.press("a")
    page.wait_for_timeout(2000)
    page.goto(address.split("?")[0])
    page.locator(".page-card").first.wait_for()
    told = page.get_by_text(str(root))
    told.evaluate("(element, root) => element.textContent = element.textContent.replace(root, '/archive')", str(root))
    save(page, "folder")
    phone = browser.new_context(locale="ko-KR", storage_state=context.storage_state(), **PHONE).new_page()
    phone.goto(address.split("?")[0])
    open_page(phone, "woodblock.tif")
    save(phone, "phone")


def main() -> None:
    """Copy the examples to a folder of their own, and draw."""
    path = sys.argv[1] if len(sys.argv) > 1 else shutil.which("chromium")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        scans = Path(folder) / "scans"
        scans.mkdir()
        for name in SCANS:
            shutil.copy(EXAMPLES / name, scans)
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        with serve(scans) as address:
            draw(browser, address, scans.parent)
        browser.close()


if __name__ == "__main__":
    main()
