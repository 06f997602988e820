"""1,000 requests of 50 clients to `bokwon serve`: are all good ones right, and does its memory come back?

    python benchmarks/serve_load.py [--requests 1000] [--clients 50] [--idle 60]

Good requests are restored by the model and by Telea's method, and masks that are read. Among them are broken files and
forms, uploads that are too large, and clients that leave in the middle. The figures are kept in
benchmarks/results/serve_load.json. Linux only: memory is read from /proc.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import platform
import random
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import httpx2 as httpx
import numpy as np
from PIL import Image

import bokwon

RESULTS = Path(__file__).parent / "results" / "serve_load.json"
EXAMPLES = Path(__file__).parents[1] / "examples"
SIDE = 256
LIMIT_MIB = 4
# Of a hundred requests.
MIX = {"telea": 30, "model": 10, "masks": 20, "broken file": 8, "broken form": 7, "oversized": 10, "aborted": 15}
MEMORY_LIMIT = 1.2
PATIENCE = 600


@dataclass
class Sample:
    """A page with its mask, and what has to come of them."""

    page: bytes
    mask: bytes
    hole: np.ndarray
    restored: dict[str, np.ndarray] = field(default_factory=dict)


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def samples() -> list[Sample]:
    """Cut pages and masks from the examples, and restore them here."""
    found = []
    for name in ("woodblock.tif", "hangul.png"):
        stem = name.partition(".")[0]
        page = np.asarray(Image.open(EXAMPLES / name).convert("RGB"))
        hole = np.asarray(Image.open(EXAMPLES / f"{stem}-mask.png").convert("L")) >= 128
        for top, left in ((0, 0), (200, 150)):
            part, missing = (np.array(a[top : top + SIDE, left : left + SIDE]) for a in (page, hole))
            restored = {
                "telea": bokwon.restore(part, missing, method="telea", threads=1).image,
                "model": bokwon.restore(part, missing, threads=1).image,
            }
            found.append(Sample(png(part), png(missing), missing, restored))
    return found


@dataclass
class Tally:
    """What came of the requests."""

    sent: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    again: int = 0

    def judge(self, kind: str, fine: bool, told: str) -> None:
        """Count an answer."""
        self.sent[kind] += 1
        if fine:
            self.right[kind] += 1
        else:
            self.wrong.append(f"{kind}: {told[:300]}")


class Clients:
    """Sends requests and judges the answers."""

    def __init__(self, address: str, found: list[Sample]) -> None:
        self.address = address
        self.samples = found
        self.tally = Tally()

    async def send(self, client: httpx.AsyncClient, kind: str, chance: random.Random) -> None:
        """Send a request of some kind, and judge the answer."""
        sample = chance.choice(self.samples)
        files = {"image": ("page.png", sample.page), "mask": ("mask.png", sample.mask)}
        if kind in ("telea", "model"):
            answer = await self.post(client, "restore", files=files, data={"method": kind})
            fine = answer.status_code == 200 and np.array_equal(decoded(answer), sample.restored[kind])
        elif kind == "masks":
            answer = await self.post(client, "masks", files=files)
            fine = answer.status_code == 200 and np.array_equal(decoded(answer) > 0, sample.hole)
        elif kind == "broken file":
            files["image"] = ("page.png", sample.page[: chance.randrange(len(sample.page) // 2)])
            answer = await self.post(client, "restore", files=files, data={"method": "telea"})
            fine = is_problem(answer, 422)
        elif kind == "broken form":
            body, form = b"--x\r\nContent-Disp" + sample.page, {"content-type": "multipart/form-data; boundary=x"}
            answer = await self.post(client, "restore", content=body, headers=form)
            fine = is_problem(answer, 400)
        elif kind == "oversized":
            files["image"] = ("page.png", bytes((LIMIT_MIB << 20) + 1))
            try:
                answer = await self.post(client, "restore", files=files)
            except httpx.TransportError as error:
                # The server need not read what it does not take.
                self.tally.judge(kind, True, repr(error))
                return
            fine = is_problem(answer, 413)
        else:
            await self.abort(sample, chance)
            self.tally.judge(kind, True, "")
            return
        self.tally.judge(kind, fine, f"{answer.status_code} {answer.text if not fine else ''}")

    async def post(self, client: httpx.AsyncClient, path: str, **what: object) -> httpx.Response:
        """Send a request, and send it again when the server says that it is busy."""
        while True:
            answer = await client.post(f"{self.address}api/v1/{path}", **what)  # type: ignore[arg-type]
            self.tally.statuses[answer.status_code] += 1
            if answer.status_code != 429:
                return answer
            self.tally.again += 1
            await asyncio.sleep(int(answer.headers["retry-after"]))

    async def abort(self, sample: Sample, chance: random.Random) -> None:
        """Leave in the middle of the upload, or before the answer."""
        request = httpx.Request("POST", self.address + "api/v1/restore", files={"image": sample.page})
        body = request.read()
        lines = [f"POST /api/v1/restore HTTP/1.1\r\nHost: {urlsplit(self.address).netloc}"]
        lines += [f"{name}: {request.headers[name]}" for name in ("content-type", "content-length")]
        place = urlsplit(self.address)
        _, writer = await asyncio.open_connection(place.hostname, place.port)
        writer.write("\r\n".join([*lines, "", ""]).encode() + body[: chance.choice((len(body) // 2, len(body)))])
        await writer.drain()
        await asyncio.sleep(chance.random() * 0.2)
        writer.transport.abort()

    async def run(self, count: int, clients: int, seed: int) -> None:
        """Send that many requests, each client one after the other."""
        chance = random.Random(seed)
        kinds = iter(chance.choices(list(MIX), list(MIX.values()), k=count))

        async def one(number: int) -> None:
            own = random.Random(seed * 1000 + number)
            async with httpx.AsyncClient(timeout=PATIENCE) as client:
                for kind in kinds:
                    await self.send(client, kind, own)

        await asyncio.gather(*(one(number) for number in range(clients)))


def decoded(answer: httpx.Response) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(answer.content)))


def is_problem(answer: httpx.Response, status: int) -> bool:
    return answer.status_code == status and answer.headers["content-type"] == "application/problem+json"


def memory_of(pid: int) -> dict[str, float]:
    """Return the memory of a process and of those that it has started, MiB, shared pages divided among them."""

    def own(each: int) -> float:
        rollup = Path(f"/proc/{each}/smaps_rollup").read_text()
        return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:")) / 1024

    children = [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]
    return {"server": round(own(pid), 1), "all": round(own(pid) + sum(map(own, children)), 1)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--idle", type=float, default=60)
    options = parser.parse_args()
    found = samples()
    command = [sys.executable, "-m", "bokwon", "serve", "--port", "0", "-j", "2", "--threads", "1"]
    server = subprocess.Popen([*command, "--max-upload", str(LIMIT_MIB)], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    address = server.stdout.readline().strip()
    try:
        clients = Clients(address, found)
        begun = time.perf_counter()
        asyncio.run(clients.run(options.clients, options.clients, 1))
        first = memory_of(server.pid)
        asyncio.run(clients.run(options.requests - options.clients, options.clients, 2))
        seconds = time.perf_counter() - begun
        busy = memory_of(server.pid)
        time.sleep(options.idle)
        idle = memory_of(server.pid)
        health = httpx.get(f"{address}api/v1/health").status_code
    finally:
        server.terminate()
        server.wait(60)
    tally = clients.tally
    growth = {what: round(idle[what] / first[what], 3) for what in idle}
    result = {
        "date": str(date.today()),
        "machine": f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}",
        "requests": dict(sorted(tally.sent.items())),
        "right": dict(sorted(tally.right.items())),
        "wrong": tally.wrong,
        "statuses": {str(status): count for status, count in sorted(tally.statuses.items())},
        "sent again": tally.again,
        "seconds": round(seconds, 1),
        "health at the end": health,
        "exit code": server.returncode,
        "MiB after the first": first,
        "MiB after the last": busy,
        f"MiB after {options.idle:g} idle seconds": idle,
        "idle to first": growth,
    }
    print(json.dumps(result, indent=1))
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    failed = tally.wrong or health != 200 or max(growth.values()) > MEMORY_LIMIT
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
