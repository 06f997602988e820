from __future__ import annotations

import shlex
import subprocess
from pathlib import Path

import pytest

from bokwon.batch.journal import Entry
from bokwon.batch.treatment.file_pictures import FilePictures
from bokwon.batch.treatment.html import failed_row, link, other_row, page_block, shown_name, summary, undo_command
from bokwon.batch.treatment.pictures import PagePictures, Region

EVIL = """<script>alert("x")</script> & 'y'"""
REGION = Region((10, 20, 30, 40), 1100, "insect", 0.934, 3, True)
PAGE = PagePictures(1, (800, 600), 4800, 2, {"insect": 4800}, (REGION,), ())


def block(entry: Entry, drawn: FilePictures | None, *, has_record: bool = True, number: int = 0) -> str:
    pieces = page_block(entry, drawn, number, has_record=has_record, prefix="../", picture=lambda name: f"at/{name}")
    return "".join(pieces)


def restored(**more: object) -> Entry:
    values = {"output": "a.png", "hole_pixels": 4800, "pixels": 480_000, "restored_pages": 1, "pages": 1}
    return Entry("a.png", "restored", **{**values, **more})  # type: ignore[arg-type]


def test_nothing_from_outside_becomes_markup() -> None:
    kinds = PagePictures(1, (8, 6), 4, 1, {EVIL: 4}, (Region((0, 0, 1, 1), 1, EVIL, None, 3, True),), ())
    entry = Entry(
        EVIL,
        "restored",
        output=EVIL,
        mask="found",
        regions_left={EVIL: 2},
        messages=(("note", EVIL), ("warning", EVIL + "!")),
        pages=1,
    )
    failed = Entry(EVIL, "failed", code=1, error=EVIL, fix=EVIL)
    told = [
        block(entry, FilePictures("x", 2, (kinds,))),
        block(entry, None, has_record=False),
        failed_row(failed),
        other_row(Entry(EVIL, "no mask", messages=(("warning", EVIL),))),
        link(EVIL, shown_name(EVIL)),
        summary([(("a", "b"), EVIL)], [entry, failed]),
    ]
    for html in told:
        assert "<script" not in html
        assert 'alert("' not in html
        assert "&lt;script&gt;" in html


def test_a_page_says_what_was_filled_how_surely_and_how_to_undo_it() -> None:
    html = block(
        restored(messages=(("note", "encoded anew"), ("detail", "not for people"))), FilePictures("x", 1, (PAGE,))
    )
    for text in (
        "1.00 % of 800 × 600 px, in 2 regions",
        "800 × 600 화소의 1.00 %, 2곳",
        "insect damage 100.00 %",
        "충해 100.00 %",
        "<b>1</b> · 30 × 40 px, 1,100 px filled; enlarged 3× · insect damage, confidence 93%",
        "1,100 px 메움; 3배로 확대 · 충해, 신뢰도 93%",
        "<code>bokwon undo a.png.record a.png</code>",
        'href="./../a.png"',
        'src="at/p001-0.jpg"',
        'src="at/p001-1.jpg"',
        "encoded anew",
    ):
        assert text in html
    assert "not for people" not in html


def test_pages_of_a_document_are_numbered_and_told_of_once() -> None:
    entry = restored(pages=9, messages=(("note", "encoded anew"),))
    drawn = FilePictures("x", 9, (PAGE, PagePictures(7, (800, 600), 1, 1, {}, (), ())))
    second = block(entry, drawn, number=1)
    assert 'a.png<span lang="en">, page 7 of 9</span>' in second
    assert "encoded anew" not in second
    assert "&lt; 0.01 % of 800 × 600 px, in 1 region<" in second


def test_without_pictures_or_record_the_page_says_so() -> None:
    html = block(restored(), None, has_record=False)
    assert "No pictures" in html
    assert "<img" not in html
    assert "bokwon undo" not in html
    assert "1.00 % of the pages filled" in html


def test_damage_that_bokwon_found_is_to_be_checked() -> None:
    html = block(restored(mask="found", regions_left={"tear": 2, "crease": 5}), FilePictures("x", 1, (PAGE,)))
    assert "found by bokwon: check it" in html
    assert "found and left: 5 crease, 2 tear" in html
    assert "남겨 둠: 꺾임 5곳, 찢김 2곳" in html


def test_each_page_says_what_it_was_filled_as() -> None:
    entry = restored(pages=2, restored_pages=2, materials=("photo", "page"))
    first, second = (block(entry, FilePictures("x", 2, (PAGE, PAGE)), number=number) for number in (0, 1))
    assert '<span lang="en">a photograph</span><span lang="ko">사진</span>' in first
    assert '<span lang="en">a page</span><span lang="ko">문서</span>' in second
    assert "Filled as" not in block(restored(materials=("",)), None)


def test_a_failure_has_its_remedy() -> None:
    html = failed_row(Entry("a.png", "failed", code=2, error="a.png is empty", fix="scan it again"))
    assert "damaged or unreadable" in html
    assert "손상되었거나" in html
    assert "a.png is empty" in html
    assert "scan it again" in html
    assert "An unexpected error" in failed_row(Entry("a.png", "failed", code=15))


def test_the_summary_adds_up() -> None:
    entries = [restored(), restored(hole_pixels=0, pages=3), Entry("b", "no mask", pages=1), Entry("c", "failed")]
    html = summary([], entries)
    assert '<td class="number">4</td><td class="number">5</td><td class="number">2</td>' in html
    assert "0.50 %" in html
    assert "no damage found" not in html


@pytest.mark.parametrize("name", ["a.png", "-rf.png", "sub/it's $HOME `x`.tif", "나뭇잎 1.png", "bad\udcff\udc80.png"])
def test_an_undo_command_reaches_the_file_whatever_its_name(tmp_path: Path, name: str) -> None:
    told = undo_command(name)
    script = "bokwon() { for word; do printf '%s\\0' \"$word\"; done; }; " + told
    words = subprocess.run(["bash", "-c", script], capture_output=True, check=True).stdout.split(b"\0")
    wanted = ("./" + name if name.startswith("-") else name).encode("utf-8", "surrogateescape")
    assert words[:3] == [b"undo", wanted + b".record", wanted]
    assert "\udcff" not in told


def test_a_plain_name_is_shown_as_it_is() -> None:
    assert undo_command("leaf7.png") == shlex.join(["bokwon", "undo", "leaf7.png.record", "leaf7.png"])
    assert link("a:b #1?.png", "x") == '<a href="./a%3Ab%20%231%3F.png">x</a>'
    assert shown_name("bad\udcff.png") == "bad�.png"
