from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from bokwon.batch.journal import Entry
from bokwon.batch.treatment.file_pictures import FilePictures, pictures_folder, save_page, save_pictures
from bokwon.batch.treatment.pictures import PagePictures
from bokwon.batch.treatment.report import FILLED_A_PAGE, Run, write_report
from bokwon.errors import FileAccessError

RUN = Run("scans & <more>", datetime(2026, 3, 4, 5, 6), [(("Model", "모델"), "document")])
VOID = {"meta", "input", "img", "br"}


class Reader(HTMLParser):
    """Reads a page, and makes sure that every element is closed where it should be."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.pictures: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if tag == "a":
            self.links.append(unquote(str(given["href"])))
        if tag == "img":
            self.pictures.append(str(given["src"]))
        assert all(not str(value).startswith(("http:", "https:", "//")) for value in given.values())

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def filled(outputs: Path, name: str, *pages: int) -> Entry:
    """A restored file with pictures of its pages."""
    folder = pictures_folder(outputs, name)
    kept = [save_page(folder, PagePictures(page, (80, 60), 48, 1, {}, (), (b"strip",))) for page in pages]
    save_pictures(folder, FilePictures(name, 9, tuple(kept)))
    return Entry(name, "restored", name, pages=9, restored_pages=len(pages), hole_pixels=48, pixels=4800, sha256=name)


def page_files(outputs: Path) -> Iterator[Path]:
    yield outputs / "report.html"
    yield from sorted((outputs / "report_files").glob("report-*.html"))


def test_a_small_report_is_one_file_that_holds_its_pictures(tmp_path: Path) -> None:
    entries = [
        filled(tmp_path, "b <1>.png", 1),
        Entry("c.png", "failed", code=2, error="c.png is empty", fix="scan it again"),
        Entry("d.png", "no mask", "d.png", pages=1),
        filled(tmp_path, "e.tif", 2, 5),
        Entry("f.png", "undone", "f.png", pages=1, restored_pages=1),
    ]
    path = write_report(tmp_path, entries, RUN)
    html = path.read_text(encoding="utf-8")
    read = Reader(html)
    assert path == tmp_path / "report.html"
    assert read.pictures == ["data:image/jpeg;base64,c3RyaXA="] * 3
    assert read.links == ["./b <1>.png", "./e.tif", "./e.tif"]
    for text in ("scans &amp; &lt;more&gt;", "2026-03-04 05:06", "document", "c.png is empty", "scan it again"):
        assert text in html
    assert "page 5 of 9" in html
    # Failures first, then the filled pages in their order, then what is as it was.
    places = [html.index(text) for text in ("c.png is empty", "b &lt;1&gt;", "page 2 of 9", "<td>d.png", "<td>f.png")]
    assert places == sorted(places)
    assert "undone since" in html
    assert [page.name for page in page_files(tmp_path)] == ["report.html"]


def test_a_large_report_has_pages_that_lead_to_each_other_and_to_the_pictures(tmp_path: Path) -> None:
    names = [f"{number:03} 가.png" for number in range(2 * FILLED_A_PAGE + 1)]
    entries = [filled(tmp_path, name, 1) for name in names]
    write_report(tmp_path, entries, RUN)
    files = list(page_files(tmp_path))
    assert [file.name for file in files] == ["report.html", "report-0002.html", "report-0003.html"]
    shown: list[str] = []
    for file in files:
        read = Reader(file.read_text(encoding="utf-8"))
        for picture in read.pictures:
            at = file.parent / unquote(picture)
            assert at.read_bytes() == b"strip"
            shown.append(at.resolve().parent.name)
        pages = {(file.parent / target).resolve() for target in read.links if target.endswith(".html")}
        assert {one.resolve() for one in files} - pages <= {file.resolve()}
    assert shown == names
    first = files[0].read_text(encoding="utf-8")
    assert f"{names[0]} – {names[FILLED_A_PAGE - 1]}" in first
    assert "(1/3)" in first
    # A smaller run in the same folder leaves no page of this one.
    write_report(tmp_path, entries[:2], RUN)
    assert [file.name for file in page_files(tmp_path)] == ["report.html"]


def test_what_was_decided_stands_with_each_page(tmp_path: Path) -> None:
    entries = [filled(tmp_path, "a.tif", 2, 5), filled(tmp_path, "b.png", 1)]
    reviewed = {"a.tif": {2: ("approved, then", "승인함"), 5: ("not yet", "아직")}}
    unfilled = [(f"{number} <1>.png", ("approved as it is", "그대로 승인함")) for number in range(1500)]
    run = Run("scans", datetime(2026, 3, 4, 5, 6), time_is=("As of", "기준"), reviewed=reviewed, open=unfilled)
    write_report(tmp_path, entries, run)
    files = list(page_files(tmp_path))
    first = files[0].read_text(encoding="utf-8")
    articles = first.split("<article")[1:]
    assert ["approved, then" in one for one in articles] == [True, False, False]
    assert ["not yet" in one for one in articles] == [False, True, False]
    assert "As of" in first
    assert "Restored on" not in first
    # Rows count for the length of a page, and every page is closed.
    assert len(files) == 2
    texts = [file.read_text(encoding="utf-8") for file in files]
    for text in texts:
        Reader(text)
    assert sum(text.count("그대로 승인함") for text in texts) == 1500
    assert "<td>1499 &lt;1&gt;.png</td>" in texts[1]


LARGE_REPORT = """
import gc, sys, tracemalloc
from datetime import datetime
from pathlib import Path
from bokwon.batch.journal import Entry
from bokwon.batch.treatment.report import Run, write_report
from bokwon.utilities.translation import translate

folder, run = Path(sys.argv[1]), Run("scans", datetime(2026, 3, 4, 5, 6))
entries = [Entry(f"{n}.png", "restored", f"{n}.png", restored_pages=1, pages=1) for n in range(9000)]
entries += [Entry(f"{n}.png", "failed", code=1, error="broken") for n in range(1000)]
# Modules and the catalogue of messages are loaded once, whatever the number of files.
translate("broken", "ko")
(folder / "first").mkdir()
write_report(folder / "first", entries[-1:], run)
gc.collect()
tracemalloc.start()
write_report(folder, entries, run)
print(tracemalloc.get_traced_memory()[1])
"""


def test_ten_thousand_files_take_pages_and_little_memory(tmp_path: Path) -> None:
    # In a process of its own: the interpreter's table of interned names grows with what was loaded before, and would
    # be counted.
    command = [sys.executable, "-c", LARGE_REPORT, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    files = list(page_files(tmp_path))
    assert len(files) == 181
    assert max(file.stat().st_size for file in files) < 400_000
    # Not the pages themselves, of which there are ten times as much.
    assert int(done.stdout) < 6_000_000
    assert sum(html.read_text(encoding="utf-8").count("<h3>") for html in files) == 9000


def test_a_document_of_many_pages_goes_on_over_the_pages_of_the_report(tmp_path: Path) -> None:
    entry = filled(tmp_path, "book.pdf", *range(1, FILLED_A_PAGE + 3))
    write_report(tmp_path, [entry], RUN)
    second = (tmp_path / "report_files/report-0002.html").read_text(encoding="utf-8")
    assert re.findall(r"page (\d+) of 9", second) == [str(FILLED_A_PAGE + 1), str(FILLED_A_PAGE + 2)]


def test_an_empty_run_has_a_report_too(tmp_path: Path) -> None:
    html = write_report(tmp_path, [], RUN).read_text(encoding="utf-8")
    Reader(html)
    assert "<article" not in html


def test_names_that_are_no_unicode_are_shown_and_led_to(tmp_path: Path) -> None:
    html = write_report(tmp_path, [filled(tmp_path, "bad\udcff.png", 1)], RUN).read_text(encoding="utf-8")
    assert "bad�.png" in html
    assert 'href="./bad%FF.png"' in html


def test_a_folder_that_is_gone_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileAccessError):
        write_report(tmp_path / "gone", [], RUN)
