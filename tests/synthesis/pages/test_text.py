from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bokwon.errors import ArgumentError, FileAccessError, InputFileError
from bokwon.synthesis.pages.text import TextSource, clusters, read_text, script_of


@pytest.mark.parametrize(
    ("character", "script"),
    [
        ("國", "hanja"),
        ("한", "hangul"),
        ("\u1112\u119e", "old_hangul"),
        ("a", "latin"),
        ("é", "latin"),
        ("あ", "kana"),
        ("カ", "kana"),
        ("7", None),
        ("。", None),
        (" ", None),
    ],
)
def test_scripts_are_told_apart(character: str, script: str | None) -> None:
    assert script_of(character) == script


def test_jamo_and_accents_stay_in_one_piece() -> None:
    assert clusters("나\u1112\u119e\u11ab e\u0301x") == ["나", "\u1112\u119e\u11ab", " ", "e\u0301", "x"]


@pytest.mark.parametrize("script", ["hanja", "hangul", "old_hangul", "latin", "kana"])
def test_built_in_lists_give_text_of_their_script(script: str) -> None:
    found = TextSource().take(np.random.default_rng(1), script, 300)
    assert len(found) >= 300
    scripts = [script_of(character) for character in found]
    assert scripts.count(script) > (50 if script == "old_hangul" else 100)
    assert found == TextSource().take(np.random.default_rng(1), script, 300)
    assert found != TextSource().take(np.random.default_rng(2), script, 300)


def test_old_hangul_mixes_old_and_modern_spelling() -> None:
    scripts = {script_of(c) for c in TextSource().take(np.random.default_rng(0), "old_hangul", 200)}
    assert scripts == {"hangul", "old_hangul"}


def test_files_are_sorted_by_the_script_that_prevails(tmp_path: Path) -> None:
    texts = {
        "a.txt": "黃帝者\n少典之子",
        "b.txt": "나라말이\n다르다 A",
        "c.txt": "the word\nand",
        "d.txt": "漢字とかなの文",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    source = read_text([tmp_path / name for name in texts])
    assert source.texts["hanja"] == "黃帝者少典之子"
    assert source.texts["hangul"] == "나라말이 다르다 A"
    assert source.texts["latin"] == "the word and"
    assert source.texts["kana"] == "漢字とかなの文"


def test_short_texts_are_repeated_in_order(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("天地玄黃", encoding="utf-8")
    taken = "".join(read_text([tmp_path / "a.txt"]).take(np.random.default_rng(0), "hanja", 9))
    assert len(taken) >= 8
    assert taken in "天地玄黃" * 4


def test_unreadable_texts_are_named(tmp_path: Path) -> None:
    with pytest.raises(FileAccessError, match=r"nowhere\.txt"):
        read_text([tmp_path / "nowhere.txt"])
    (tmp_path / "latin1.txt").write_bytes(b"caf\xe9")
    with pytest.raises(InputFileError, match="UTF-8"):
        read_text([tmp_path / "latin1.txt"])
    (tmp_path / "digits.txt").write_text("123 456")
    with pytest.raises(InputFileError, match="no hanja"):
        read_text([tmp_path / "digits.txt"])


def test_an_unknown_script_is_refused() -> None:
    with pytest.raises(ArgumentError):
        TextSource().take(np.random.default_rng(0), "runes", 10)
