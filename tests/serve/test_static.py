"""The files of the page: both languages say everything, nothing comes from elsewhere, licences lie beside."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from bokwon.serve.app import STATIC
from bokwon.serve.folder.summary import STATES
from bokwon.types import DETECTOR_CLASSES

OWN = sorted(STATIC.rglob("*.js"), key=str)
OWN = [path for path in OWN if "vendor" not in path.parts]


def texts(language: str) -> dict[str, str]:
    return dict(json.loads((STATIC / "locales" / f"{language}.json").read_text(encoding="utf-8")))


def without_form(key: str) -> str:
    return re.sub(r"\.(one|other)$", "", key)


def test_both_languages_have_every_text() -> None:
    english, korean = texts("en"), texts("ko")
    assert {without_form(key) for key in english} == {without_form(key) for key in korean}
    assert all(text.strip() for text in [*english.values(), *korean.values()])
    for key, text in korean.items():
        assert set(re.findall(r"\{(\w+)\}", text)) == set(re.findall(r"\{(\w+)\}", english[key])), key


def test_every_text_that_is_asked_for_is_there() -> None:
    known = {without_form(key) for key in texts("en")}
    for path in OWN:
        for key in re.findall(r"""\bt\("([^"]+)\"""", path.read_text(encoding="utf-8")):
            assert key in known, (path.name, key)
    for state in STATES:
        assert f"state.{state}" in known
    for kind in DETECTOR_CLASSES:
        assert f"kind.{kind}" in known


def test_every_text_is_asked_for() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in OWN)
    computed = re.findall(r"t\(`(\w+(?:\.\w+)*\.)\$", code)
    named = ("kind.", "method.", "material.", "finish.", "problem.", "key.", "help.")
    unused = [
        key
        for key in map(without_form, texts("en"))
        if f'"{key}"' not in code and not key.startswith((*computed, *named))
    ]
    assert unused == []


def test_texts_of_problems_and_keys_have_their_problem_and_key() -> None:
    server = "".join(path.read_text(encoding="utf-8") for path in STATIC.parent.rglob("*.py"))
    keys = (STATIC / "js" / "keys.js").read_text(encoding="utf-8")
    groups = re.findall(r'^  (\w+): \[\["', keys, re.MULTILINE)
    listed = re.findall(r'\["[^"]+", "(\w+)"\]', keys)
    assert {key for key in texts("en") if key.startswith("help.")} == {
        f"help.{name}" for name in (*groups, "title", "note")
    }
    assert {key.removeprefix("key.") for key in texts("en") if key.startswith("key.")} == set(listed)
    for key in texts("en"):
        if key.startswith("problem."):
            assert f'"{key.removeprefix("problem.")}"' in server


@pytest.mark.parametrize(
    "path",
    [path for path in STATIC.rglob("*") if path.suffix in (".html", ".js", ".css") and "vendor" not in path.parts],
    ids=lambda path: path.name,
)
def test_nothing_comes_from_elsewhere_and_nothing_is_inline(path: Path) -> None:
    content = path.read_text(encoding="utf-8")
    assert re.findall(r"https?://(?!www\.w3\.org/)", content) == []
    assert re.findall(r"<style|<script>| style=|\son\w+=\"|innerHTML|\beval\(", content) == []
    assert content.count("\n") <= 350


def test_libraries_have_their_licence_and_version_beside() -> None:
    folders = [folder for folder in (STATIC / "vendor").iterdir() if folder.is_dir()]
    assert {folder.name for folder in folders} == {"img-comparison-slider", "openseadragon", "tinykeys"}
    for folder in folders:
        assert re.fullmatch(r"\d+\.\d+\.\d+\n", (folder / "VERSION").read_text(encoding="ascii"))
        assert any("Copyright" in path.read_text(encoding="utf-8") for path in folder.glob("LICENSE*"))


def test_the_page_asks_for_the_readers_language() -> None:
    assert '"Accept-Language": language' in (STATIC / "js" / "api.js").read_text(encoding="utf-8")
