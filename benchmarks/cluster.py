"""Throughput on a folder by number and kind of workers: processes, shards, nodes of Ray on this machine, a killed node.

    python benchmarks/cluster.py [--pages 24] [--width 1240] [--height 1754] [--rounds 1]

Every way restores the same folder, with one thread for each worker. A node of Ray has one core. The outputs must have
the same bytes. In the last way a node is killed when a third of the pages is written. Times include starting and
stopping.
"""

from __future__ import annotations

import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

from ray.cluster_utils import Cluster
from report import machine, table, write
from treatment import make_pages, read_options

from bokwon.utilities.checksums import sha256_of

_RESTORE = [sys.executable, "-m", "bokwon", "restore", "in", "out", "-q", "--threads", "1", "--no-report"]
_SAME = ["--engine", "onnx", "--precision", "float32"]


def main() -> None:
    options = read_options(pages=24, width=1240, height=1754, rounds=1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_pages(folder / "in", options.pages, (options.width, options.height))
        ways: dict[str, Callable[[], str]] = {
            "one process: `-j 1`": lambda: _run(folder, "-j", "1"),
            "two processes: `-j 2`": lambda: _run(folder, "-j", "2"),
            "two parts at once: `--shard 1/2`, `2/2`": lambda: _shards(folder),
            "Ray, one node": lambda: _ray(folder, 1),
            "Ray, two nodes": lambda: _ray(folder, 2),
            "Ray, two nodes, one killed": lambda: _ray(folder, 2, kill_at=options.pages // 3),
        }
        times: dict[str, list[float]] = {way: [] for way in ways}
        digests: dict[str, set[str]] = {way: set() for way in ways}
        told = dict.fromkeys(ways, "")
        for _ in range(options.rounds):
            for way, run in ways.items():
                shutil.rmtree(folder / "out", ignore_errors=True)
                begun = time.monotonic()
                told[way] = run()
                times[way].append(time.monotonic() - begun)
                outputs = sorted((folder / "out").glob("*.png"))
                digests[way].add(_digest(outputs) if len(outputs) == options.pages else f"{len(outputs)} pages")
    first = next(iter(ways))
    unit = statistics.median(times[first])
    rows = [
        (
            way,
            f"{statistics.median(times[way]):.1f}",
            f"{options.pages / statistics.median(times[way]):.2f}",
            f"{unit / statistics.median(times[way]):.2f}",
            "the same" if digests[way] == digests[first] else "OTHERS",
            told[way],
        )
        for way in ways
    ]
    head = ("way", "wall time, s", "pages a second", "times one process", "bytes", "exit code")
    write(
        "cluster.md",
        f"# Workers\n\n{options.pages} generated pages of {options.width} x {options.height} pixels with damage, "
        f"rounds in turns: {options.rounds}, wall time of the whole command, {date.today()}. {machine()}.\n\n"
        f"Command: `python {shlex.join(sys.argv)}`\n\n"
        f"{table(head, rows)}",
    )


def _digest(outputs: list[Path]) -> str:
    return sha256_of(b"".join(path.name.encode() + path.read_bytes() for path in outputs))


def _start(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([*_RESTORE, *_SAME, *arguments], cwd=folder)


def _run(folder: Path, *arguments: str) -> str:
    return str(_start(folder, *arguments).wait())


def _shards(folder: Path) -> str:
    """Restore two parts at once; return their exit codes."""
    parts = [_start(folder, "-j", "1", "--shard", f"{number}/2") for number in (1, 2)]
    return ", ".join(str(part.wait()) for part in parts)


def _ray(folder: Path, nodes: int, kill_at: int | None = None) -> str:
    """Restore on nodes of one core each, and kill the last one when `kill_at` pages are written."""
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    try:
        others = [cluster.add_node(num_cpus=1) for _ in range(nodes - 1)]
        cluster.wait_for_nodes()
        run = _start(folder, "--cluster", "--address", cluster.address, "-j", str(nodes))
        while kill_at is not None and run.poll() is None:
            if len(list((folder / "out").glob("*.png"))) >= kill_at:
                cluster.remove_node(others[-1], allow_graceful=False)
                break
            time.sleep(0.1)
        return str(run.wait())
    finally:
        cluster.shutdown()


if __name__ == "__main__":
    main()
