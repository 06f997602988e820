"""Time and memory of restoring large pages, beside OpenCV's Telea and Navier-Stokes.

    python benchmarks/restore.py IN_DIR [--parts page,command,units,huge,growth] [--rounds 5] [--name restore]

IN_DIR holds the page, `page.png`, RGB, 2480x3508, and masks of 512 pixels to lay over it. One made by the project:

    bokwon pages make IN_DIR/pages --count 1 --size 1240x1754 --seed 4       # enlarged twice here
    bokwon masks make IN_DIR/masks --kind document --bins 1 --count 36 --seed 4

Each part keeps its figures in benchmarks/results/NAME.json; NAME.md and NAME.png are drawn from all of them. A machine
of another kind gets a name of its own.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

import bokwon

RESULTS = Path(__file__).parent / "results"
WIDTH, HEIGHT = 2480, 3508
CLASSICAL = ("telea", "ns")
# What the figures depend on, the best first; processor names on rented machines do not tell.
INSTRUCTIONS = ("amx_bf16", "avx512_bf16", "avx512_vnni", "avx_vnni", "avx512f", "avx2")
# Engine and precision; without the latter what a user gets who asks for nothing.
ENGINES = {"onnx": ("onnx", "auto"), "onnx, float32": ("onnx", "float32"), "openvino": ("openvino", "auto")}
CONTESTANTS = (*ENGINES, *CLASSICAL)
AS_FILLED = ("--ink", "off", "--grain", "off")
MEBIBYTE = 2**20


def page_and_hole(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return an A4 page at 300 dpi, and a hole of 5 % that lies scattered all over it."""
    with Image.open(next(folder.glob("pages/**/*.png"))) as image:
        page = np.array(image.convert("RGB").resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS))
    masks = [np.array(Image.open(path).convert("1")) for path in sorted(folder.glob("masks/**/*.png"))]
    # Rarest first, and the rest while they bring the whole nearer to 5 %.
    hole = np.zeros((HEIGHT + 512, WIDTH + 512), bool)
    places = [(top, left) for top in range(0, HEIGHT, 512) for left in range(0, WIDTH, 512)]
    wanted = 0.05 * len(places)
    for number, (top, left) in enumerate(places):
        share = wanted / (len(places) - number)
        mask = min(masks, key=lambda mask: abs(mask.mean() - share))
        turned = np.rot90(mask, number % 4)
        hole[top : top + 512, left : left + 512] = turned
        wanted -= turned.mean()
    return page, np.ascontiguousarray(hole[:HEIGHT, :WIDTH])


def restorer(name: str, *, tile: int | None = None) -> bokwon.Restorer:
    """Make what a contestant's name stands for, by default with its own tiles."""
    if name in CLASSICAL:
        return bokwon.Restorer(bokwon.RestoreSettings(method=name, tile=tile))
    engine, precision = ENGINES[name]
    chosen = bokwon.RestoreSettings("document", engine=engine, precision=precision, tile=tile, finish="off")
    return bokwon.Restorer(chosen)


_LOADED: dict[str, Any] = {}


def load(name: str, folder: Path) -> str:
    """Make a contestant in its process, which it has to itself: libraries of threads slow each other down."""
    _LOADED.update(restorer=restorer(name), page=page_and_hole(folder))
    made: bokwon.Restorer = _LOADED["restorer"]
    return f"{made.engine.description}, {made.model.name}" if made.model else made.engine.description


def time_page() -> tuple[float, int]:
    """Restore the page; return the seconds and how many tiles it took."""
    begun = time.perf_counter()
    tiles: int = _LOADED["restorer"].restore(*_LOADED["page"]).tiles
    return time.perf_counter() - begun, tiles


def part_page(folder: Path, rounds: int) -> dict[str, Any]:
    """Time the page with the model loaded, contestants in turns."""
    seconds: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
    tiles, engines = {}, {}
    with ExitStack() as stack:
        context = multiprocessing.get_context("spawn")
        processes = {name: stack.enter_context(ProcessPoolExecutor(1, context)) for name in CONTESTANTS}
        for name, process in processes.items():
            engines[name] = process.submit(load, name, folder).result()
        for turn in range(rounds + 1):
            for name, process in processes.items():
                taken, tiles[name] = process.submit(time_page).result()
                if turn:
                    seconds[name].append(taken)
                print(name, f"{taken:.2f}", flush=True)
    return {
        "hole": float(page_and_hole(folder)[1].mean()),
        "seconds": {name: statistics.median(values) for name, values in seconds.items()},
        "best": {name: min(values) for name, values in seconds.items()},
        "tiles": tiles,
        "engines": engines,
        "rounds": rounds,
    }


def run(command: list[str]) -> tuple[float, float]:
    """Run a command; return its seconds from start to exit and its peak memory in MiB."""
    seconds, _, peak = run_counted(command)
    return seconds, peak


def run_counted(command: list[str]) -> tuple[float, float, float]:
    """Run a command; return its seconds from start to exit, those of all processors, and its peak memory in MiB."""
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begun
    if status:
        raise SystemExit(f"{' '.join(command)} failed")
    # Kilobytes, except on macOS.
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / MEBIBYTE
    return seconds, usage.ru_utime + usage.ru_stime, peak


def part_command(folder: Path, rounds: int) -> dict[str, Any]:
    """Time whole commands: the page PNG to PNG, and a small image, from process start to exit."""
    page, hole = page_and_hole(folder)
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        Image.fromarray(page).save(work / "page.png")
        Image.fromarray(hole).save(work / "mask.png")
        Image.fromarray(page[1000:1512, 1000:1512]).save(work / "small.png")
        Image.fromarray(hole[1000:1512, 1000:1512]).save(work / "small-mask.png")
        bokwon_command = [sys.executable, "-m", "bokwon", "restore", "-q"]
        options = {name: ["--engine", engine, "--precision", how] for name, (engine, how) in ENGINES.items()}
        jobs = {f"page, {name}": ("page", "mask", chosen) for name, chosen in options.items()}
        jobs |= {f"page, {method}": ("page", "mask", ["--method", method]) for method in CLASSICAL}
        # What the finish costs: the parts in Python are measured without it.
        jobs["page, onnx, --ink off --grain off"] = ("page", "mask", [*options["onnx"], *AS_FILLED])
        jobs |= {f"512x512, {name}": ("small", "small-mask", chosen) for name, chosen in options.items()}
        jobs["512x512, telea"] = ("small", "small-mask", ["--method", "telea"])
        runs: dict[str, list[tuple[float, float]]] = {key: [] for key in jobs}
        for _ in range(rounds):
            for key, (image, mask, chosen) in jobs.items():
                files = [str(work / f"{image}.png"), str(work / "out.png"), "--mask", str(work / f"{mask}.png")]
                runs[key].append(run([*bokwon_command, *files, *chosen]))
                print(key, runs[key][-1], flush=True)
        for key, figures in runs.items():
            found[key] = {
                "seconds": statistics.median(seconds for seconds, _ in figures),
                "best": min(seconds for seconds, _ in figures),
                "mebibytes": max(peak for _, peak in figures),
            }
    return {"rounds": rounds, "commands": found}


def part_units(folder: Path, rounds: int) -> dict[str, Any]:
    """Compare the commands that users run with OpenCV's Telea on the same page, in turns, from start to exit."""
    page, hole = page_and_hole(folder)
    damage = hole.astype(np.uint8)
    spot = np.argwhere(hole)[np.count_nonzero(hole) // 2]
    top, left = (min(max(place - 32, 0), side - 64) for place, side in zip(spot, hole.shape, strict=True))
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        bokwon_command = [sys.executable, "-m", "bokwon"]
        jobs = {"bokwon --version": [*bokwon_command, "--version"]}
        for key, part, options in (
            ("restore, the page", (slice(None), slice(None)), []),
            ("restore --method telea, the page", (slice(None), slice(None)), ["--method", "telea"]),
            ("restore, 64x64", (slice(top, top + 64), slice(left, left + 64)), []),
        ):
            image, mask = work / f"{len(jobs)}.png", work / f"{len(jobs)}-mask.png"
            Image.fromarray(page[part]).save(image)
            Image.fromarray(hole[part]).save(mask)
            files = [str(image), str(work / "out.png"), "--mask", str(mask)]
            jobs[key] = [*bokwon_command, "restore", "-q", *files, *options]
        runs: dict[str, list[tuple[float, float, float]]] = {key: [] for key in ("unit", *jobs)}
        for _ in range(rounds):
            begun, used = time.perf_counter(), time.process_time()
            cv2.inpaint(page, damage, 3, cv2.INPAINT_TELEA)
            runs["unit"].append((time.perf_counter() - begun, time.process_time() - used, 0.0))
            for key, command in jobs.items():
                runs[key].append(run_counted(command))
                print(key, runs[key][-1], flush=True)
    columns = {key: list(zip(*figures, strict=True)) for key, figures in runs.items()}
    medians = {key: [statistics.median(column) for column in columns[key][:2]] for key in runs}
    return {
        "rounds": rounds,
        "commands": {
            key: {
                "seconds": seconds,
                "processor_seconds": used,
                "units": seconds / medians["unit"][0],
                "processor_units": used / medians["unit"][1],
                "mebibytes": max(columns[key][2]),
            }
            for key, (seconds, used) in medians.items()
        },
    }


def part_huge(folder: Path, _rounds: int) -> dict[str, Any]:
    """Run the command on 20,000 x 20,000 pixels of colour, of which 1 % is hole in a fifth of the page's width."""
    page, hole = page_and_hole(folder)
    side = 20_000
    with tempfile.TemporaryDirectory(dir=folder) as name:
        work = Path(name)
        down, across = -(-side // HEIGHT), -(-side // WIDTH)
        Image.fromarray(np.tile(page, (down, across, 1))[:side, :side]).save(work / "huge.png", compress_level=1)
        damage = np.tile(hole, (down, across))[:side, :side].copy()
        damage[:, side // 5 :] = False
        share = float(damage.mean())
        Image.fromarray(damage).save(work / "mask.png")
        del damage, page, hole
        files = [str(work / "huge.png"), str(work / "out.png"), "--mask", str(work / "mask.png")]
        found = {}
        for name, options in (("onnx", ["--engine", "onnx"]), ("telea", ["--method", "telea"])):
            seconds, mebibytes = run([sys.executable, "-m", "bokwon", "restore", "-q", *files, *options])
            found[name] = {"seconds": seconds, "mebibytes": mebibytes}
            print(name, found[name], flush=True)
    return {"side": side, "hole": share, "commands": found}


def part_growth(folder: Path, rounds: int) -> dict[str, Any]:
    """Time more and more damage on one page, and the same damage on larger and larger pages."""
    page_restorer = restorer("onnx", tile=512)
    rng = np.random.default_rng(0)
    texture = rng.integers(90, 230, (512, 512, 3)).astype(np.uint8)

    def seconds(side: int, tiles: int) -> float:
        page = np.tile(texture, (-(-side // 512), -(-side // 512), 1))[:side, :side].copy()
        hole = np.zeros((side, side), bool)
        # A hole in the middle of every tile that is to be run, where it touches no other.
        steps = range(192, side - 128, 384)
        places = [(top, left) for top in steps for left in steps][:: max(1, len(steps) ** 2 // tiles)][:tiles]
        for top, left in places:
            hole[top : top + 40, left : left + 40] = True
        taken = []
        for _ in range(rounds):
            begun = time.perf_counter()
            page_restorer.fill(page, "RGB", hole)
            taken.append(time.perf_counter() - begun)
        print(side, tiles, taken, flush=True)
        return min(taken)

    seconds(1024, 2)
    return {
        "tiles": [[count, seconds(4096, count)] for count in (1, 2, 4, 8, 16, 32, 64)],
        "pages": [[side * side / 1e6, seconds(side, 8)] for side in (2048, 4096, 8192, 12288, 16384)],
    }


PARTS: dict[str, Callable[[Path, int], dict[str, Any]]] = {
    "page": part_page,
    "command": part_command,
    "units": part_units,
    "huge": part_huge,
    "growth": part_growth,
}


def machine() -> str:
    """Name processor, load and versions."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = [line.partition(":")[::2] for line in info.read_text().splitlines()]
        found = {key.strip(): value.strip() for key, value in reversed(lines)}
        model = found.get("model name", model)
        best = next((name for name in INSTRUCTIONS if name in found.get("flags", "").split()), None)
        model += f" with {best}" if best else ""
    load = os.getloadavg()[0]
    return f"{model}, {os.cpu_count()} cores, load average {load:.1f} at the end, OpenCV {cv2.__version__}"


def plot(growth: dict[str, Any], path: Path) -> None:
    """Draw time against damaged tiles, and against the size of the page."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.6), sharey=True, layout="constrained")
    left.plot(*zip(*growth["tiles"], strict=True), "o-", color="#1b6ca8")
    left.set(xlabel="tiles that touch a hole (page of 17 megapixels)", ylabel="seconds", xlim=0, ylim=0)
    left.set_title("more damage on one page")
    right.plot(*zip(*growth["pages"], strict=True), "o-", color="#b5532a")
    right.set(xlabel="megapixels of the page (8 tiles touch a hole)", xlim=0)
    right.set_title("the same damage on larger pages")
    for axes in (left, right):
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)


def report(results: dict[str, Any], name: str) -> str:
    """Write the figures as Markdown, with the picture NAME.png."""
    text = "# Restoring large pages\n\nMade by `benchmarks/restore.py`, which says how. Seconds are medians.\n"
    if "page" in results:
        part = results["page"]
        text += (
            f"\n## A4 at 300 dpi ({WIDTH}x{HEIGHT} RGB), {part['hole']:.1%} scattered damage, in `Restorer`, loaded\n\n"
            f"{part['when']}. {part['rounds']} rounds, in turns.\n\n"
            "| | seconds | best | tiles | aim |\n|---|---:|---:|---:|---|\n"
        )
        aims = {"onnx": "<= 4 s", "openvino": "<= 2 s in bfloat16"}
        for contestant in CONTESTANTS:
            row = part["engines"][contestant], f"{part['seconds'][contestant]:.2f}", f"{part['best'][contestant]:.2f}"
            text += f"| {' | '.join(row)} | {part['tiles'][contestant]} | {aims.get(contestant, '')} |\n"
    if "command" in results:
        part = results["command"]
        text += (
            f"\n## The whole command, PNG to PNG, process start to exit\n\n{part['when']}. {part['rounds']} rounds.\n\n"
            "| | seconds | best | peak memory, MiB | aim |\n|---|---:|---:|---:|---|\n"
        )
        aims = {"page, onnx": "<= 7 s, <= 1024 MiB", "512x512, onnx": "<= 1.5 s"}
        for key, figures in part["commands"].items():
            row = key, f"{figures['seconds']:.2f}", f"{figures['best']:.2f}", f"{figures['mebibytes']:.0f}"
            text += f"| {' | '.join(row)} | {aims.get(key, '')} |\n"
    if "units" in results:
        part = results["units"]
        text += (
            f"\n## Beside OpenCV's Telea\n\n{part['when']}. {part['rounds']} rounds, in turns.\n\n"
            "The unit is the time that `cv2.inpaint` (Telea, radius 3) takes for the page. Processor seconds are those "
            "of all cores together.\n\n"
            "| | seconds | units | processor seconds | in units of them | peak memory, MiB | limit |\n"
            "|---|---:|---:|---:|---:|---:|---|\n"
        )
        limits = {
            "restore, the page": "<= 6 units, better 4; <= 950 MiB",
            "restore, 64x64": "<= 1.2 s",
            "bokwon --version": "<= 0.3 s",
        }
        for key, figures in part["commands"].items():
            names = ("seconds", "units", "processor_seconds", "processor_units")
            row = [key, *(f"{figures[name]:.2f}" for name in names)]
            # The peak is never below that of the benchmark, which starts the command. So small commands show none.
            row.append(f"{figures['mebibytes']:.0f}" if key.endswith("the page") else "")
            text += f"| {' | '.join(row)} | {limits.get(key, '')} |\n"
    if "huge" in results:
        part = results["huge"]
        text += (
            f"\n## {part['side']} x {part['side']} RGB, {part['hole']:.1%} damage, the command\n\n{part['when']}. "
            "The damage lies in a fifth of the width, as at a torn edge.\n\n"
            "| | seconds | peak memory, MiB | aim |\n|---|---:|---:|---|\n"
        )
        for engine, figures in part["commands"].items():
            text += f"| {engine} | {figures['seconds']:.0f} | {figures['mebibytes']:.0f} | <= 4096 MiB |\n"
    if "growth" in results:
        part = results["growth"]
        text += (
            f"\n## Time grows with the damaged tiles, not with the page\n\n{part['when']}. ONNX Runtime, tiles of 512, "
            f"best of the rounds.\n\n![Seconds against damaged tiles and against megapixels]({name}.png)\n"
        )
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--name", default="restore", help="of the results")
    parser.add_argument("--note", default="", help="what else the machine did")
    arguments = parser.parse_args()
    kept = RESULTS / f"{arguments.name}.json"
    results = json.loads(kept.read_text()) if kept.exists() else {}
    for name in arguments.parts.split(","):
        results[name] = PARTS[name](arguments.folder, arguments.rounds)
        note = f" {arguments.note}" if arguments.note else ""
        results[name]["when"] = f"{date.today()}, {machine()}.{note}".rstrip(".")
        kept.write_text(json.dumps(results, indent=1) + "\n")
        kept.with_suffix(".md").write_text(report(results, arguments.name))
    if "growth" in results:
        plot(results["growth"], kept.with_suffix(".png"))


if __name__ == "__main__":
    main()
