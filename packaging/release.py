"""Builds what is published, and tries it as a user gets it.

    python packaging/release.py [--out dist] [--python 3.10 ...]

Builds wheel and sdist twice and compares them byte for byte; installs each into a new environment, where
`bokwon doctor` and a restoration have to work; resolves the dependencies for other versions of Python and systems;
and writes a bill of materials (CycloneDX) and the licences of everything that is installed with bokwon. Needs the
network; exit code 1 at the first thing that does not hold.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
# A wheel's tag names the oldest system that it runs on: all those up to the one that is meant count.
PLATFORMS = {
    "Linux": ("manylinux2014_x86_64", "manylinux_2_17_x86_64", "manylinux_2_27_x86_64", "manylinux_2_28_x86_64"),
    "macOS": tuple(f"macosx_{version}_0_{kind}" for version in range(11, 15) for kind in ("arm64", "universal2")),
    "Windows": ("win_amd64",),
}
MOST_BYTES = 45_000_000
"""What a wheel may weigh."""


def main() -> None:
    """Build, try, describe."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="where the files go")
    parser.add_argument("--python", action="append", help="versions to resolve for; all supported ones by default")
    options = parser.parse_args()
    out: Path = options.out.resolve()
    shutil.rmtree(out, ignore_errors=True)
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        tools = environment(scratch / "tools", "build", "hatchling", "cyclonedx-bom", "pip-licenses")
        for folder in (out, scratch / "again"):
            run(tools, "-m", "build", "--no-isolation", "--outdir", folder, ROOT)
        for file in sorted(out.iterdir()):
            if digest(file) != digest(scratch / "again" / file.name):
                sys.exit(f"{file.name} is another one each time it is built")
            print(f"{file.name}: {file.stat().st_size / 1e6:.1f} MB, the same bytes twice, sha256 {digest(file)}")
        [wheel], [sdist] = out.glob("*.whl"), out.glob("*.tar.gz")
        if wheel.stat().st_size > MOST_BYTES:
            sys.exit(f"{wheel.name} weighs more than {MOST_BYTES / 1e6:.0f} MB")
        for version in options.python or PYTHONS:
            for platform in PLATFORMS:
                print(f"Python {version}, {platform}: {resolve(tools, wheel, version, PLATFORMS[platform])}")
        for file in (sdist, wheel):
            installed = environment(scratch / file.suffix.strip("."), str(file))
            try_out(installed, scratch / f"{file.suffix.strip('.')}.png")
            print(f"{file.name}: installs, and restores a page")
        describe(tools, installed, out, wheel)


def environment(folder: Path, *packages: str) -> Path:
    """Make an environment with packages in it.

    Returns:
        Its Python.
    """
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages)
    return python


def run(python: Path, *arguments: object, folder: Path | None = None) -> str:
    """Run a module or program of an environment away from the sources, which must not be found by chance.

    Returns:
        What it printed.
    """
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    done = subprocess.run(
        [str(python), *map(str, arguments)],
        cwd=folder or python.parent,
        env={**kept, "SOURCE_DATE_EPOCH": "1577836800"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{' '.join(map(str, arguments))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def resolve(tools: Path, wheel: Path, version: str, tags: tuple[str, ...]) -> str:
    """Find out whether everything that bokwon needs is published as wheels for a Python and a platform."""
    report = tools.parent / "report.json"
    told = ["--python-version", version, "--only-binary", ":all:", "--target", tools.parent / "x"]
    for tag in tags:
        told += ["--platform", tag]
    run(tools, "-m", "pip", "install", "--quiet", "--dry-run", "--ignore-installed", "--report", report, *told, wheel)
    found = json.loads(report.read_text(encoding="utf-8"))["install"]
    wanted = ("numpy", "opencv-python-headless", "onnxruntime")
    versions = {item["metadata"]["name"].lower(): item["metadata"]["version"] for item in found}
    return f"{len(found)} packages, " + ", ".join(f"{name} {versions[name]}" for name in wanted)


def try_out(python: Path, result: Path) -> None:
    """Use an installation: self-test, version, and a restoration of an example."""
    run(python, "-m", "bokwon", "--version")
    run(python, "-m", "bokwon", "doctor")
    page, mask = ROOT / "examples" / "hangul.png", ROOT / "examples" / "hangul-mask.png"
    run(python, "-m", "bokwon", "restore", page, result, "--mask", mask)
    if not result.is_file():
        sys.exit("nothing was restored")


def describe(tools: Path, installed: Path, out: Path, wheel: Path) -> None:
    """Write the bill of materials and the licences of an environment into which bokwon alone was installed."""
    name = wheel.name.split("-py3")[0]
    bill = out / f"{name}.cdx.json"
    run(tools, "-m", "cyclonedx_py", "environment", "--output-reproducible", "-o", bill, installed)
    licences = tools.parent / "pip-licenses"
    printed = subprocess.run(
        [licences, f"--python={installed}", "--with-license-file", "--no-license-path", "--format=plain-vertical"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    (out / f"{name}-third-party.txt").write_text(printed, encoding="utf-8")
    count = len(json.loads(bill.read_text(encoding="utf-8"))["components"])
    print(f"{bill.name}: {count} components; their licences are in {name}-third-party.txt")


def digest(path: Path) -> str:
    """Return a file's SHA-256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
