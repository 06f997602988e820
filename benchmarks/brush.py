"""How long the brush's handler takes for each movement of the pointer, in Chromium, on a page of 35 megapixels.

Run: python benchmarks/brush.py benchmarks/results/brush.json

Needs bokwon[page], playwright, and Chromium (`make chromium`). The window has 1920 x 1080 pixels and shows all of it.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import sync_playwright

SIZES = (24, 500)
MOVES = 200
PAINT = """async (moves) => {
  const stage = document.querySelector(".stage");
  stage.setPointerCapture = () => {};  // no real pointer is there to be captured
  const { left, top } = stage.getBoundingClientRect();
  const handlers = [], frames = [];
  const send = (type, x, y) => {
    const place = { clientX: left + x, clientY: top + y };
    const event = new PointerEvent(type, { pointerId: 1, pointerType: "mouse", buttons: 1, bubbles: true, ...place });
    const start = performance.now();
    stage.dispatchEvent(event);
    return performance.now() - start;
  };
  send("pointerdown", 200, 400);
  for (let i = 0; i < moves; i++) {
    handlers.push(send("pointermove", 200 + 4 * i, 400 + 200 * Math.sin(i / 15)));
    const start = performance.now();
    await new Promise(requestAnimationFrame);
    frames.push(performance.now() - start);
  }
  send("pointerup", 1000, 400);
  return [handlers, frames];
}"""


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the brush.")
    parser.add_argument("output", type=Path, help="JSON file to write")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        Image.fromarray(np.full((5000, 7000, 3), 210, np.uint8)).save(Path(folder) / "page.tif")
        command = [sys.executable, "-m", "bokwon", "open", folder, "--no-browser"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            found = re.search(r"http://\S+", server.stdout.readline())
            assert found is not None, "the server prints its address"
            browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            page = browser.new_context(viewport={"width": 1920, "height": 1080}).new_page()
            page.goto(found.group())
            page.locator(".page-card").click()
            page.locator(".saved", has_text="saved").wait_for()
            page.wait_for_timeout(3000)
            page.keyboard.press("b")
            results = {}
            for size in SIZES:
                value = round(100 * np.log(size))
                page.get_by_role("slider", name="Size").fill(str(min(621, value)))
                handlers, frames = page.evaluate(PAINT, MOVES)
                results[size] = {
                    "handler_ms": {"median": np.median(handlers), "p95": np.quantile(handlers, 0.95)},
                    "frame_ms": {"median": np.median(frames)},
                }
            browser.close()
            server.terminate()
    told = {"cores": os.cpu_count(), "load": os.getloadavg()[0], "megapixels": 35, "sizes": results}
    asked.output.write_text(json.dumps(told, indent=1, default=float) + "\n", encoding="utf-8")
    print(asked.output.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
