"""The two READMEs say the same, and what was measured."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LANGUAGES = ("README.md", "README.ko.md")


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def commands(text: str) -> list[str]:
    blocks = re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)
    # Comments are in the reader's language.
    return [re.sub(r"\s+#.*", "", line) for block in blocks for line in block.splitlines()]


def test_both_languages_have_the_same_commands_and_figures() -> None:
    english, korean = map(read, LANGUAGES)
    assert commands(korean) == commands(english)
    for pattern in (r"^\|.*\|$", r"[-+]?\d+\.\d\d(?: \[.*?\])?", r"\((docs/[^)]*|src/[^)]*)\)"):
        found = [sorted(set(re.findall(pattern, text, re.MULTILINE))) for text in (english, korean)]
        assert found[0] == found[1]


@pytest.mark.parametrize("name", LANGUAGES)
def test_figures_are_those_that_were_measured(name: str) -> None:
    text = read(name)
    for run in ("evaluate_pages", "evaluate_unseen", "evaluate_photos"):
        results = json.loads(read(f"benchmarks/results/{run}.json"))
        gain = results["all"]["methods"][results["methods"][0]["name"]]["hole_psnr"]["gain"]
        assert f"{gain['mean']:+.2f} [{gain['low']:+.2f}, {gain['high']:+.2f}] dB" in text
    card = json.loads(read("src/bokwon/weights/document.json"))
    (rendered,) = (figures for what, figures in card["figures"].items() if "rendered" in what)
    for row in rendered.values():
        assert f"| {row['pages']} | {row['telea']:.2f} | {row['ns']:.2f} | {row['model']:.2f} |" in text


@pytest.mark.parametrize("name", LANGUAGES)
def test_files_that_are_named_are_there(name: str) -> None:
    links = re.findall(r"\]\(([^):#]+)(?:#[^)]*)?\)", read(name))
    assert len(links) > 15
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("name", LANGUAGES)
def test_nothing_is_claimed_by_a_distance_that_was_in_the_loss(name: str) -> None:
    assert "VGG" not in read(name)
