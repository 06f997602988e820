"""How long the page in the browser lets one wait: first paint of a large page, and restoring one clicked region.

Run: python benchmarks/page.py benchmarks/results/page.json

A page of 35 megapixels is opened over HTTP, once for each format. First paint is the time from asking for the page to
the last of the tiles that a screen of 1920 x 1080 shows of it. A region is 200 x 200 pixels, and is marked just before
it is restored. Its time goes from the click to the tile that shows it filled. Before the click, the model is loaded and
the output of the previous region is written and shown.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import httpx2 as httpx
import numpy as np
import uvicorn
from PIL import Image
from starlette.applications import Starlette
from starlette.routing import Mount

from bokwon.serve.folder import Workspace, folder_routes
from bokwon.serve.folder.view.shown import TILE, finest_level, level_size
from bokwon.serve.jobs import Jobs
from bokwon.utilities.processes import available_cores
from bokwon.version import __version__

WIDTH, HEIGHT = 5000, 7000
SCREEN = 1080
SIDE = 200
CONNECTIONS = 6
FORMATS: dict[str, dict[str, Any]] = {"jpg": {"quality": 92}, "tif": {"compression": "tiff_lzw"}, "png": {}}


def draw_page() -> np.ndarray:
    """Return a page of 35 megapixels with paper grain and letters."""
    rng = np.random.default_rng(0)
    page = np.full((HEIGHT, WIDTH, 3), (225, 215, 195), np.float32) + rng.normal(0, 4, (HEIGHT, WIDTH, 1))
    page = np.ascontiguousarray(page.clip(0, 255).astype(np.uint8))
    for y in range(200, HEIGHT - 200, 80):
        for x in range(300, WIDTH - 300, 60):
            cv2.putText(page, chr(97 + (x * y) % 26), (x, y), cv2.FONT_HERSHEY_SIMPLEX, 1.6, (40, 35, 30), 4)
    return page


def processor_time() -> float:
    """Return the processor time of this process, and on Linux of the processes that decode pages for it, in seconds."""
    ticks = 0
    for child in multiprocessing.active_children():
        with suppress(OSError):
            stat = Path(f"/proc/{child.pid}/stat").read_text()
            ticks += sum(map(int, stat.rpartition(")")[2].split()[11:13]))
    return time.process_time() + (ticks / os.sysconf("SC_CLK_TCK") if ticks else 0.0)


class Clock:
    """Measures wall time and processor time of a block."""

    def __enter__(self) -> Clock:
        self._wall, self._processor = time.perf_counter(), processor_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall = time.perf_counter() - self._wall
        self.processor = processor_time() - self._processor


def wait_for(jobs: Jobs, name: str) -> None:
    job = jobs.get(name)
    assert job is not None
    while job.state in ("queued", "running"):
        time.sleep(0.002)
    assert job.state == "done", job.facts()


def measure(folder: Path, client: httpx.Client, jobs: Jobs, workspace: Workspace, regions: int) -> dict[str, Any]:
    small, listed = client.get("pages").json()["pages"]
    # As in the browser, thumbnails come first: the process that decodes has started.
    client.get(f"pages/{small['id']}/thumbnail").raise_for_status()
    address = f"pages/{listed['id']}"
    size = listed["width"], listed["height"]
    level = next(level for level in range(finest_level(size) + 1) if level_size(size, level)[1] >= SCREEN)
    across, down = (-(-side // TILE) for side in level_size(size, level))
    tiles = [f"{address}/tiles/original/{level}/{x}_{y}" for y in range(down) for x in range(across)]
    with ThreadPoolExecutor(CONNECTIONS) as pool, Clock() as paint:
        client.get(address).raise_for_status()
        for answer in pool.map(client.get, tiles):
            answer.raise_for_status()
    buffer = cv2.imencode(".png", np.full((SIDE, SIDE), 255, np.uint8))[1].tobytes()
    version = 0
    places = [(700 + 600 * number, 1000 + 900 * number) for number in range(regions + 1)]
    walls, processors = [], []
    for number, (x, y) in enumerate(places):
        tile = f"{address}/tiles/restored/{finest_level(size)}/{x // TILE}_{y // TILE}"
        # Each region changes the mask. Then the server decides anew what the page shows outside the mask.
        marked = client.patch(f"{address}/mask?x={x}&y={y}", content=buffer, headers={"If-Match": f'"{version}"'})
        version = marked.json()["mask_version"]
        told = {"box": [x, y, x + SIDE, y + SIDE]}
        with Clock() as click:
            wait_for(jobs, client.post(f"{address}/restore", json=told).json()["id"])
            client.get(tile).raise_for_status()
        # The first loads the model.
        if number:
            walls.append(click.wall)
            processors.append(click.processor)
        while workspace.state.fills():
            time.sleep(0.05)
        # The browser shows the page again once its output is written, before the next click. So does this.
        client.get(tile).raise_for_status()
    return {
        "megabytes": round(next(folder.glob("page.*")).stat().st_size / 1e6, 1),
        "tiles": len(tiles),
        "first_paint": {"wall_s": round(paint.wall, 3), "processor_s": round(paint.processor, 3)},
        "region": {"wall_s": round(median(walls), 3), "processor_s": round(median(processors), 3)},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure how long the page lets one wait.")
    parser.add_argument("output", type=Path, help="JSON file to write")
    parser.add_argument("--formats", default=",".join(FORMATS), help="Which formats, with commas between them")
    parser.add_argument("--regions", type=int, default=5, help="How many regions are clicked; the median counts")
    asked = parser.parse_args()
    page = Image.fromarray(draw_page())
    results = {}
    for extension in asked.formats.split(","):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            page.save(folder / f"page.{extension}", **FORMATS[extension])
            page.crop((0, 0, 400, 400)).save(folder / "0.png")
            jobs = Jobs()
            workspace = Workspace.open(folder, jobs)
            app = Starlette(routes=[Mount("/api/v1", routes=folder_routes(workspace))])
            server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
            thread = threading.Thread(target=server.run, daemon=True)
            thread.start()
            while not server.started:
                time.sleep(0.01)
            port = server.servers[0].sockets[0].getsockname()[1]
            with httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1/", timeout=600) as client:
                results[extension] = measure(folder, client, jobs, workspace, asked.regions)
            print(extension, results[extension], flush=True)
            server.should_exit = True
            thread.join()
            jobs.close(wait=60)
            workspace.close()
    # Where other programs are at work, processor time tells more than wall time.
    machine = {
        "cores": available_cores(),
        "load": os.getloadavg()[0],
        "version": __version__,
        "megapixels": WIDTH * HEIGHT / 1e6,
    }
    asked.output.write_text(json.dumps({**machine, "region_side": SIDE, "formats": results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
