"""The two READMEs say the same, and what was measured."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LANGUAGES = ("README.md", "README.ko.md")
INTERVAL = r"[-+]?\d+\.\d\d \[[^]]*\]"
OTHERS = {"Telea": "telea", "Navier-Stokes": "ns", "biharmonic": "biharmonic", "PatchMatch": "patchmatch"}
# The rows of the table that are PSNR in the hole: the results, and the method that is measured.
MEASURED = (
    ("evaluate_pages", "document"),
    ("evaluate_unseen", "document"),
    ("evaluate_photos", "photo"),
    ("evaluate_photos_ensemble", "photo-ensemble-4"),
)


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def commands(text: str) -> list[str]:
    blocks = re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)
    # Comments are in the reader's language.
    return [re.sub(r"\s+#.*", "", line) for block in blocks for line in block.splitlines()]


def table_of_figures(text: str) -> list[list[str]]:
    """Return the rows of the one table that has intervals: name, bokwon, best other, difference."""
    rows = [line.strip("|").split("|") for line in text.splitlines() if line[:1] == "|" and re.search(INTERVAL, line)]
    return [[cell.strip() for cell in row] for row in rows]


def results(name: str) -> dict[str, dict[str, dict[str, float]]]:
    methods: dict[str, dict[str, dict[str, float]]] = json.loads(read(f"benchmarks/results/{name}.json"))["all"][
        "methods"
    ]
    return methods


@pytest.mark.parametrize("name", LANGUAGES)
def test_it_is_short(name: str) -> None:
    assert len(read(name).splitlines()) <= 120
    assert len(table_of_figures(read(name))) == len(MEASURED) + 1


def test_both_languages_have_the_same_commands_headings_and_figures() -> None:
    english, korean = map(read, LANGUAGES)
    assert commands(korean) == commands(english)
    assert len(re.findall("^## ", korean, re.MULTILINE)) == len(re.findall("^## ", english, re.MULTILINE))
    for pattern in (INTERVAL, r"\d+\.\d+", r"\d+ (?:%|MB)", r"`--[\w-]+"):
        found = [sorted(re.findall(pattern, text)) for text in (english, korean)]
        assert found[0] == found[1]
        assert found[0]
    links = [re.findall(r"\((docs/[^)]*|src/[^)]*)\)", text) for text in (english, korean)]
    # An anchor into a Korean page is a Korean heading; that it is there is tested with the docs.
    assert [re.sub(r"(?<=\.ko\.md#).*", "", link) for link in links[1]] == [to_korean(link) for link in links[0]]


def to_korean(link: str) -> str:
    """Return the translation of the page that a link leads to, without the name of the anchor; else the link."""
    page, mark, _ = link.partition("#")
    translation = page.removesuffix(".md") + ".ko.md"
    return translation + mark if (ROOT / translation).is_file() else link


@pytest.mark.parametrize("name", LANGUAGES)
def test_figures_are_those_that_were_measured(name: str) -> None:
    for (_, own, other, difference), (run, method) in zip(table_of_figures(read(name)), MEASURED, strict=False):
        means = {key: entry["hole_psnr"]["mean"] for key, entry in results(run).items()}
        best = max(OTHERS.values(), key=lambda key: means[key])
        match = re.fullmatch(r"([\d.]+) \(([\w-]+)\)", other)
        assert match is not None
        assert (own, match[1]) == (f"{means[method]:.2f}", f"{means[best]:.2f}")
        assert OTHERS[match[2]] == best
        assert difference.startswith(f"{means[method] - means[best]:+.2f} [")
    last = table_of_figures(read(name))[-1]
    row = json.loads(read("benchmarks/results/evaluate_reading_lines.json"))["reading"]["rows"][0]
    recovered = {key: entry["recovered"] for key, entry in row["pictures"].items()}
    best = max(OTHERS.values(), key=lambda key: recovered[key])
    assert last[1] == f"{100 * recovered['document']:.1f} %"
    assert last[2] == f"{100 * recovered[best]:.1f} % ({best})"
    times = next(entry["times_recovered"] for entry in row["against"] if entry["other"] == best)
    assert last[3].startswith(f"{times['mean']:.2f} [{times['low']:.2f}, {times['high']:.2f}]")


@pytest.mark.parametrize("name", LANGUAGES)
def test_intervals_stand_in_the_results(name: str) -> None:
    published = " ".join(read("docs/research/results.md").split())
    found = re.findall(INTERVAL, read(name))
    assert len(found) == len(MEASURED) + 1
    assert [interval for interval in found if interval not in published] == []


@pytest.mark.parametrize("name", LANGUAGES)
def test_files_that_are_named_are_there(name: str) -> None:
    links = re.findall(r"\]\(([^):#]+)(?:#[^)]*)?\)", read(name))
    assert len(links) > 15
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("name", LANGUAGES)
def test_nothing_is_claimed_by_a_distance_that_was_in_the_loss(name: str) -> None:
    assert "VGG" not in read(name)
