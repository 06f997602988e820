"""The treatment report of a run: distributes the files over its HTML pages, and writes the pages one by one."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Literal

from bokwon.batch.journal import Entry
from bokwon.batch.mask_matching import REPORT_FILES, REPORT_PAGE
from bokwon.batch.treatment.file_pictures import draw_from_record, pictures_folder, read_pictures
from bokwon.batch.treatment.html import (
    both,
    document,
    failed_row,
    link,
    open_row,
    other_row,
    page_block,
    shown_name,
    summary,
)
from bokwon.batch.treatment.html import url as address
from bokwon.batch.treatment.words import Words
from bokwon.provenance.record import has_record
from bokwon.utilities.atomic import make_folder, replacing

__all__ = ["FILLED_A_PAGE", "REPORT_PAGE", "Run", "write_report"]

Section = Literal["failed", "restored", "other", "open"]

FILLED_A_PAGE = 50
"""Filled pages on one page of the report: some ten megabytes of pictures, which browsers open and print at once."""
_ROWS_A_FILLED = 20
"""Rows of a table that take about as much room as one filled page."""


@dataclass(frozen=True)
class Run:
    """How the files of a report were restored.

    Attributes:
        title: Name of the folder of scans.
        time: When the run ended, or when the report was written.
        facts: Further facts for the head of the report, with names in both languages: program, model, settings.
        time_is: The label of the time.
        reviewed: What was decided about the pages, by file and page number; None if the report leaves approvals out.
        open: Name and state of the pages that are listed as not restored.
    """

    title: str
    time: datetime
    facts: Sequence[tuple[Words, str]] = ()
    time_is: Words = ("Restored on", "복원한 날짜")
    reviewed: Mapping[str, Mapping[int, Words]] | None = None
    open: Sequence[tuple[str, Words]] = ()


@dataclass(frozen=True)
class _Item:
    """One thing on a page of the report: a row of a table, or a filled page."""

    section: Section
    entry: Entry
    number: int = 0
    state: Words = ("", "")


def write_report(outputs: Path, entries: Sequence[Entry], run: Run) -> Path:
    """Write `report.html`, and further pages in `report_files/` if there are many filled pages.

    A report of one page contains its pictures, so the one file can be sent. The pictures of a longer report lie in
    `report_files/`, which must be sent with it. Missing pictures are drawn from the output's record, if it has one.
    The pictures of only one file are in memory at a time.

    Args:
        outputs: The folder of outputs.
        entries: The result of each file; see `bokwon.batch.journal.Report.finish`.
        run: How they were restored.

    Returns:
        The path of the report.

    Raises:
        FileAccessError: It cannot be written.
    """
    pages = _paged(entries, run.open)
    paths = [outputs / name for name in _page_names(len(pages))]
    if len(pages) > 1:
        make_folder(outputs / REPORT_FILES)
    # The first page last: until the others are there it would lead nowhere.
    for number in reversed(range(len(pages))):
        with replacing(paths[number], sync=False) as stream:
            for piece in document(f"{shown_name(run.title)} · bokwon", _body(number, pages, outputs, entries, run)):
                stream.write(piece.encode("utf-8", "replace"))
    for path in (outputs / REPORT_FILES).glob("report-*.html"):
        if path not in paths:
            with suppress(OSError):
                path.unlink()
    return paths[0]


def _page_names(count: int) -> list[str]:
    return [REPORT_PAGE, *(f"{REPORT_FILES}/report-{number:04}.html" for number in range(2, count + 1))]


def _paged(entries: Sequence[Entry], unfilled: Sequence[tuple[str, Words]]) -> list[list[_Item]]:
    """Return what stands on each page: failures first, then filled pages, then what has nothing filled."""
    sections: Mapping[Section, list[_Item]] = {"failed": [], "restored": [], "other": [], "open": []}
    sections["open"].extend(_Item("open", Entry(name, "no mask"), state=state) for name, state in unfilled)
    for entry in entries:
        if entry.status == "restored":
            sections["restored"] += [_Item("restored", entry, n) for n in range(max(1, entry.restored_pages))]
        else:
            section: Section = "failed" if entry.status == "failed" else "other"
            sections[section].append(_Item(section, entry))
    pages: list[list[_Item]] = [[]]
    room = FILLED_A_PAGE * _ROWS_A_FILLED
    for items in sections.values():
        for item in items:
            size = _ROWS_A_FILLED if item.section == "restored" else 1
            if room < size:
                pages.append([])
                room = FILLED_A_PAGE * _ROWS_A_FILLED
            pages[-1].append(item)
            room -= size
    return pages


def _body(
    number: int, pages: Sequence[Sequence[_Item]], outputs: Path, entries: Sequence[Entry], run: Run
) -> Iterator[str]:
    title = shown_name(run.title)
    prefix = "" if number == 0 else "../"
    part = "" if len(pages) == 1 else f" ({number + 1}/{len(pages)})"
    yield f"<h1>{both(f'Treatment report: {title}{part}', f'복원 처리 보고서: {title}{part}')}</h1>\n"
    if number == 0:
        facts = [(run.time_is, run.time.strftime("%Y-%m-%d %H:%M")), *run.facts]
        yield summary(facts, entries)
        if any(entry.status == "restored" for entry in entries):
            yield f'<p class="note">{both(*_READING)}</p>'
        if len(pages) > 1:
            yield _contents(pages)
    else:
        yield _numbers(number, len(pages))
    section = None
    for item in pages[number]:
        if item.section != section:
            if section in _TABLES:
                yield "</tbody></table>\n"
            section = item.section
            yield _SECTIONS[section]
        yield from _item(item, outputs, prefix, run, embed=len(pages) == 1)
    if section in _TABLES:
        yield "</tbody></table>\n"
    if len(pages) > 1:
        yield _numbers(number, len(pages))
    if number == len(pages) - 1:
        checked, day = both("Checked by", "확인한 사람"), both("Date", "날짜")
        yield f'<div class="sign"><p>{checked}</p><p>{day}</p></div>'


def _item(item: _Item, outputs: Path, prefix: str, run: Run, *, embed: bool) -> Iterator[str]:
    entry = item.entry
    if item.section == "open":
        yield open_row(entry.file, item.state)
        return
    if item.section == "failed":
        yield failed_row(entry)
        return
    if item.section == "other" or entry.output is None:
        yield other_row(entry)
        return
    folder = pictures_folder(outputs, entry.output)
    pictures = read_pictures(folder, entry.sha256) or draw_from_record(folder, outputs / entry.output)

    def picture(name: str) -> str:
        if embed:
            with suppress(OSError):
                return "data:image/jpeg;base64," + base64.b64encode((folder / name).read_bytes()).decode()
        return address(f"{prefix}{REPORT_FILES}/{entry.output}/{name}")

    record = has_record(outputs / entry.output)
    reviewed = None if run.reviewed is None else run.reviewed.get(entry.file, {})
    yield from page_block(
        entry, pictures, item.number, has_record=record, prefix=prefix, picture=picture, reviewed=reviewed
    )


def _contents(pages: Sequence[Sequence[_Item]]) -> str:
    rows = []
    for name, items in zip(_page_names(len(pages)), pages, strict=True):
        first, last = (shown_name(items[place].entry.file) for place in (0, -1)) if items else ("", "")
        rows.append(f"<li>{link(name, first if first == last else f'{first} – {last}', _PAGE_LINK)}</li>")
    return f"<h2>{both('Pages of this report', '보고서의 목차')}</h2><ol>{''.join(rows)}</ol>"


def _numbers(number: int, count: int) -> str:
    prefix = "" if number == 0 else "../"
    links = [
        f"<b>{place + 1}</b>" if place == number else link(prefix + name, str(place + 1), _PAGE_LINK)
        for place, name in enumerate(_page_names(count))
    ]
    return f'<nav aria-label="pages · 목차">{" ".join(links)}</nav>'


_PAGE_LINK = ' class="page"'
_READING: Words = (
    "Each page is shown before and after, and its largest filled regions enlarged. The numbers in the third "
    "picture are those of the regions. Run the undo commands in the folder of this report.",
    "면마다 복원 전과 복원 후를 보여 주고, 메운 곳 가운데 가장 큰 곳들을 확대해 보여 줍니다. 셋째 그림의 번호는 확대한 "
    "곳의 번호입니다. 되돌리기 명령은 이 보고서가 있는 폴더에서 실행합니다.",
)


def _head(english: str, korean: str, *columns: Words) -> str:
    heads = "".join(f"<th>{both(*words)}</th>" for words in columns)
    table = f'<table class="rows"><thead><tr>{heads}</tr></thead><tbody>' if columns else ""
    return f"<h2>{both(escape(english), escape(korean))}</h2>\n{table}"


_FILE: Words = ("File", "파일")
_TABLES = ("failed", "other", "open")
_SECTIONS: Mapping[Section, str] = {
    "failed": _head(
        "Failed: correct these first",
        "실패한 파일: 먼저 고칠 것",
        _FILE,
        ("What is wrong", "문제"),
        ("Remedy", "할 일"),
    ),
    "restored": _head("Restored pages", "복원한 면"),
    "other": _head("Files without anything filled", "메운 곳이 없는 파일", _FILE, ("Result", "결과")),
    "open": _head("Pages that are not restored", "복원하지 않은 면", ("Page", "면"), ("Approval", "승인")),
}
