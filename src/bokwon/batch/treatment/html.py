"""The treatment report's pieces of HTML. Whatever comes from files and messages is escaped."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote_from_bytes

from bokwon.batch.journal import Entry
from bokwon.batch.treatment.file_pictures import FilePictures, strip_name
from bokwon.batch.treatment.pictures import PagePictures, Region
from bokwon.batch.treatment.words import FAULTS, MATERIALS, OTHER_FAULT, STATUS, Words, kind_words
from bokwon.provenance.record import RECORD
from bokwon.utilities.translation import translate

__all__ = [
    "both",
    "document",
    "failed_row",
    "link",
    "open_row",
    "other_row",
    "page_block",
    "shown_name",
    "summary",
    "undo_command",
]

Picture = Callable[[str], str]
"""From the name of a strip of a page to what its `src` says."""

_STYLE = Path(__file__).with_name("style.css")
_LANGUAGE = """
(function () {
  var english = document.getElementById("english"), korean = document.getElementById("korean");
  var wanted = new URLSearchParams(location.search).get("lang") || (navigator.language || "").slice(0, 2);
  function show() {
    document.documentElement.lang = korean.checked ? "ko" : "en";
    document.querySelectorAll("a.page").forEach(function (link) {
      link.search = korean.checked ? "?lang=ko" : "?lang=en";
    });
  }
  (wanted === "ko" ? korean : english).checked = true;
  english.onchange = korean.onchange = show;
  show();
})();
"""


def both(english: str, korean: str) -> str:
    """Return HTML with a text in both languages; the page shows one of them. Both arguments are HTML already."""
    return f'<span lang="en">{english}</span><span lang="ko">{korean}</span>'


def shown_name(name: str) -> str:
    """Return a file's name as HTML; bytes that are no UTF-8 are shown as the replacement character."""
    return escape(name.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))


def link(path: str, text: str, kind: str = "") -> str:
    """Return a link to a file beside the report; `text` is HTML."""
    return f'<a{kind} href="{url(path)}">{text}</a>'


def url(path: str) -> str:
    """Return the relative address of a path, fit for an attribute."""
    # "./" keeps the first part of a name such as a:b.png from being taken for a protocol.
    return "./" + quote_from_bytes(path.encode("utf-8", "surrogateescape"), safe="/")


def undo_command(output: str) -> str:
    """Return the command that undoes a restoration, for a shell in the report's folder."""
    output = f"./{output}" if output.startswith("-") else output
    return f"bokwon undo {_quoted(output + RECORD)} {_quoted(output)}"


def _quoted(name: str) -> str:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        # Only so can a shell be given bytes that are no text.
        return "$'" + "".join(f"\\x{byte:02x}" for byte in name.encode("utf-8", "surrogateescape")) + "'"
    return shlex.quote(name)


def document(title: str, body: Iterable[str]) -> Iterator[str]:
    """Yield a whole HTML page around the pieces of its body."""
    yield (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex">'
        f"<title>{title}</title>\n<style>\n{_STYLE.read_text(encoding='utf-8')}</style></head>\n<body>"
        '<input class="choice" type="radio" name="language" id="english" autocomplete="off" checked>'
        '<input class="choice" type="radio" name="language" id="korean" autocomplete="off">\n<main>'
        '<div class="languages"><label for="english">English</label><label for="korean">한국어</label></div>\n'
    )
    yield from body
    yield f"</main>\n<script>{_LANGUAGE}</script></body></html>\n"


def summary(facts: Sequence[tuple[Words, str]], entries: Sequence[Entry]) -> str:
    """Return the settings of the run, and its results in numbers.

    Args:
        facts: Name and value of each fact.
        entries: Entries of all files.
    """
    told = "".join(f"<tr><th>{both(*name)}</th><td>{escape(value)}</td></tr>" for name, value in facts)
    rows = []
    for status, words in (*STATUS.items(), ("", ("all files", "전체"))):
        found = [entry for entry in entries if status in (entry.status, "")]
        if not found:
            continue
        filled, pixels = sum(entry.hole_pixels for entry in found), sum(entry.pixels for entry in found)
        numbers = (
            str(len(found)),
            str(sum(entry.pages for entry in found)),
            str(sum(entry.restored_pages for entry in found)),
            _percent(filled, pixels) if pixels else "–",
        )
        cells = "".join(f'<td class="number">{number}</td>' for number in numbers)
        rows.append(f"<tr><td>{both(*words)}</td>{cells}</tr>")
    heads = (("Files", "파일"), ("Pages", "면"), ("Pages filled", "메운 면"), ("Share filled", "메운 비율"))
    head = "".join(f'<th class="number">{both(*words)}</th>' for words in heads)
    return (
        f'<table class="facts">{told}</table>\n<table><thead><tr><th>{both("Result", "결과")}</th>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def failed_row(entry: Entry) -> str:
    """Return the row of a file that failed: what is wrong with it, and what to do."""
    fault = both(*FAULTS.get(entry.code, OTHER_FAULT))
    what, fix = f"{fault}: {_message(entry.error)}", _message(entry.fix) if entry.fix else "–"
    return f"<tr><td>{shown_name(entry.file)}</td><td>{what}</td><td>{fix}</td></tr>"


def other_row(entry: Entry) -> str:
    """Return the row of a file that has nothing filled."""
    left = _left(entry.regions_left) or ""
    messages = _messages(entry)
    return f"<tr><td>{shown_name(entry.file)}</td><td>{both(*STATUS[entry.status])}{left}{messages}</td></tr>"


def open_row(name: str, state: Words) -> str:
    """Return the row of a page that is not restored: its name, and what was decided about it."""
    return f"<tr><td>{shown_name(name)}</td><td>{both(*state)}</td></tr>"


def page_block(
    entry: Entry,
    drawn: FilePictures | None,
    number: int,
    *,
    has_record: bool,
    prefix: str,
    picture: Picture,
    reviewed: Mapping[int, Words] | None = None,
) -> list[str]:
    """Return a filled page with its pictures, piece by piece.

    Args:
        entry: Entry of its file.
        drawn: The pictures of the file; None if there are none.
        number: Which of the filled pages, from 0.
        has_record: Whether the restoration can be undone.
        prefix: From the report's page to the folder of outputs: empty, or `../`.
        picture: Gives the address of a strip.
        reviewed: What was decided about the pages of the file, by page number; None if the report leaves approvals out.
    """
    output = entry.output or ""
    page = drawn.pages[number] if drawn is not None and number < len(drawn.pages) else None
    name = shown_name(entry.file)
    if page is not None and drawn is not None and drawn.document_pages > 1:
        total = drawn.document_pages
        name += both(f", page {page.page} of {total}", f", {total}면 가운데 {page.page}면")
    rows = [(("Filled", "메운 곳"), _filled(entry, page))]
    if page is not None and page.kinds:
        rows.append((("Damage", "훼손"), _kinds(page)))
    if entry.mask == "found":
        found = both("found by bokwon: check it", "bokwon이 찾음: 확인이 필요함")
        rows.append((("Mask", "마스크"), found + _left(entry.regions_left)))
    if number < len(entry.materials) and entry.materials[number] in MATERIALS:
        rows.append((("Filled as", "복원 대상"), both(*MATERIALS[entry.materials[number]])))
    # Only the pictures tell which page of a document this is. 0: unknown.
    place = page.page if page is not None else 1 if entry.pages <= 1 else 0
    if reviewed is not None and place in reviewed:
        rows.append((("Approval", "승인"), both(*reviewed[place])))
    rows.append((("Output", "결과 파일"), link(prefix + output, shown_name(output))))
    command = f"<code>{escape(undo_command(output))}</code>" if has_record else both(*_NO_RECORD)
    rows.append((("Undo", "되돌리기"), command))
    facts = "".join(f"<tr><th>{both(*words)}</th><td>{value}</td></tr>" for words, value in rows)
    pieces = [
        f'<article class="filled"><h3>{name}</h3><table class="facts">{facts}</table>',
        _messages(entry) if number == 0 else "",
    ]
    if page is None:
        pieces.append(f'<p class="note">{both(*_NO_PICTURES)}</p>')
    else:
        pieces += _pictures(page, shown_name(entry.file), picture)
    return [*pieces, "</article>\n"]


_NO_RECORD: Words = (
    "not possible: the run kept no record (<code>--record</code>)",
    "되돌릴 수 없음: <code>--record</code> 없이 복원하여 기록이 없음",
)
_NO_PICTURES: Words = (
    "No pictures: the file was restored with <code>--no-report</code>, and there is no record to draw them from.",
    "그림이 없습니다. <code>--no-report</code>로 복원하였고, 그림을 그리는 데 쓸 기록도 없습니다.",
)
_COLUMNS: tuple[Words, ...] = (
    ("Before", "복원 전"),
    ("After", "복원 후"),
    ('What was filled <span class="key"></span>', '메운 곳 <span class="key"></span>'),
)


def _pictures(page: PagePictures, name: str, picture: Picture) -> list[str]:
    heads = "".join(f"<span>{both(*words)}</span>" for words in _COLUMNS)
    whole = f"{name}, page {page.page}: before, after, and what was filled"
    pieces = [
        f'<div class="pictures"><div class="columns">{heads}</div>',
        f'<figure><img class="strip" loading="lazy" alt="{whole}" src="',
        picture(strip_name(page.page, 0)),
        '"></figure>',
    ]
    for number, region in enumerate(page.regions, 1):
        alt = f"{name}, page {page.page}, region {number}: before, after, and what was filled"
        pieces += [
            f'<figure><figcaption>{_region(number, region)}</figcaption><img class="strip" loading="lazy" '
            f'alt="{alt}" src="',
            picture(strip_name(page.page, number)),
            '"></figure>',
        ]
    return [*pieces, "</div>"]


def _region(number: int, region: Region) -> str:
    width, height = region.box[2:]
    part, some = ("", "") if region.whole else ("a part, ", "일부를 ")
    english = f"<b>{number}</b> · {width} × {height} px, {region.area:,} px filled; {part}enlarged {region.scale}×"
    korean = f"<b>{number}</b> · {width} × {height} px, {region.area:,} px 메움; {some}{region.scale}배로 확대"
    if region.damage is not None:
        words = tuple(escape(word) for word in kind_words(region.damage))
        english, korean = f"{english} · {words[0]}", f"{korean} · {words[1]}"
    if region.confidence is not None:
        english = f"{english}, confidence {region.confidence:.0%}"
        korean = f"{korean}, 신뢰도 {region.confidence:.0%}"
    return both(english, korean)


def _filled(entry: Entry, page: PagePictures | None) -> str:
    if page is None:
        share = _percent(entry.hole_pixels, entry.pixels)
        return both(f"{share} of the pages filled", f"메운 면 전체의 {share}")
    share = _percent(page.filled, page.size[0] * page.size[1])
    size = f"{page.size[0]} × {page.size[1]}"
    regions = "1 region" if page.holes == 1 else f"{page.holes:,} regions"
    return both(f"{share} of {size} px, in {regions}", f"{size} 화소의 {share}, {page.holes:,}곳")


def _kinds(page: PagePictures) -> str:
    english, korean = [], []
    for kind, pixels in page.kinds.items():
        words, share = kind_words(kind), _percent(pixels, page.filled)
        english.append(f"{escape(words[0])} {share}")
        korean.append(f"{escape(words[1])} {share}")
    return both(", ".join(english), ", ".join(korean))


def _left(regions: Mapping[str, int]) -> str:
    if not regions:
        return ""
    words = [(number, kind_words(kind)) for kind, number in sorted(regions.items(), key=lambda item: -item[1])]
    english = ", ".join(f"{number} {escape(names[0])}" for number, names in words)
    korean = ", ".join(f"{escape(names[1])} {number}곳" for number, names in words)
    return both(f"; found and left: {english}", f"; 찾았으나 남겨 둠: {korean}")


def _messages(entry: Entry) -> str:
    told = [text for level, text in entry.messages if level in ("note", "warning")]
    items = "".join(f"<li>{_message(text)}</li>" for text in dict.fromkeys(told))
    return f'<ul class="tell">{items}</ul>' if items else ""


def _message(text: str) -> str:
    return both(shown_name(text), shown_name(translate(text, "ko")))


def _percent(part: int, whole: int) -> str:
    share = part / whole if whole else 0.0
    # A worm hole on a large page is not nothing.
    return "&lt; 0.01 %" if 0 < share < 0.0001 else f"{100 * share:.2f} %"
